# SPDX-License-Identifier: GPL-2.0-or-later
"""The login of an initiator (RFC 7143 chapter 6), with CHAP and as many rounds as the target wants.
Used by initiator.py; needs only send(bhs, data) and recv() of a connection."""

import base64
import hashlib
import os
import struct

ALGORITHMS = {5: "md5", 6: "sha1", 7: "sha256", 8: "sha3_256"}
SECURITY, OPERATIONAL, FULL_FEATURE = 0, 1, 3
# What a target says without asking for an answer (RFC 7143 13.8, 13.9, 13.12).
DECLARED = ("TargetAddress", "TargetAlias", "TargetPortalGroupTag", "MaxRecvDataSegmentLength")


class Refused(Exception):
    """A Login Response with a status; .status is class and detail."""

    def __init__(self, status):
        super().__init__("login status %04x" % status)
        self.status = status


class Wrong(Exception):
    """The target is not who it should be, or breaks the protocol."""


def number(text):
    return int(text, 16 if text[:2].lower() == "0x" else 10)


def binary(text):
    if text[:2].lower() == "0b":
        return base64.b64decode(text[2:], validate=True)
    return bytes.fromhex(text[2:])


class Chap:
    """The secrets of a login. @target: name and secret that the target must prove, or None."""

    def __init__(self, user, secret, target=None, algorithms=(8, 7, 6, 5), in_base64=False):
        self.user, self.secret, self.target = user, secret, target
        self.algorithms, self.in_base64 = algorithms, in_base64
        self.chosen = None
        self.challenge = os.urandom(32)

    def digest(self, identifier, secret, challenge):
        h = hashlib.new(ALGORITHMS[self.chosen])
        h.update(bytes([identifier]) + secret.encode() + challenge)
        return h.digest()

    def text(self, data):
        return "0b" + base64.b64encode(data).decode() if self.in_base64 else "0x" + data.hex()

    def respond(self, keys):
        """The answer to the target's challenge."""
        self.chosen = number(keys["CHAP_A"])
        if self.chosen not in self.algorithms:
            raise Wrong("an algorithm that was not offered")
        own = self.digest(number(keys["CHAP_I"]), self.secret, binary(keys["CHAP_C"]))
        text = [f"CHAP_N={self.user}", f"CHAP_R={self.text(own)}"]
        if self.target:
            text += ["CHAP_I=77", f"CHAP_C={self.text(self.challenge)}"]
        return text

    def verify(self, keys):
        if not self.target:
            return
        if keys.get("CHAP_N") != self.target[0]:
            raise Wrong("the target has another name")
        if binary(keys["CHAP_R"]) != self.digest(77, self.target[1], self.challenge):
            raise Wrong("the target has another secret")


class Login:
    """One login on @conn. After run(): .keys of the target, .tsih and .rounds."""

    def __init__(self, conn, isid=1, tsih=0, cid=0, piece=8192):
        self.conn, self.isid, self.tsih, self.cid = conn, isid, tsih, cid
        self.piece = piece  # bytes of text in one request; the rest follows, by the C bit
        self.keys, self.rounds, self.given_tsih = {}, 0, 0
        self.offered = set()

    def send(self, flags, data):
        bhs = bytearray(48)
        bhs[0], bhs[1], bhs[8] = 0x43, flags, 0x80
        struct.pack_into(">H", bhs, 10, self.isid)
        struct.pack_into(">H", bhs, 14, self.tsih)
        struct.pack_into(">IHxxII", bhs, 16, 1, self.cid, self.conn.cmd_sn, self.conn.exp_stat_sn)
        self.conn.send(bhs, data)
        self.rounds += 1

    def receive(self):
        """Keys and flags of a response."""
        bhs, data = self.conn.recv()
        status = bhs[36] << 8 | bhs[37]
        if status:
            raise Refused(status)
        self.conn.exp_stat_sn = struct.unpack_from(">I", bhs, 24)[0] + 1
        self.given_tsih = struct.unpack_from(">H", bhs, 14)[0]
        pairs = [p.decode().partition("=") for p in data.split(b"\0") if p]
        return {k: v for k, _, v in pairs}, bhs[1]

    def request(self, stage, text, to=None):
        """One round of a stage, to go on to the stage @to; keys and flags of the response."""
        data = b"".join(t.encode() + b"\0" for t in text)
        self.offered |= {t.partition("=")[0] for t in text}
        while len(data) > self.piece:
            self.send(0x40 | stage << 2, data[:self.piece])
            if self.receive()[0]:
                raise Wrong("text in the answer to a part")
            data = data[self.piece:]
        self.send(stage << 2 | (0x80 | to if to is not None else 0), data)
        keys, flags = self.receive()
        self.keys.update(keys)
        return keys, flags

    def security(self, names, chap):
        keys, _ = self.request(SECURITY, [*names, "AuthMethod=CHAP"])
        if keys.get("AuthMethod") != "CHAP":
            raise Wrong("AuthMethod=%s" % keys.get("AuthMethod"))
        keys, _ = self.request(SECURITY, ["CHAP_A=" + ",".join(map(str, chap.algorithms))])
        keys, flags = self.request(SECURITY, chap.respond(keys), OPERATIONAL)
        chap.verify(keys)
        if not flags & 0x80:
            raise Wrong("the target does not move on")

    def answers(self, keys):
        """To what the target offers of itself: as it wishes, but for digests."""
        out = []
        for key, value in keys.items():
            if key in self.offered or key in DECLARED:
                continue
            digest = key.endswith("Digest")
            if digest and "None" not in value.split(","):
                raise Wrong("the target wants " + key)
            out.append(f"{key}={'None' if digest else value}")
        return out

    def run(self, names, keys=(), chap=None):
        """@names go with the first request, @keys are the operational ones."""
        text = [*names, *keys]
        if chap:
            self.security(names, chap)
            text = list(keys)
        said, flags = self.request(OPERATIONAL, text, FULL_FEATURE)
        while flags & 0x83 != 0x83:
            if self.rounds > 20:
                raise Wrong("the login does not end")
            said, flags = self.request(OPERATIONAL, self.answers(said), FULL_FEATURE)
        self.tsih = self.given_tsih
        return self
