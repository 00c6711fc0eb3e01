#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""tcp_say.py PORT: sends standard input to a port of 127.0.0.1 and prints what comes back."""
import socket
import sys

with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 10) as s:
    s.sendall(sys.stdin.buffer.read())
    try:
        while data := s.recv(65536):
            sys.stdout.buffer.write(data)
    except ConnectionResetError:
        pass
