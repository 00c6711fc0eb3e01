#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP proxy that writes what goes through it as a pcap file, from the first byte of each connection on.
Usage: pcap_proxy.py PORT TARGET_PORT FILE; prints a line when it listens."""

import socket
import struct
import sys
import threading
import time

LINKTYPE_IPV4 = 228
SYN, FIN, ACK = 2, 1, 16


class Pcap:
    """Segments of TCP over IPv4 between 127.0.0.1 and itself, without checksums."""

    def __init__(self, path):
        self.file = open(path, "wb")  # pylint: disable=consider-using-with
        self.lock = threading.Lock()
        self.file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, LINKTYPE_IPV4))
        self.file.flush()

    def segment(self, ports, seq, ack, flags, data=b""):
        tcp = struct.pack(">HHIIBBHHH", *ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 5 << 4, flags, 65535, 0, 0) + data
        addr = socket.inet_aton("127.0.0.1")
        packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, addr, addr) + tcp
        now = time.time()
        head = struct.pack("<IIII", int(now), int(now % 1 * 1e6), len(packet), len(packet))
        with self.lock:
            self.file.write(head + packet)
            self.file.flush()


class Connection:
    """Both directions of one connection; 0 is what the initiator sends."""

    def __init__(self, pcap, client, target_port):
        self.pcap, self.port = pcap, target_port
        self.socks = [client, socket.create_connection(("127.0.0.1", target_port))]
        self.ports = [(client.getpeername()[1], target_port), (target_port, client.getpeername()[1])]
        self.seq = [1, 1]
        self.lock = threading.Lock()
        pcap.segment(self.ports[0], 0, 0, SYN)
        pcap.segment(self.ports[1], 0, 1, SYN | ACK)
        for way in (0, 1):
            threading.Thread(target=self.pump, args=(way,), daemon=True).start()

    def pump(self, way):
        try:
            while data := self.socks[way].recv(32768):
                with self.lock:
                    self.pcap.segment(self.ports[way], self.seq[way], self.seq[1 - way], ACK, data)
                    self.seq[way] += len(data)
                self.socks[1 - way].sendall(data)
        except OSError:
            pass
        with self.lock:
            self.pcap.segment(self.ports[way], self.seq[way], self.seq[1 - way], FIN | ACK)
            self.seq[way] += 1
        for sock in self.socks:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def main():
    pcap = Pcap(sys.argv[3])
    listener = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=64)
    print("listening", flush=True)
    while True:
        client = listener.accept()[0]
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        Connection(pcap, client, int(sys.argv[2]))


if __name__ == "__main__":
    main()
