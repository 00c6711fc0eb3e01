#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""isns_server.py DIR: a storage name server (RFC 4171) that tests can look into and that misbehaves
when told to. Listens on 127.0.0.1; DIR/port says where. DIR/state has what is registered, as JSON,
soon after each request; DIR/log a line for each message. Commands, one a line, from the FIFO DIR/do:

initiators [NAME...]   what a query for initiators is answered with
scn NAME BITMAP ABOUT  a notification to the port that was registered; its answer goes to the log
esi [EID]              a status inquiry, likewise
forget [NODE]          all that is registered, or that
drop                   closes all connections
send HEX               these bytes to a new connection to the port for notifications
fault [KIND [ARG...]]  from now on; without a kind: none. Kinds: those in reply(), and
                       "status N REQUEST...", "no-esi", "period SECONDS", "slow", "close"
"""
import json
import os
import socket
import struct
import sys
import threading
import time

CLIENT, SERVER, REPLACE, LAST, FIRST = 0x8000, 0x4000, 0x1000, 0x0800, 0x0400
REG, QRY, DEREG, SCNREG, SCN, ESI = 1, 2, 4, 5, 8, 13
NAMES = {REG: "reg", QRY: "qry", DEREG: "dereg", SCNREG: "scnreg"}
STRINGS = (1, 32, 34, 48)


def attribute(tag, value=b""):
    if isinstance(value, str):
        value = value.encode() + b"\0"
    if isinstance(value, int):
        value = struct.pack(">I", value)
    value += bytes(-len(value) % 4)
    return struct.pack(">II", tag, len(value)) + value


def attributes(payload):
    """[(tag, value)]; whatever is not as it should be raises."""
    out = []
    while payload:
        tag, length = struct.unpack_from(">II", payload)
        value = payload[8:8 + length]
        if length % 4 or len(value) != length:
            raise ValueError("a broken attribute")
        if tag in STRINGS and value:
            if value[-1]:
                raise ValueError("a string without NUL")
            value = value.rstrip(b"\0").decode()
        elif length == 4:
            value = struct.unpack(">I", value)[0]
        out.append((tag, value))
        payload = payload[8 + length:]
    return out


def pdus(function, flags, xid, payload, size=65532):
    pieces = [payload[i:i + size] for i in range(0, len(payload), size)] or [b""]
    out = b""
    for i, piece in enumerate(pieces):
        f = flags | (FIRST if i == 0 else 0) | (LAST if i == len(pieces) - 1 else 0)
        out += struct.pack(">6H", 1, function, len(piece), f, xid, i) + piece
    return out


def read(sock, n):
    data = b""
    while len(data) < n:
        more = sock.recv(n - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def message(sock):
    """(function, flags, xid, payload)"""
    payload, seq = b"", 0
    while True:
        version, function, length, flags, xid, sequence = struct.unpack(">6H", read(sock, 12))
        if version != 1 or sequence != seq or length % 4 or bool(flags & FIRST) != (seq == 0):
            raise ValueError("a broken PDU")
        payload += read(sock, length)
        seq += 1
        if flags & LAST:
            return function, flags, xid, payload


class Server:
    def __init__(self, directory):
        self.dir = directory
        self.lock = threading.RLock()
        self.initiators, self.fault, self.conns = [], [], []
        self.changed = threading.Event()
        self.forget()
        self.sock = socket.create_server(("127.0.0.1", 0))

    def forget(self):
        self.entity, self.portals, self.nodes, self.scn = {}, {}, {}, {}

    def path(self, name):
        return os.path.join(self.dir, name)

    def log(self, *words):
        with self.lock, open(self.path("log"), "a") as f:
            print(*words, file=f)

    def saver(self):
        while True:
            self.changed.wait()
            self.changed.clear()
            with self.lock:
                self.save()
            time.sleep(0.02)

    def save(self):
        state = {"entity": self.entity, "portals": self.portals, "nodes": self.nodes, "scn": self.scn}
        with open(self.path("state.new"), "w") as f:
            json.dump(state, f, sort_keys=True)
        os.rename(self.path("state.new"), self.path("state"))

    # --- requests ------------------------------------------------------------------------------

    def register(self, flags, key, attrs):
        if flags & REPLACE:
            self.forget()
        now = None
        for tag, value in attrs:
            if tag in (1, 2, 6):
                self.entity[str(tag)] = value
            elif tag == 16:
                ip = value
            elif tag == 17:
                name = "%s:%d" % (socket.inet_ntop(socket.AF_INET6, ip).removeprefix("::ffff:"), value)
                now = self.portals.setdefault(name, {})
            elif tag == 32:
                now = self.nodes.setdefault(value, {"groups": {}})
            elif tag == 49:
                ip = value
            elif tag == 50:
                group = "%s:%d" % (socket.inet_ntop(socket.AF_INET6, ip).removeprefix("::ffff:"), value)
            elif tag == 51:
                now["groups"][group] = None if value == b"" else value
            elif tag == 48:
                now = self.nodes[value]
            else:
                now[str(tag)] = None if value == b"" else value
        return attribute(1, key[0][1]) + attribute(0) + attribute(6, int(self.arg("period", 600)))

    def deregister(self, attrs):
        for tag, value in attrs:
            if tag == 1:
                self.forget()
            elif tag == 16:
                ip = value
            elif tag == 17:
                name = "%s:%d" % (socket.inet_ntop(socket.AF_INET6, ip).removeprefix("::ffff:"), value)
                self.portals.pop(name, None)
            elif tag == 32:
                self.nodes.pop(value, None)
        return b""

    def query(self, key):
        out = b"".join(attribute(t, v) for t, v in key) + attribute(0)
        if key[0][0] == 1:
            return out + (attribute(1, self.entity["1"]) if self.entity else b"")
        return out + b"".join(attribute(32, n) + attribute(33, 2) for n in self.initiators)

    def arg(self, kind, default):
        return self.fault[1] if self.fault[:1] == [kind] and len(self.fault) > 1 else default

    def answer(self, function, flags, payload):
        attrs = attributes(payload)
        end = attrs.index((0, b""))
        source, key, rest = attrs[0][1], attrs[1:end], attrs[end + 1:]
        if function == QRY and attrs[0][0] == 32 and source not in self.nodes:
            return 6, b""
        if function == REG:
            if self.fault == ["no-esi"] and any(t == 19 for t, v in rest):
                return 21, b""
            return 0, self.register(flags, key, rest)
        if function == DEREG:
            return 0, self.deregister(rest)
        if function == SCNREG:
            self.scn[source] = rest[0][1]
            return 0, b""
        return 0, self.query(key)

    def reply(self, conn, function, xid, payload):
        """As it should be, or not."""
        kind = self.fault[0] if self.fault else ""
        good = pdus(function | 0x8000, SERVER, xid, payload)
        bad = {
            "silent": lambda: b"",
            "garbage": lambda: bytes(range(256)) * 64,
            "pieces": lambda: pdus(function | 0x8000, SERVER, xid, payload, 8),
            "wrong-xid": lambda: pdus(function | 0x8000, SERVER, xid ^ 77, payload),
            "cut": lambda: pdus(function | 0x8000, SERVER, xid, payload + attribute(32, "iqn.x")[:-4]),
            "short": lambda: pdus(function | 0x8000, SERVER, xid, b""),
            "half": lambda: good[:-3],
            "endless": lambda: b"".join(
                struct.pack(">6H", 1, function | 0x8000, 65532, SERVER | (0 if i else FIRST), xid, i) +
                bytes(65532) for i in range(300)),
        }
        data = bad.get(kind, lambda: good)()
        if kind == "slow":
            for b in data:
                conn.sendall(bytes([b]))
        else:
            conn.sendall(data)
        if kind in ("close", "half"):
            conn.shutdown(socket.SHUT_RDWR)

    def serve(self, conn):
        try:
            while True:
                function, flags, xid, payload = message(conn)
                with self.lock:
                    status, rest = self.answer(function, flags, payload)
                    if self.fault[:1] == ["status"] and NAMES[function] in self.fault[2:]:
                        status, rest = int(self.fault[1]), b""
                    self.changed.set()
                    self.log(NAMES[function], "replace" if flags & REPLACE else "", len(payload))
                    self.reply(conn, function, xid, struct.pack(">I", status) + rest)
        except (EOFError, OSError):
            pass
        except Exception as e:  # a test finds it in the log
            self.log("BAD", repr(e))
        conn.close()

    # --- what the server begins ----------------------------------------------------------------

    def ask(self, data):
        for name, portal in self.portals.items():
            if "23" in portal:
                with socket.create_connection((name.rsplit(":", 1)[0], portal["23"]), 5) as s:
                    s.sendall(data)
                    return message(s)
        raise EOFError("nobody listens")

    def do(self, words):
        if words[0] == "initiators":
            self.initiators = words[1:]
        elif words[0] == "fault":
            self.fault = words[1:]
        elif words[0] == "forget":
            if words[1:]:
                self.nodes.pop(words[1])
            else:
                self.forget()
            self.changed.set()
        elif words[0] == "drop":
            for c in self.conns:
                try:
                    c.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
            self.conns = []
        elif words[0] == "scn":
            payload = attribute(32, words[1]) + attribute(4, bytes(8)) + \
                attribute(35, int(words[2], 0)) + attribute(32, words[3])
            self.told(self.ask(pdus(SCN, SERVER, 41, payload)))
        elif words[0] == "esi":
            eid = words[1] if len(words) > 1 else self.entity["1"]
            payload = attribute(4, bytes(8)) + attribute(1, eid) + attribute(16, bytes(16)) + \
                attribute(17, 3260)
            self.told(self.ask(pdus(ESI, SERVER, 42, payload)))
        elif words[0] == "send":
            self.told(self.ask(bytes.fromhex(words[1])))

    def told(self, answer):
        self.log("told %#x xid %d status %d" % (answer[0], answer[2], struct.unpack(">I", answer[3][:4])[0]))

    def commands(self):
        while True:
            with open(self.path("do")) as f:
                for line in f:
                    try:
                        self.do(line.split())
                    except Exception as e:
                        self.log("told nothing", repr(e))
                    self.log("done", line.strip())

    def run(self):
        os.mkfifo(self.path("do"))
        open(self.path("log"), "w").close()
        threading.Thread(target=self.saver, daemon=True).start()
        threading.Thread(target=self.commands, daemon=True).start()
        with open(self.path("port.new"), "w") as f:
            print(self.sock.getsockname()[1], file=f)
        os.rename(self.path("port.new"), self.path("port"))
        while True:
            conn, _ = self.sock.accept()
            self.conns.append(conn)
            self.log("connected")
            threading.Thread(target=self.serve, args=(conn,), daemon=True).start()


if __name__ == "__main__":
    Server(sys.argv[1]).run()
