#!/usr/bin/env python3
"""bench/soak.py --proxy HOST:PORT --pid PID [--gigabytes N] [--value MB] [--readers N]

Pulls N gigabytes through slotway with readers that are slower than it, beside a client that asks
for much and never reads, and prints what memory slotway took: before, at most, and afterwards.

slotway has to run already, in front of a cluster, on this machine: --pid is its process. Readers
read a large value again and again, through a small receive buffer, and pause now and then. The dead
reader asks until slotway reads no more of it, and is left alone; when it is disconnected, at
clients.output_bytes or because memory is short, another one takes its place. Linux only.
"""

import argparse
import multiprocessing
import os
import random
import socket
import time

MEGABYTE = 1 << 20
PIECE = 256 * 1024


def status_megabytes(pid, name):
    """A field of /proc/PID/status: VmRSS is what it holds, VmHWM the most it ever did."""
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith(name + ":"):
                return int(line.split()[1]) / 1024
    raise ValueError(name)


def forget_peak(pid):
    with open(f"/proc/{pid}/clear_refs", "w") as file:
        file.write("5")


def connect(address, receive_buffer=None):
    host, port = address.rsplit(":", 1)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    connection = socket.socket(family, socket.SOCK_STREAM)
    if receive_buffer is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.connect((host.strip("[]"), int(port)))
    return connection


def request(*words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


def set_value(address, key, size):
    with connect(address) as connection:
        connection.sendall(request("SET", key, os.urandom(MEGABYTE) * (size // MEGABYTE)))
        answer = connection.recv(100)
        if answer != b"+OK\r\n":
            raise SystemExit(f"SET was answered with {answer!r}")


def read_whole(connection, size, buffer):
    while size > 0:
        count = connection.recv_into(buffer, min(size, len(buffer)))
        if count == 0:
            raise SystemExit("slotway closed the connection of a reader")
        size -= count


def read_slowly(address, key, size, total, done):
    """A reader: takes its share, and pauses now and then with much of a reply unread."""
    buffer = memoryview(bytearray(PIECE))
    reply = size + len(b"$%d\r\n\r\n" % size)
    with connect(address, receive_buffer=PIECE) as connection:
        while total > 0:
            connection.sendall(request("GET", key))
            read_whole(connection, reply // 2, buffer)
            if random.random() < 0.02:
                time.sleep(0.05)
            read_whole(connection, reply - reply // 2, buffer)
            total -= reply
            with done.get_lock():
                done.value += reply


def never_read(address, key, deaths):
    """Asks for much and reads nothing, for ever."""
    while True:
        try:
            with connect(address, receive_buffer=4096) as connection:
                while True:
                    connection.sendall(request("GET", key))
                    time.sleep(0.01)
        except OSError:
            with deaths.get_lock():
                deaths.value += 1
            time.sleep(0.1)


def watch(options, readers, done):
    """Tells how it goes until all readers are done; the most memory that was seen."""
    started = time.monotonic()
    told = started
    while any(reader.is_alive() for reader in readers):
        time.sleep(0.2)
        if time.monotonic() - told >= 10:
            told = time.monotonic()
            gigabytes = done.value / 1e9
            print(f"  {gigabytes:8.1f} GB  {gigabytes / (told - started):5.2f} GB/s  "
                  f"RSS {status_megabytes(options.pid, 'VmRSS'):6.0f} MB", flush=True)
    if any(reader.exitcode != 0 for reader in readers):
        raise SystemExit("a reader failed")
    return time.monotonic() - started


def settled(pid, baseline):
    """Waits until memory is near its baseline, or does not get there."""
    for _ in range(300):
        if status_megabytes(pid, "VmRSS") < baseline + 16:
            break
        time.sleep(0.1)
    return status_megabytes(pid, "VmRSS")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--proxy", default="127.0.0.1:6380", help="where slotway listens")
    parser.add_argument("--pid", type=int, required=True, help="slotway's process")
    parser.add_argument("--gigabytes", type=float, default=2, help="how much the readers take")
    parser.add_argument("--value", type=int, default=16, help="megabytes of the value they read")
    parser.add_argument("--readers", type=int, default=2)
    options = parser.parse_args()

    size = options.value * MEGABYTE
    set_value(options.proxy, "soak", size)
    time.sleep(3)
    baseline = status_megabytes(options.pid, "VmRSS")
    forget_peak(options.pid)

    done = multiprocessing.Value("q", 0)
    deaths = multiprocessing.Value("q", 0)
    share = int(options.gigabytes * 1e9 / options.readers)
    readers = [multiprocessing.Process(target=read_slowly, daemon=True,
                                       args=(options.proxy, "soak", size, share, done))
               for _ in range(options.readers)]
    dead = multiprocessing.Process(target=never_read, daemon=True,
                                   args=(options.proxy, "soak", deaths))
    for process in [dead, *readers]:
        process.start()
    seconds = watch(options, readers, done)
    peak = status_megabytes(options.pid, "VmHWM")
    dead.terminate()
    dead.join()
    after = settled(options.pid, baseline)
    print(f"{done.value / 1e9:.1f} GB in {seconds:.0f} s, the dead reader was disconnected "
          f"{deaths.value} times")
    print(f"RSS before {baseline:.0f} MB, at most {peak:.0f} MB, afterwards {after:.0f} MB")


if __name__ == "__main__":
    main()
