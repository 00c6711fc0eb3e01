#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""An initiator with several connections per session and error recovery, and with bad luck: it loses and
damages PDUs in both directions and cuts connections, recovers as RFC 7143 says, and checks every byte.
Usage: initiator_faults.py PORT IQN [--erl N] [--conns N] [--commands N] [--seed N] [--cuts N] [--loss PERCENT] [--plain]"""

import argparse
import random
import select
import socket
import struct
import sys
import time

NAME = "iqn.2026-11.org.example:unlucky"
AREA = 4 << 20  # bytes of the disk that are used
BLOCK = 512
NONE = 0xFFFFFFFF
FIRST_BURST, MAX_BURST, SEGMENT = 16384, 32768, 4096
PATIENCE = 0.25  # seconds without progress before something is done
LIMIT = 100  # seconds for everything

OP_NOP_OUT, OP_CMD, OP_TMF, OP_LOGIN, OP_DATA_OUT, OP_LOGOUT, OP_SNACK = 0, 1, 2, 3, 5, 6, 0x10
OP_NOP_IN, OP_RSP, OP_TMF_RSP, OP_LOGIN_RSP, OP_DATA_IN, OP_LOGOUT_RSP = 0x20, 0x21, 0x22, 0x23, 0x25, 0x26
OP_R2T, OP_ASYNC, OP_REJECT = 0x31, 0x32, 0x3F
IMMEDIATE, FINAL = 0x40, 0x80
SNACK_DATA, SNACK_STATUS, SNACK_DATA_ACK = 0, 1, 2
TASK_REASSIGN = 8


def make_table():
    table = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    return table


TABLE = make_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for b in data:
        crc = TABLE[(crc ^ b) & 0xFF] ^ crc >> 8
    return struct.pack("<I", crc ^ 0xFFFFFFFF)


def before(a, b):
    """Serial numbers (RFC 1982)."""
    return (a - b) & 0xFFFFFFFF > 0x7FFFFFFF


def be32(bhs, at):
    return struct.unpack_from(">I", bhs, at)[0]


class Broken(Exception):
    """The connection has ended."""


class Luck:
    """What goes wrong, and how often."""

    def __init__(self, rng, percent, digests):
        self.rng, self.rate, self.digests = rng, percent / 100, digests
        self.count = {}

    def bad(self, what):
        if self.rng.random() >= self.rate:
            return False
        self.count[what] = self.count.get(what, 0) + 1
        return True

    def outgoing(self, bhs, data, after_damage):
        """None, "lost", "data" (a wrong data digest) or "header"."""
        if bhs[0] & 0x3F in (OP_TMF, OP_LOGIN, OP_LOGOUT):
            return None
        if self.digests and data and self.bad("data"):
            return "data"
        # Behind a damaged header the next must show where it ends.
        if self.digests and not after_damage and self.bad("header"):
            return "header"
        return "lost" if not after_damage and self.bad("lost") else None

    def incoming(self, bhs):
        return bhs[0] & 0x3F not in (OP_TMF_RSP, OP_LOGOUT_RSP) and self.bad("unread")


class Task:
    """A read or a write of whole blocks."""

    def __init__(self, itt, sn, lba, blocks, data):
        self.itt, self.sn, self.lba, self.blocks, self.write = itt, sn, lba, blocks, data
        self.length = blocks * BLOCK
        self.buffer = bytearray(self.length)
        self.link = None
        self.started = 0.0
        self.moving = 0  # the tag of a TASK REASSIGN that is not answered yet
        self.forget()

    def forget(self):
        """As if it had never been sent."""
        self.got = set()  # DataSNs
        self.acked = 0  # DataSNs that were acknowledged
        self.r2t_sn = 0  # next
        self.answered = set()  # tags of R2Ts
        self.total = None  # number of Data-In PDUs, when the status came
        self.status = None
        self.stat_sn = None

    def contiguous(self):
        n = self.acked
        while n in self.got:
            n += 1
        return n

    def complete(self):
        return self.status is not None and self.contiguous() >= self.total


class Link:
    """A connection."""

    def __init__(self, session, cid):
        self.session, self.cid, self.leading = session, cid, not session.tsih
        self.sock = socket.create_connection(("127.0.0.1", session.port), 10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.digests = False
        self.damaged = False
        self.exp_stat_sn = 1
        self.seen = {}  # StatSN: whether all that belongs to it has come
        self.asked = 0.0  # when missing statuses were asked for
        self.inbox = b""
        self.login()

    # --- bytes ---

    def transmit(self, bhs, data=b"", fault=None):
        bhs[5:8] = struct.pack(">I", len(data))[1:]
        struct.pack_into(">I", bhs, 28, self.exp_stat_sn)
        out = bytes(bhs)
        if self.digests:
            out += crc32c(out) if fault != "header" else b"oops"
        if data:
            data += b"\0" * (-len(data) % 4)
            out += data
            if self.digests:
                out += crc32c(data) if fault != "data" else b"oops"
        self.damaged = fault == "header"
        try:
            self.sock.sendall(out)
        except OSError as e:
            raise Broken(str(e)) from e

    def send(self, bhs, data=b""):
        fault = self.session.luck.outgoing(bhs, data, self.damaged)
        if fault != "lost":
            self.transmit(bhs, data, fault)

    def fill(self):
        try:
            part = self.sock.recv(1 << 18)
        except OSError as e:
            raise Broken(str(e)) from e
        if not part:
            raise Broken("closed by the target")
        self.inbox += part

    def next_pdu(self):
        extra = 4 if self.digests else 0
        if len(self.inbox) < 48 + extra:
            return None
        n = int.from_bytes(self.inbox[5:8], "big")
        padded = n + -n % 4
        end = 48 + extra + (padded + extra if n else 0)
        if len(self.inbox) < end:
            return None
        pdu, self.inbox = self.inbox[:end], self.inbox[end:]
        bhs, data = pdu[:48], pdu[48 + extra:48 + extra + padded]
        if self.digests:
            assert pdu[48:52] == crc32c(bhs), "header digest"
            assert not n or pdu[-4:] == crc32c(data), "data digest"
        return bhs, data[:n]

    def login(self):
        s = self.session
        text = [f"InitiatorName={NAME}", f"TargetName={s.iqn}", "MaxRecvDataSegmentLength=%u" % SEGMENT]
        if s.want_digests:
            text += ["HeaderDigest=CRC32C", "DataDigest=CRC32C"]
        if not s.tsih:
            text += ["SessionType=Normal", f"ErrorRecoveryLevel={s.erl}", f"MaxConnections={s.max_conns}",
                     "InitialR2T=No", "ImmediateData=Yes", f"FirstBurstLength={FIRST_BURST}",
                     f"MaxBurstLength={MAX_BURST}", "MaxOutstandingR2T=3", "DefaultTime2Wait=0", "TaskReporting=FastAbort"]
        bhs = bytearray(48)
        bhs[0], bhs[1], bhs[8] = OP_LOGIN | IMMEDIATE, 0x87, 0x80
        struct.pack_into(">HHIHxxI", bhs, 12, 7, s.tsih, 1, self.cid, s.cmd_sn)
        self.transmit(bhs, b"".join(t.encode() + b"\0" for t in text))
        pdu = None
        while not pdu:
            self.fill()
            pdu = self.next_pdu()
        bhs, data = pdu
        assert not bhs[36], "login status %02x%02x: %r" % (bhs[36], bhs[37], data)
        assert bhs[1] & 0x83 == 0x83, "one round was not enough"
        if not s.tsih:
            assert f"ErrorRecoveryLevel={s.erl}".encode() in data, data
            assert f"MaxConnections={s.max_conns}".encode() in data, data
        s.tsih = struct.unpack_from(">H", bhs, 14)[0]
        self.exp_stat_sn = be32(bhs, 24) + 1
        self.digests = s.want_digests
        s.take_window(bhs)

    # --- statuses ---

    def saw(self, sn, complete=True):
        """A StatSN that was used."""
        if before(sn, self.exp_stat_sn):
            return
        self.seen[sn] = complete
        self.advance()
        missing = [n for n in range(self.exp_stat_sn, sn) if n not in self.seen]
        if missing and self.session.erl and time.monotonic() - self.asked > PATIENCE / 2:
            self.asked = time.monotonic()
            self.snack(SNACK_STATUS, NONE, NONE, missing[0], missing[-1] - missing[0] + 1)

    def advance(self):
        while self.seen.get(self.exp_stat_sn):
            del self.seen[self.exp_stat_sn]
            self.exp_stat_sn += 1

    # --- requests ---

    def snack(self, kind, itt, ttt, first, run):
        bhs = bytearray(48)
        bhs[0], bhs[1], bhs[9] = OP_SNACK, FINAL | kind, 1
        struct.pack_into(">II", bhs, 16, itt, ttt)
        struct.pack_into(">II", bhs, 40, first, run)
        self.send(bhs)

    def ping(self):
        """Its answer has a StatSN, from which lost statuses are seen."""
        bhs = bytearray(48)
        bhs[0], bhs[1] = OP_NOP_OUT | IMMEDIATE, FINAL
        struct.pack_into(">III", bhs, 16, self.session.new_itt(), NONE, self.session.cmd_sn)
        self.send(bhs, b"ping")

    def pong(self, ttt):
        bhs = bytearray(48)
        bhs[0], bhs[1] = OP_NOP_OUT | IMMEDIATE, FINAL
        struct.pack_into(">III", bhs, 16, NONE, ttt, self.session.cmd_sn)
        self.send(bhs)

    def command(self, task):
        rng = self.session.rng
        task.link, task.started = self, time.monotonic()
        imm = unsolicited = 0
        if task.write:
            imm = rng.choice((0, min(task.length, 1024), min(task.length, SEGMENT)))
            unsolicited = min(task.length, FIRST_BURST) if rng.random() < 0.5 else imm
        bhs = bytearray(48)
        bhs[0], bhs[9] = OP_CMD, 1
        bhs[1] = (0x20 if task.write else 0x40) | 1 | (FINAL if unsolicited <= imm else 0)
        struct.pack_into(">III", bhs, 16, task.itt, task.length, task.sn)
        struct.pack_into(">BBIxHx", bhs, 32, 0x2A if task.write else 0x28, 0, task.lba, task.blocks)
        self.send(bhs, task.write[:imm] if task.write else b"")
        if unsolicited > imm:
            self.data_out(task, NONE, imm, unsolicited - imm)

    def data_out(self, task, ttt, off, length):
        end, sn = off + length, 0
        while off < end:
            n = min(SEGMENT, end - off)
            bhs = bytearray(48)
            bhs[0], bhs[1], bhs[9] = OP_DATA_OUT, FINAL if off + n == end else 0, 1
            struct.pack_into(">II", bhs, 16, task.itt, ttt)
            struct.pack_into(">II", bhs, 36, sn, off)
            self.send(bhs, task.write[off:off + n])
            off += n
            sn += 1

    def take_over(self, task):
        bhs = bytearray(48)
        bhs[0], bhs[1], bhs[9] = OP_TMF | IMMEDIATE, FINAL | TASK_REASSIGN, 1
        task.moving = self.session.new_itt()
        # What follows is numbered from here; what was not in sequence is thrown away.
        first = task.r2t_sn if task.write else task.contiguous()
        task.got = set(range(task.acked, first))
        task.status = task.total = None
        struct.pack_into(">IIIIII", bhs, 16, task.moving, task.itt, self.session.cmd_sn, 0, task.sn, first)
        task.link, task.started = self, time.monotonic()
        self.send(bhs)

    def logout(self, reason, cid):
        bhs = bytearray(48)
        bhs[0], bhs[1] = OP_LOGOUT | IMMEDIATE, FINAL | reason
        struct.pack_into(">IHxxI", bhs, 16, self.session.new_itt(), cid, self.session.cmd_sn)
        self.send(bhs)


class Session:
    """All of it: the workload, the model of the disk, recovery."""

    def __init__(self, args):
        self.port, self.iqn, self.erl, self.max_conns = args.port, args.iqn, args.erl, args.conns
        self.rng = random.Random(args.seed)
        self.want_digests = args.erl > 0 and not args.plain
        self.luck = Luck(self.rng, args.loss if args.erl else 0, self.want_digests)
        self.left, self.cuts = args.commands, args.cuts
        self.cut_every = max(1, args.commands // (args.cuts + 1))
        self.tsih = 0
        self.cmd_sn = self.exp_cmd_sn = 1
        self.max_cmd_sn = 1
        self.itt = 0x100
        self.next_cid = 0
        self.tasks = {}
        self.learning = False
        self.retries = self.moved = 0
        self.model = bytearray(AREA)
        self.busy = set()  # blocks with a task
        self.logouts = {}  # CID: answered
        self.kicked = time.monotonic()
        self.links = []
        for _ in range(args.conns):
            self.links.append(Link(self, self.new_cid()))

    def new_itt(self):
        self.itt += 1
        return self.itt

    def new_cid(self):
        self.next_cid += 1
        return self.next_cid - 1

    def take_window(self, bhs):
        exp, most = be32(bhs, 28), be32(bhs, 32)
        if before(self.exp_cmd_sn, exp):
            self.exp_cmd_sn = exp
        if before(self.max_cmd_sn, most):
            self.max_cmd_sn = most

    # --- the workload ---

    def place(self):
        for _ in range(50):
            blocks = self.rng.choice((1, 4, 8, 33, 64, 150))
            lba = self.rng.randrange(AREA // BLOCK - blocks)
            if self.busy.isdisjoint(range(lba, lba + blocks)):
                self.busy.update(range(lba, lba + blocks))
                return lba, blocks
        return None

    def start_some(self):
        while self.left and len(self.tasks) < 12 and not before(self.max_cmd_sn, self.cmd_sn):
            place = self.place()
            if not place:
                return
            data = self.rng.randbytes(place[1] * BLOCK) if self.rng.random() < 0.5 else b""
            task = Task(self.new_itt(), self.cmd_sn, *place, data)
            self.cmd_sn += 1
            self.left -= 1
            self.tasks[task.itt] = task
            task.link = self.rng.choice(self.links)
            self.guard(task.link, lambda link, t=task: link.command(t))

    def end(self, task):
        assert task.status == 0, "task %x: status %02x" % (task.itt, task.status)
        at = task.lba * BLOCK
        if task.write:
            self.model[at:at + task.length] = task.write
        elif self.learning:
            self.model[at:at + task.length] = task.buffer
        else:
            assert self.model[at:at + task.length] == task.buffer, f"wrong data at block {task.lba}"
        self.busy.difference_update(range(task.lba, task.lba + task.blocks))
        del self.tasks[task.itt]
        self.kicked = time.monotonic()

    # --- what comes ---

    def receive(self, link):
        link.fill()
        while link in self.links:
            pdu = link.next_pdu()
            if not pdu:
                return
            bhs, data = pdu
            op = bhs[0] & 0x3F
            if self.luck.incoming(bhs):
                continue
            self.take_window(bhs)
            handler = {OP_DATA_IN: self.data_in, OP_RSP: self.response, OP_R2T: self.r2t, OP_TMF_RSP: self.tmf_rsp,
                       OP_NOP_IN: self.nop_in, OP_REJECT: self.reject, OP_LOGOUT_RSP: self.logout_rsp,
                       OP_ASYNC: lambda link, bhs, data: link.saw(be32(bhs, 24))}[op]
            handler(link, bhs, data)

    def task_of(self, link, bhs):
        task = self.tasks.get(be32(bhs, 16))
        return task if task and task.link is link else None

    def finish(self, link, task, sn):
        """The status counts as seen when all data is there: it frees what could be sent again."""
        task.stat_sn = sn
        link.saw(sn, task.complete())
        self.check(link, task)

    def check(self, link, task):
        if task.complete():
            self.end(task)
            if task.stat_sn in link.seen:
                link.saw(task.stat_sn)
        elif task.status is not None and self.erl:
            first = task.contiguous()
            run = 1
            while first + run < task.total and first + run not in task.got:
                run += 1
            link.snack(SNACK_DATA, task.itt, NONE, first, run)

    def data_in(self, link, bhs, data):
        task = self.task_of(link, bhs)
        sn, off, status = be32(bhs, 36), be32(bhs, 40), bhs[1] & 1
        if not task:
            if status:
                link.saw(be32(bhs, 24))
            return
        assert off + len(data) <= task.length and len(data) <= SEGMENT
        fresh = sn not in task.got and sn >= task.acked
        task.buffer[off:off + len(data)] = data
        task.got.add(sn)
        if fresh and sn > task.contiguous() and self.erl and not status:
            first = task.contiguous()
            link.snack(SNACK_DATA, task.itt, NONE, first, min(set(n for n in task.got if n > first)) - first)
        if bhs[1] & 0x40 and self.rng.random() < 0.7:
            task.acked = task.contiguous()
            link.snack(SNACK_DATA_ACK, NONE, be32(bhs, 20), task.acked, 0)
        if status:
            task.status, task.total = bhs[3], sn + 1
            self.finish(link, task, be32(bhs, 24))
        elif task.status is not None:
            self.check(link, task)

    def response(self, link, bhs, data):
        task = self.task_of(link, bhs)
        if not task:
            link.saw(be32(bhs, 24))
            return
        if bhs[3] == 2 and data[4] & 0xF == 6:  # a Unit Attention: nothing was done
            link.saw(be32(bhs, 24))
            self.again(link, task)
            return
        task.status = bhs[3]
        task.total = be32(bhs, 36) if not task.write else 0
        self.finish(link, task, be32(bhs, 24))

    def r2t(self, link, bhs, _):
        task = self.task_of(link, bhs)
        ttt, sn = be32(bhs, 20), be32(bhs, 36)
        if not task or ttt in task.answered:
            return
        if sn > task.r2t_sn and self.erl:
            link.snack(SNACK_DATA, task.itt, NONE, task.r2t_sn, sn - task.r2t_sn)
        task.r2t_sn = max(task.r2t_sn, sn + 1)
        task.answered.add(ttt)
        link.data_out(task, ttt, be32(bhs, 40), be32(bhs, 44))

    def nop_in(self, link, bhs, _):
        if be32(bhs, 16) != NONE:
            link.saw(be32(bhs, 24))
        elif be32(bhs, 20) != NONE:
            link.pong(be32(bhs, 20))

    def reject(self, link, bhs, data):
        link.saw(be32(bhs, 24))
        task = self.tasks.get(be32(data, 16))
        if data[0] & 0x3F == OP_CMD and task and bhs[2] == 2:
            self.retries += 1
            link.command(task)  # with its number

    def tmf_rsp(self, link, bhs, _):
        link.saw(be32(bhs, 24))
        for task in self.tasks.values():
            if task.moving == be32(bhs, 16):
                assert bhs[2] == 0, "task %x was not taken over: %u" % (task.itt, bhs[2])
                task.moving = 0
                self.moved += 1

    def logout_rsp(self, link, bhs, _):
        link.saw(be32(bhs, 24))
        assert bhs[2] == 0, "logout response %u" % bhs[2]
        self.logouts[link] = True

    # --- what does not come ---

    def guard(self, link, action):
        """Whatever it is, the connection may break."""
        try:
            action(link)
        except Broken:
            self.lost(link)

    def kick(self, link):
        """Nothing has happened for a while."""
        link.ping()
        link.asked = 0.0
        for task in [t for t in self.tasks.values() if t.link is link and not t.moving]:
            if not before(task.sn, self.exp_cmd_sn):
                self.retries += 1
                task.forget()
                link.command(task)
            elif self.erl and task.status is not None:
                self.check(link, task)
            elif self.erl and time.monotonic() - task.started > PATIENCE:
                link.snack(SNACK_DATA, task.itt, NONE, task.r2t_sn if task.write else task.contiguous(), 0)

    def log_out(self, other, cid):
        """For recovery, by another connection. Whether that worked."""
        try:
            self.logouts[other] = False
            other.logout(2, cid)
            while not self.logouts[other]:
                self.receive(other)
            return True
        except Broken:
            self.lost(other)
            return False

    def lost(self, link):
        """A connection was cut: its tasks go on elsewhere, or begin again."""
        if link not in self.links:
            return
        self.links.remove(link)
        link.sock.close()
        other = self.rng.choice(self.links) if self.links else None
        cid = link.cid
        if self.erl == 2 and other and self.rng.random() < 0.5 and self.log_out(other, cid):
            cid = self.new_cid()
        if self.erl < 2 and not self.links:
            self.tsih = 0  # the session went with its last connection
            self.exp_cmd_sn, self.max_cmd_sn = self.cmd_sn, self.cmd_sn
        fresh = Link(self, cid)  # the same CID logs the old connection out
        self.links.append(fresh)
        tasks = [t for t in self.tasks.values() if t.link is link]
        for task in tasks:
            task.link = fresh
        self.guard(fresh, lambda link: [self.bring(link, task) for task in tasks])

    def bring(self, link, task):
        """To a new connection."""
        if link.leading:
            self.again(link, task)
        elif not before(task.sn, self.exp_cmd_sn):
            self.retries += 1
            task.forget()
            link.command(task)
        elif self.erl == 2:
            link.take_over(task)
        else:
            self.again(link, task)

    def again(self, link, task):
        """It was terminated, and may have been executed or not."""
        del self.tasks[task.itt]
        task.forget()
        task.itt, task.sn = self.new_itt(), self.cmd_sn
        self.cmd_sn += 1
        self.tasks[task.itt] = task
        link.command(task)

    def cut_one(self):
        if self.cuts and self.left <= self.cuts * self.cut_every:
            self.cuts -= 1
            try:
                self.rng.choice(self.links).sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # twice in a row

    # --- all of it ---

    def turn(self):
        self.cut_one()
        self.start_some()
        ready = select.select([link.sock for link in self.links], [], [], 0.02)[0]
        for link in [link for link in self.links if link.sock in ready]:
            self.guard(link, self.receive)
        if time.monotonic() - self.kicked > PATIENCE:
            self.kicked = time.monotonic()
            for link in list(self.links):
                self.guard(link, self.kick)

    def run(self):
        end = time.monotonic() + LIMIT
        while self.left or self.tasks:
            assert time.monotonic() < end, "it takes too long: " + ", ".join(
                "%s %x sn %u r2t %u got %u of %s status %s moving %u" %
                ("write" if t.write else "read", t.itt, t.sn, t.r2t_sn, t.contiguous(), t.total, t.status, t.moving)
                for t in self.tasks.values())
            self.turn()

    def read_all(self, learn):
        """Everything, without faults: what is there at the beginning, and whether it is right at the end."""
        self.learning = learn
        rate, self.luck.rate = self.luck.rate, 0
        left, self.left = self.left, 0
        cuts, self.cuts = self.cuts, 0
        for lba in range(0, AREA // BLOCK, 128):
            task = Task(self.new_itt(), self.cmd_sn, lba, 128, b"")
            self.cmd_sn += 1
            self.tasks[task.itt] = task
            self.guard(self.rng.choice(self.links), lambda link, t=task: link.command(t))
            while self.tasks:
                self.turn()
        self.learning, self.luck.rate, self.left, self.cuts = False, rate, left, cuts


def main():
    p = argparse.ArgumentParser()
    p.add_argument("port", type=int)
    p.add_argument("iqn")
    p.add_argument("--erl", type=int, default=0)
    p.add_argument("--conns", type=int, default=1)
    p.add_argument("--commands", type=int, default=300)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--cuts", type=int, default=0)
    p.add_argument("--loss", type=float, default=2)
    p.add_argument("--plain", action="store_true", help="no digests; for --loss 0")
    args = p.parse_args()
    s = Session(args)
    s.read_all(True)
    s.run()
    s.read_all(False)
    print("retried %u, taken over %u, faults %s" % (s.retries, s.moved, s.luck.count))
    s.links[0].logout(0, 0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
