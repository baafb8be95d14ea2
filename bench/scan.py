#!/usr/bin/env python3
"""bench/scan.py [--load N] [--count N] [--pid PID,...] HOST:PORT

Scans all keys of slotway, or of a single server, and prints calls, keys, time, the slowest call,
and the CPU time that the processes with these ids took for it (Linux).

--load sets N keys, "key:0" and so on, first. To compare: load a cluster through slotway, a single
server of its own beside it, and scan both with the same COUNT:

    bench/scan.py --load 1000000 --count 100 --pid SLOTWAY,NODE,NODE,NODE 127.0.0.1:6380
    bench/scan.py --load 1000000 --count 100 --pid SERVER 127.0.0.1:6379
"""

import argparse
import os
import socket
import time

BATCH = 1000


class Server:
    """A connection that sends requests and reads replies, as few types as SCAN and SET need."""

    def __init__(self, address):
        host, port = address.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)))
        self.file = self.socket.makefile("rb", 1 << 20)

    def send(self, *words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            word = word if isinstance(word, bytes) else str(word).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
        return b"".join(parts)

    def reply(self):
        line = self.file.readline()
        kind, rest = line[:1], line[1:-2]
        if kind == b"*":
            return [self.reply() for _ in range(int(rest))]
        if kind == b"$":
            return self.file.read(int(rest) + 2)[:-2]
        if kind == b"+":
            return rest
        raise SystemExit(line.decode())

    def ask(self, *words):
        self.socket.sendall(self.send(*words))
        return self.reply()


def load(server, count):
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        server.socket.sendall(b"".join(server.send("SET", f"key:{i}", i) for i in numbers))
        for _ in numbers:
            server.reply()


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def scan(server, count):
    cursor, calls, named, keys, slowest = b"0", 0, 0, set(), 0.0
    while calls == 0 or cursor != b"0":
        began = time.monotonic()
        cursor, page = server.ask("SCAN", cursor, "COUNT", count)
        slowest = max(slowest, time.monotonic() - began)
        calls += 1
        named += len(page)
        keys.update(page)
    return calls, named, len(keys), slowest


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[1])
    parser.add_argument("address", metavar="HOST:PORT")
    parser.add_argument("--load", type=int, default=0, metavar="N")
    parser.add_argument("--count", type=int, default=100, metavar="N")
    parser.add_argument("--pid", default="", metavar="PID,...")
    arguments = parser.parse_args()
    server = Server(arguments.address)
    pids = [int(pid) for pid in arguments.pid.split(",") if pid]

    load(server, arguments.load)
    before = [cpu_seconds(pid) for pid in pids]
    began = time.monotonic()
    calls, named, keys, slowest = scan(server, arguments.count)
    seconds = time.monotonic() - began
    spent = [cpu_seconds(pid) - start for pid, start in zip(pids, before)]

    print(f"calls {calls}, keys {keys}, named {named}")
    print(f"seconds {seconds:.2f}, slowest call {slowest * 1000:.1f} ms")
    for pid, cpu in zip(pids, spent):
        print(f"process {pid}: {cpu:.2f} s of CPU")


if __name__ == "__main__":
    main()
