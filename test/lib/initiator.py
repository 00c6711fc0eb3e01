#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A small iSCSI initiator for tests, on a blocking socket with a time limit; and the
clients that no friendly initiator resembles. Usage: initiator.py COMMAND PORT IQN [ARG...]"""

import os
import random
import socket
import struct
import sys
import time

from login import Chap, Login, Refused, Wrong

NAME = "iqn.2026-11.org.example:initiator"


class Closed(Exception):
    """The target ended the connection."""


class Session:
    """A normal session of one connection (RFC 7143), LUN 1 unless told otherwise."""

    def __init__(self, port, iqn, name=NAME, isid=1, keys=(), timeout=20, chap=None, piece=8192):
        self.sock = socket.create_connection(("127.0.0.1", port), timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.cmd_sn, self.exp_stat_sn, self.itt = 1, 1, 1
        kind = [f"TargetName={iqn}", "SessionType=Normal"] if iqn else ["SessionType=Discovery"]
        login = Login(self, isid, piece=piece)
        self.said = login.run([f"InitiatorName={name}", *kind], keys, chap).keys

    def send(self, bhs, data=b"", ahs=b""):
        bhs[5:8] = struct.pack(">I", len(data))[1:]
        self.sock.sendall(bytes(bhs) + ahs + data + b"\0" * (-len(data) % 4))

    def read(self, n):
        out = b""
        while len(out) < n:
            part = self.sock.recv(n - len(out))
            if not part:
                raise Closed("closed by the target")
            out += part
        return out

    def recv(self):
        bhs = self.read(48)
        n = int.from_bytes(bhs[5:8], "big")
        return bhs, self.read(n + -n % 4)[:n]

    def start(self, cdb, write=b"", read=0, lun=1):
        """Sends a command with all of its data immediate; returns its tag."""
        bhs = bytearray(48)
        bhs[0] = 0x01
        bhs[1] = 0x81 | (0x20 if write else 0) | (0x40 if read else 0)
        struct.pack_into(">H", bhs, 8, lun if lun < 256 else 0x4000 | lun)
        itt, self.itt = self.itt, self.itt + 1
        struct.pack_into(">IIII", bhs, 16, itt, len(write) or read, self.cmd_sn, self.exp_stat_sn)
        bhs[32:32 + len(cdb[:16])] = cdb[:16]
        ahs = b""
        if len(cdb) > 16:  # RFC 7143 11.2.2.3
            ahs = struct.pack(">HBx", len(cdb) - 15, 1) + cdb[16:]
            ahs += b"\0" * (-len(ahs) % 4)
        bhs[4] = len(ahs) // 4
        self.cmd_sn += 1
        self.send(bhs, write, ahs)
        return itt

    def finish(self):
        """The next command that ends: (tag, status, data, sense)."""
        data = b""
        while True:
            bhs, seg = self.recv()
            itt = struct.unpack_from(">I", bhs, 16)[0]
            if bhs[0] == 0x25:
                data += seg
                if not bhs[1] & 1:
                    continue
                sense = b""
            elif bhs[0] == 0x21:
                sense = seg[2:]
            else:
                raise Closed("unexpected PDU %02x" % bhs[0])
            self.exp_stat_sn = struct.unpack_from(">I", bhs, 24)[0] + 1
            return itt, bhs[3], data, sense

    def command(self, cdb, write=b"", read=0, lun=1):
        self.start(cdb, write, read, lun)
        return self.finish()[1:]

    def ready(self, lun=1):
        for _ in range(8):
            if not self.command(bytes(6), lun=lun)[0]:
                return
        raise Closed("not ready")

    def write10(self, lba, data, fua=False):
        return self.command(struct.pack(">BBIxHx", 0x2A, 8 if fua else 0, lba, len(data) // 512), write=data)[0]

    def read10(self, lba, blocks, lun=1):
        status, data, _ = self.command(struct.pack(">BBIxHx", 0x28, 0, lba, blocks), read=blocks * 512, lun=lun)
        return data if not status else None

    def sync(self):
        return self.command(struct.pack(">BBIxHx", 0x35, 0, 0, 0))[0]


def send_targets(port, iqn, chap):
    """Whether a discovery session finds the target."""
    s = Session(port, None, chap=chap)
    bhs = bytearray(48)
    bhs[0], bhs[1] = 0x44, 0x80
    struct.pack_into(">IIII", bhs, 16, 9, 0xFFFFFFFF, s.cmd_sn, s.exp_stat_sn)
    s.send(bhs, b"SendTargets=All\0")
    return f"TargetName={iqn}".encode() in s.recv()[1].split(b"\0")


def guesses(port, iqn, count):
    """COUNT logins with wrong secrets, as fast as they go; prints the status of each."""
    for i in range(int(count)):
        try:
            Session(port, iqn, chap=Chap("joe", f"guess {i}"))
        except Refused as e:
            print("%04x" % e.status)


def chap(port, iqn, what, *args):
    """login ALGORITHMS USER SECRET [NAME SECRET]: as listed, "7,5"; prints the one that was taken;
    discovery, the same; hold DIR USER SECRET: in until DIR/out is there; when it is in, DIR/in is."""
    if what == "hold":
        s = Session(port, iqn, chap=Chap(*args[1:]))
        s.ready()
        with open(args[0] + "/in", "w", encoding="ascii"):
            pass
        while not os.path.exists(args[0] + "/out"):
            assert s.read10(0, 1) is not None
            time.sleep(0.02)
        assert s.read10(0, 1) is not None
        return
    c = Chap(args[1], args[2], args[3:5] or None, tuple(map(int, args[0].split(","))))
    try:
        if what == "discovery":
            assert send_targets(port, iqn, c)
        else:
            s = Session(port, iqn, chap=c, piece=50)
            s.ready()
            assert s.read10(0, 1) is not None
        print(c.chosen)
    except Refused as e:
        print(e)
        sys.exit(2)
    except Wrong as e:
        print("not the right target:", e)
        sys.exit(3)


def check_alive(port, iqn):
    """A well-behaved session gets its answer at once."""
    s = Session(port, iqn, name=NAME + ".alive", timeout=5)
    s.ready()
    assert s.read10(0, 1) is not None


def many(port, iqn, count):
    """COUNT sessions at once, each with a command under way."""
    sessions = [Session(port, iqn, name=f"{NAME}.{i}", isid=i + 1) for i in range(int(count))]
    for s in sessions:
        s.ready()
    for s in sessions:
        s.start(struct.pack(">BBIxHx", 0x28, 0, 0, 8), read=4096)
    for s in sessions:
        assert s.finish()[1] == 0


def luns(port, iqn, first, last):
    """Reads a block of every LUN."""
    s = Session(port, iqn)
    for lun in range(int(first), int(last) + 1):
        s.ready(lun)
        assert s.read10(0, 1, lun) is not None, lun


def churn(port, iqn, count):
    """Logins that end in every way."""
    rng = random.Random(7)
    for i in range(int(count)):
        s = Session(port, iqn, isid=i % 5 + 1)
        kind = rng.randrange(4)
        if kind:
            s.ready()
        if kind == 2:  # commands left unanswered
            for _ in range(rng.randrange(20)):
                s.start(struct.pack(">BBIxHx", 0x28, 0, 0, 64), read=32768)
        if kind == 3:  # half a write
            bhs = bytearray(48)
            bhs[0], bhs[1], bhs[9], bhs[32], bhs[40] = 0x01, 0xA1, 1, 0x2A, 16
            struct.pack_into(">III", bhs, 16, s.itt, 8192, s.cmd_sn)
            bhs[5:8] = struct.pack(">I", 8192)[1:]
            s.sock.sendall(bytes(bhs) + os.urandom(rng.randrange(8192)))
        s.sock.close()


def garbage(port, iqn, count):
    """Random bytes at the port, some behind a plausible beginning."""
    for i in range(int(count)):
        rng = random.Random(i)
        with socket.create_connection(("127.0.0.1", port), 5) as sock:
            head = bytes([0x43, 0x87]) if i % 2 else b""
            try:
                sock.sendall(head + rng.randbytes(rng.randrange(4000)))
                sock.settimeout(0.02)
                sock.recv(100)
            except OSError:
                pass
    check_alive(port, iqn)


def slow(port, iqn):
    """A byte at a time, while another session works."""
    with socket.create_connection(("127.0.0.1", port), 5) as sock:
        for byte in b"\x43\x87\0\0\0\0\0\0\x80\0":
            sock.sendall(bytes([byte]))
            check_alive(port, iqn)
            time.sleep(0.05)


def deaf(port, iqn):
    """Asks for much and reads nothing, while another session works."""
    s = Session(port, iqn, keys=("MaxRecvDataSegmentLength=262144",))
    s.ready()
    s.sock.settimeout(1)
    try:
        for _ in range(120):
            s.start(struct.pack(">BBIxHx", 0x28, 0, 0, 8192), read=8192 * 512)
    except OSError:
        pass
    for _ in range(10):
        check_alive(port, iqn)


def asked(port, iqn, flag, how):
    """Logs in, makes the file FLAG, waits to be asked to leave, prints the seconds it has; then goes, or
    stays (HOW) until it is dropped."""
    s = Session(port, iqn)
    s.ready()
    with open(flag, "w", encoding="ascii"):
        pass
    bhs = s.recv()[0]
    assert bhs[0] == 0x32 and bhs[36] == 1, bhs.hex()
    print(struct.unpack_from(">H", bhs, 42)[0])
    s.exp_stat_sn += 1
    assert s.read10(0, 1) is not None
    if how == "go":
        out = bytearray(48)
        out[0], out[1] = 0x46, 0x80
        struct.pack_into(">I", out, 16, s.itt)
        struct.pack_into(">II", out, 24, s.cmd_sn, s.exp_stat_sn)
        s.send(out)
        bhs = s.recv()[0]
        assert bhs[0] == 0x26 and bhs[2] == 0, bhs.hex()
    else:
        bhs = s.recv()[0]
        assert bhs[0] == 0x32 and bhs[36] == 3, bhs.hex()
    assert s.sock.recv(1) == b""


def writer(port, iqn, log):
    """Writes numbered blocks until the target dies; LOG gets each number that was acknowledged."""
    s = Session(port, iqn)
    s.ready()
    with open(log, "w", encoding="ascii") as out:
        n = 0
        try:
            while True:
                n += 1
                fua = n % 3 == 0
                assert s.write10(n % 2000, n.to_bytes(8, "big") * 64, fua) == 0
                if not fua and s.sync():
                    raise Closed("sync failed")
                out.write(f"{n}\n")
                out.flush()
        except (Closed, OSError):
            pass


def verify(path, log):
    """Every acknowledged block is in the file, or a later one of its place."""
    last = {}
    with open(log, encoding="ascii") as f:
        for n in map(int, f):
            last[n % 2000] = n
    assert last, "nothing was acknowledged"
    with open(path, "rb") as f:
        for place, n in last.items():
            f.seek(place * 512)
            found = int.from_bytes(f.read(8), "big")
            assert found >= n and found % 2000 == place, (place, n, found)


def cdb32(action, flags, lba, blocks):
    return struct.pack(">BxxxxxxBHBxQxxxxxxxxI", 0x7F, 24, action, flags, lba, blocks)


def long_cdbs(port, iqn):
    """READ, WRITE, VERIFY, WRITE AND VERIFY, WRITE SAME with CDBs of 32 bytes (SBC-4)."""
    s = Session(port, iqn)
    s.ready()
    data = os.urandom(4096)
    assert s.command(cdb32(0x0B, 0x08, 100, 8), write=data)[0] == 0
    assert s.command(cdb32(0x09, 0x18, 100, 8), read=4096)[1] == data
    assert s.read10(100, 8) == data
    assert s.command(cdb32(0x0A, 0x02, 100, 8), write=data)[0] == 0
    status, _, sense = s.command(cdb32(0x0A, 0x02, 101, 8), write=data)
    assert status == 2 and sense[2] & 0x0F == 0x0E, (status, sense)
    assert s.command(cdb32(0x0C, 0x02, 200, 8), write=data)[0] == 0
    assert s.command(cdb32(0x0D, 0, 300, 50), write=data[:512])[0] == 0
    assert s.read10(300, 50) == data[:512] * 50
    assert s.command(cdb32(0x0D, 1, 300, 50))[0] == 0
    assert s.read10(299, 52) == bytes(52 * 512)
    for action in 0x09, 0x0A, 0x0B, 0x0C, 0x0D:
        status, one, _ = s.command(struct.pack(">BBBBHIxx", 0xA3, 0x0C, 2, 0x7F, action, 64), read=64)
        assert status == 0 and one[1] & 7 == 3 and one[2:4] == b"\0\x20" and one[12:14] == struct.pack(">H", action)
    status, one, _ = s.command(struct.pack(">BBBBHIxx", 0xA3, 0x0C, 2, 0x7F, 0x0E, 64), read=64)
    assert status == 0 and one[1] & 7 == 1
    status, _, sense = s.command(cdb32(0x0E, 0, 0, 1), write=data[:512])
    assert status == 2 and sense[2] & 0x0F == 5, (status, sense)


def token_ranges(head, ranges):
    """A parameter list: HEAD, the length of the descriptors, and these."""
    descs = b"".join(struct.pack(">QIxxxx", lba, n) for lba, n in ranges)
    out = head + struct.pack(">H", len(descs)) + descs
    return struct.pack(">H", len(out) - 2) + out[2:]


def token_command(s, action, list_id, params, lun=1):
    return s.command(struct.pack(">BBxxxxIIxx", 0x83, action, list_id, len(params)), write=params, lun=lun)


def token_information(s, list_id, lun=1):
    status, d, _ = s.command(struct.pack(">BBIxxxxIxx", 0x84, 7, list_id, 1024), read=1024, lun=lun)
    assert status == 0 and len(d) == 4 + int.from_bytes(d[:4], "big"), (status, d)
    return d


def tokens(port, iqn):
    """Offloaded data transfer from LUN 1 to LUN 2, by two sessions; prints VPD 8Fh as sg_vpd takes it."""
    a, b = Session(port, iqn), Session(port, iqn, name=NAME + "2", isid=2)
    for s in a, b:
        s.ready(1)
        s.ready(2)
    data = os.urandom(65536)
    assert a.write10(1000, data) == 0
    assert token_command(a, 0x10, 5, token_ranges(bytes(14), [(1000, 100), (1100, 28)]))[0] == 0
    d = token_information(a, 5)
    assert d[4:6] == b"\x10\x01" and d[15:24] == b"\xf1" + struct.pack(">Q", 128)
    token = d[38:550]
    write = token_ranges(bytes(16) + token + bytes(6), [(0, 128)])
    assert token_command(b, 0x11, 6, write, lun=2)[0] == 0
    d = token_information(b, 6, lun=2)
    assert d[4:6] == b"\x11\x01" and d[16:24] == struct.pack(">Q", 128)
    assert b.read10(0, 128, lun=2) == data
    assert a.write10(1127, bytes(512)) == 0
    status, _, sense = token_command(b, 0x11, 6, write, lun=2)
    assert status == 2 and sense[2] & 0x0F == 5 and sense[12:14] == b"\x23\x08", (status, sense)
    zero = struct.pack(">IHH", 0xFFFF0001, 0, 0x1F8) + bytes(504)
    assert token_command(b, 0x11, 6, token_ranges(bytes(16) + zero + bytes(6), [(8, 8)]), lun=2)[0] == 0
    assert b.read10(0, 128, lun=2) == data[:4096] + bytes(4096) + data[8192:]
    print(a.command(struct.pack(">BBBHx", 0x12, 1, 0x8F, 2048), read=2048)[1].hex(" "))


def main():
    commands = {f.__name__: f for f in (many, luns, churn, garbage, slow, deaf, writer, check_alive, guesses, chap,
                                        asked, long_cdbs, tokens)}
    if sys.argv[1] == "verify":
        verify(*sys.argv[2:])
    else:
        commands[sys.argv[1]](int(sys.argv[2]), *sys.argv[3:])


if __name__ == "__main__":
    main()
