#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Random commands of three initiators to two disks, against a model of disks, reservations and Unit
Attentions that is made from the standards alone. Status, sense and data are compared after each step.
Usage: property.py PORT IQN STEPS SEED...; each seed begins with disks that are new to it."""

import random
import struct
import sys

from initiator import Session

BLOCKS = 16  # few, so that ranges meet often
LUNS = (1, 2)
REMOVABLE = 2
HOSTS = (0, 1, 2)

CONFLICT = "RESERVATION CONFLICT"
NO_MEDIUM, PREVENTED = (2, 0x3A, 0), (5, 0x53, 2)
MISCOMPARE, BAD_CDB, BAD_PARAM, BAD_RELEASE = (14, 0x1D, 0), (5, 0x24, 0), (5, 0x26, 0), (5, 0x26, 4)

# Unit Attentions in the order in which they are told; of the first three only the gravest (SAM-5 5.14).
POWER_ON, BUS_RESET, DEVICE_RESET = (6, 0x29, 0), (6, 0x29, 2), (6, 0x29, 3)
MEDIUM_CHANGED = (6, 0x28, 0)
# A medium that changed before a host first used the disk may be told beside POWER ON, or not.
MAYBE_CHANGED = "maybe"
RES_PREEMPTED, RES_RELEASED, REG_PREEMPTED = (6, 0x2A, 3), (6, 0x2A, 4), (6, 0x2A, 5)
RESETS = [POWER_ON, BUS_RESET, DEVICE_RESET]
ATTENTIONS = RESETS + [MEDIUM_CHANGED, RES_PREEMPTED, RES_RELEASED, REG_PREEMPTED]

REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, PREEMPT_ABORT, REGISTER_IGNORE = range(7)
WRITE_TYPES = (1, 5, 7)  # write exclusive: reading is open to all
TYPES = (1, 3, 5, 6, 7, 8)


class Disk:
    """One logical unit as SPC-4 5.9 and SPC-2 5.5 have it."""

    def __init__(self):
        self.data = [bytes(512)] * BLOCKS
        self.keys = {}  # host: key, in the order of registration
        self.holder = None  # a host; of all-registrants types None
        self.type = 0
        self.reserved = None  # RESERVE
        self.loaded = True
        self.prevented = set()  # by these hosts
        self.ua = {h: {POWER_ON} for h in HOSTS}

    # --- who is told

    def tell(self, hosts, what, but=None):
        for h in hosts:
            if h != but:
                self.attention(self.ua[h], what)

    @staticmethod
    def attention(pending, what):
        if what in RESETS:
            if any(ua in pending for ua in RESETS[:RESETS.index(what)]):
                return
            pending.difference_update(RESETS)
        if what == MEDIUM_CHANGED:
            pending.discard(MAYBE_CHANGED)
            if POWER_ON in pending:
                what = MAYBE_CHANGED
        pending.add(what)

    # --- conflicts

    def holds(self, host):
        return bool(self.type) and host in self.keys and (self.type >= 7 or self.holder == host)

    def conflicts(self, host, writes):
        if self.reserved not in (None, host):
            return True
        if not self.type or self.holds(host) or (host in self.keys and self.type >= 5):
            return False
        return writes or self.type not in WRITE_TYPES

    def refuses(self, host, writes):
        if self.conflicts(host, writes):
            return CONFLICT
        return None if self.loaded else NO_MEDIUM

    # --- the medium (SBC-4 5.27, SPC-4 table 43)

    def move(self, host, load):
        if not load and self.conflicts(host, True):
            return CONFLICT
        if self.prevented:
            return PREVENTED
        if load and not self.loaded:
            self.tell(HOSTS, MEDIUM_CHANGED, host)
        self.loaded = load
        return None

    def prevent(self, host, on):
        if on and self.conflicts(host, True):
            return CONFLICT
        (self.prevented.add if on else self.prevented.discard)(host)
        return None

    # --- SPC-2

    def spc2(self, host, take):
        if self.keys or (take and self.reserved not in (None, host)):
            return CONFLICT
        if take:
            self.reserved = host
        elif self.reserved == host:
            self.reserved = None
        return None

    # --- PERSISTENT RESERVE OUT

    def unregister(self, host):
        was = self.holds(host)
        del self.keys[host]
        if not self.type or not was:
            return
        if self.type >= 7 and self.keys:
            return
        if self.type >= 5:
            self.tell(self.keys, RES_RELEASED, host)
        self.type, self.holder = 0, None

    def register(self, host, key, new, ignore):
        if not ignore and self.keys.get(host, 0) != key:
            return CONFLICT
        if new:
            self.keys[host] = new
        elif host in self.keys:
            self.unregister(host)
        return None

    def reserve(self, host, kind):
        if kind not in TYPES:
            return BAD_CDB
        if self.type:
            return None if self.holds(host) and self.type == kind else CONFLICT
        self.type, self.holder = kind, None if kind >= 7 else host
        return None

    def release(self, host, kind):
        if not self.holds(host):
            return None
        if kind != self.type:
            return BAD_RELEASE
        if self.type >= 5:
            self.tell(self.keys, RES_RELEASED, host)
        self.type, self.holder = 0, None
        return None

    def clear(self, host):
        self.tell(self.keys, RES_PREEMPTED, host)
        self.keys, self.type, self.holder = {}, 0, None

    def preempt(self, host, kind, key):
        everybody = self.type >= 7
        if not key and not everybody:
            return BAD_PARAM
        if key and key not in self.keys.values():
            return CONFLICT
        theirs = [h for h, k in self.keys.items() if not key or k == key]
        if not (not key if everybody else bool(self.type) and self.keys[self.holder] == key):
            for h in theirs:  # registrations only, and the sender's own is none the better
                self.unregister(h) if h == host else self.keys.pop(h)
            self.tell(theirs, REG_PREEMPTED, host)
            if everybody and not self.keys:
                self.type = 0
            return None
        if kind not in TYPES:
            return BAD_CDB
        for h in theirs:
            if h != host:
                del self.keys[h]
                self.ua[h].add(REG_PREEMPTED)
        if kind != self.type:
            self.tell(self.keys, RES_RELEASED, host)
        self.type, self.holder = kind, None if kind >= 7 else host
        return None

    def out(self, host, action, kind, key, new):
        if self.reserved is not None:
            return CONFLICT
        if action in (REGISTER, REGISTER_IGNORE):
            return self.register(host, key, new, action == REGISTER_IGNORE)
        if self.keys.get(host) != key:
            return CONFLICT
        if action == RESERVE:
            return self.reserve(host, kind)
        if action == RELEASE:
            return self.release(host, kind)
        if action == CLEAR:
            return self.clear(host)
        before = set(self.keys)
        result = self.preempt(host, kind, new)
        if action == PREEMPT_ABORT:  # SPC-4 5.9.11.5: and what these hosts prevent is allowed
            self.prevented -= before - set(self.keys)
        return result

    # --- resets and lost nexuses

    def reset(self, what):
        self.reserved = None
        self.prevented.clear()
        self.tell(HOSTS, what)

    def login(self, host):
        if self.reserved == host:
            self.reserved = None
        self.prevented.discard(host)
        self.ua[host] = {POWER_ON}


class Run:
    def __init__(self, port, iqn, seed):
        self.port, self.iqn, self.rng = port, iqn, random.Random(seed)
        self.disks = {lun: Disk() for lun in LUNS}
        self.sessions = {h: self.connect(h) for h in HOSTS}
        self.said = []

    def connect(self, host):
        return Session(self.port, self.iqn, name=f"iqn.2026-11.org.example:host-{host}", isid=host + 1)

    # --- one command, and what has to come of it

    def send(self, host, lun, cdb, write=b"", read=0):
        status, data, sense = self.sessions[host].command(cdb, write=write, read=read, lun=lun)
        if status == 2:
            return (sense[2] & 15, sense[12], sense[13]), b""
        return {0: None, 0x18: CONFLICT}.get(status, status), data

    def check(self, host, lun, cdb, want, write=b"", read=0, data=None):
        """@want() is called when no Unit Attention is in front of the command."""
        pending = self.disks[lun].ua[host]
        if MAYBE_CHANGED in pending and pending.isdisjoint(RESETS):
            pending.remove(MAYBE_CHANGED)
            got, _ = self.send(host, lun, bytes(6))
            assert got in pending | {MEDIUM_CHANGED, CONFLICT, NO_MEDIUM, None}, got
            pending.discard(got)
        for ua in ATTENTIONS:
            if ua in pending:
                pending.remove(ua)
                expected, data = ua, None
                break
        else:
            expected = want()
        got, answer = self.send(host, lun, cdb, write, read)
        assert got == expected, f"host {host} LUN {lun}: {cdb.hex()}: {got}, not {expected}"
        if expected is None and data is not None:
            assert answer == data(), f"host {host} LUN {lun}: {cdb.hex()}: {answer.hex()}"

    # --- kinds of steps

    def place(self):
        lba = self.rng.randrange(BLOCKS)
        return lba, self.rng.randint(1, min(4, BLOCKS - lba))

    def ready(self, host, lun, disk):
        def want():
            if disk.reserved not in (None, host):
                return CONFLICT
            return None if disk.loaded else NO_MEDIUM

        self.check(host, lun, bytes(6), want)

    def read(self, host, lun, disk):
        lba, n = self.place()
        self.check(host, lun, struct.pack(">BBIxHx", 0x28, 0, lba, n),
                   lambda: disk.refuses(host, False), read=512 * n,
                   data=lambda: b"".join(disk.data[lba:lba + n]))

    def write(self, host, lun, disk):
        lba, n = self.place()
        blocks = [bytes([self.rng.randrange(256)]) * 512 for _ in range(n)]

        def want():
            refused = disk.refuses(host, True)
            if refused:
                return refused
            disk.data[lba:lba + n] = blocks
            return None

        self.check(host, lun, struct.pack(">BBIxHx", 0x2A, 0, lba, n), want, write=b"".join(blocks))

    def compare_and_write(self, host, lun, disk):
        lba = self.rng.randrange(BLOCKS)
        old = self.rng.choice([disk.data[lba], bytes(512)])
        new = bytes([self.rng.randrange(256)]) * 512

        def want():
            refused = disk.refuses(host, True)
            if refused:
                return refused
            if disk.data[lba] != old:
                return MISCOMPARE
            disk.data[lba] = new
            return None

        self.check(host, lun, struct.pack(">BBQxxxBxx", 0x89, 0, lba, 1), want, write=old + new)

    def write_same(self, host, lun, disk):
        lba, n = self.place()
        block = bytes([self.rng.randrange(256)]) * 512

        def want():
            refused = disk.refuses(host, True)
            if refused:
                return refused
            disk.data[lba:lba + n] = [block] * n
            return None

        self.check(host, lun, struct.pack(">BBIxHx", 0x41, 0, lba, n), want, write=block)

    def spc2(self, host, lun, disk):
        take = self.rng.random() < 0.4
        self.check(host, lun, bytes([0x16 if take else 0x17, 0, 0, 0, 0, 0]), lambda: disk.spc2(host, take))

    def medium(self, host, lun, disk):
        if lun != REMOVABLE:
            return
        what = self.rng.choice(["load", "load", "eject", "prevent", "allow", "allow"])
        if what in ("load", "eject"):
            self.check(host, lun, bytes([0x1B, 0, 0, 0, 3 if what == "load" else 2, 0]),
                       lambda: disk.move(host, what == "load"))
        else:
            self.check(host, lun, bytes([0x1E, 0, 0, 0, int(what == "prevent"), 0]),
                       lambda: disk.prevent(host, what == "prevent"))

    def out(self, host, lun, disk):
        action = self.rng.choice([REGISTER] * 3 + [REGISTER_IGNORE, RESERVE, RESERVE, RESERVE, RELEASE,
                                                   PREEMPT, PREEMPT, PREEMPT_ABORT, CLEAR])
        key = disk.keys.get(host, 0)
        if self.rng.random() < 0.1:
            key = self.rng.choice([0, 1, 99])
        new = self.rng.choice([0, 1, 2, 3]) if action != REGISTER else self.rng.choice([1, 1, 2, 3, 0])
        kind = self.rng.choice(TYPES) if self.rng.random() < 0.9 else 2
        if action == RELEASE and disk.type and self.rng.random() < 0.7:
            kind = disk.type
        parameters = struct.pack(">QQ8x", key, new)
        self.check(host, lun, struct.pack(">BBBxxIx", 0x5F, action, kind, 24),
                   lambda: disk.out(host, action, kind, key, new), write=parameters)

    def keys(self, host, lun, disk):
        def answer():
            return sorted(disk.keys.values())

        def want():
            return CONFLICT if disk.reserved is not None else None

        pending = bool(disk.ua[host])
        got = []
        self.check(host, lun, bytes([0x5E, 0, 0, 0, 0, 0, 0, 1, 0, 0]), want, read=256)
        if pending or disk.reserved is not None:
            return
        got, data = self.send(host, lun, bytes([0x5E, 0, 0, 0, 0, 0, 0, 1, 0, 0]), read=256)
        n = struct.unpack_from(">I", data, 4)[0]
        assert sorted(struct.unpack_from(f">{n // 8}Q", data, 8)) == answer(), data.hex()
        got, data = self.send(host, lun, bytes([0x5E, 1, 0, 0, 0, 0, 0, 1, 0, 0]), read=256)
        kind = data[21] & 15 if len(data) > 8 else 0
        key = struct.unpack_from(">Q", data, 8)[0] if kind else 0
        assert (kind, key) == (disk.type, disk.keys[disk.holder] if disk.holder is not None else 0)

    def task_management(self, host, lun, disk):
        function = self.rng.choice([2, 4, 5, 5, 6])  # ABORT and CLEAR TASK SET, resets
        s = self.sessions[host]
        bhs = bytearray(48)
        bhs[0], bhs[1] = 0x42, 0x80 | function
        struct.pack_into(">H", bhs, 8, lun)
        struct.pack_into(">IIII", bhs, 16, 0x7000, 0xFFFFFFFF, s.cmd_sn, s.exp_stat_sn)
        s.send(bhs)
        answer, _ = s.recv()
        assert answer[0] == 0x22 and answer[2] == 0, answer.hex()
        s.exp_stat_sn = struct.unpack_from(">I", answer, 24)[0] + 1
        if function == 5:
            disk.reset(DEVICE_RESET)
        if function == 6:
            for d in self.disks.values():
                d.reset(BUS_RESET)

    def login(self, host, _lun, _disk):
        """The same ISID again: the session of before ends, and with it what it had reserved."""
        self.sessions[host].sock.close()
        self.sessions[host] = self.connect(host)
        for d in self.disks.values():
            d.login(host)

    KINDS = [(ready, 2), (read, 3), (write, 3), (compare_and_write, 2), (write_same, 1), (spc2, 3),
             (medium, 3), (out, 10), (keys, 2), (task_management, 1), (login, 0.5)]

    # --- all of it

    def empty(self):
        """What an earlier seed has left goes."""
        for lun in self.disks:
            for host, s in self.sessions.items():
                for _ in ATTENTIONS:
                    s.command(bytes([0x1B, 0, 0, 0, 3 if lun == REMOVABLE else 1, 0]), lun=lun)
            for host, s in self.sessions.items():
                for _ in ATTENTIONS:
                    s.command(bytes([0x17, 0, 0, 0, 0, 0]), lun=lun)
            for host, s in self.sessions.items():
                s.ready(lun)
                s.command(struct.pack(">BBBxxIx", 0x5F, REGISTER_IGNORE, 0, 24), write=bytes(24), lun=lun)
            s.command(struct.pack(">BBIxHx", 0x41, 0, 0, BLOCKS), write=bytes(512), lun=lun)
        for host in HOSTS:
            self.login(host, None, None)

    def step(self):
        kind = self.rng.choices([k for k, _ in self.KINDS], [w for _, w in self.KINDS])[0]
        host, lun = self.rng.choice(HOSTS), self.rng.choice(LUNS)
        self.said.append(f"{kind.__name__} by host {host} to LUN {lun}")
        kind(self, host, lun, self.disks[lun])


def main():
    port, iqn, steps = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    for seed in sys.argv[4:]:
        run = Run(port, iqn, seed)
        try:
            run.empty()
            for _ in range(steps):
                run.step()
        except Exception:
            print(f"seed {seed}, step {len(run.said)}:", *run.said[-15:], sep="\n  ")
            raise
        print(f"seed {seed}: {steps} steps")


main()
