#!/usr/bin/env python3
"""pool_client.py PORT CLIENTS REQUESTS - clients as those of a connection pool, until stdin ends.

Each counts without pause in a key of its own, connects anew after REQUESTS, and before a request
looks whether its connection still stands. A connection that ends under a request that has just been
sent is no error as long as that was not executed: who hesitates between the look and the request
may find that, as documented, and on an emulated machine all do at times. The last line on stdout
says what went wrong: `errors 0` if nothing did.
"""

import collections
import os
import select
import socket
import sys
import threading
import time

PATIENCE = 60  # seconds for a connection or a reply: an emulated machine is slow


class Client(threading.Thread):
    def __init__(self, number, port, limit, over):
        super().__init__()
        self.port, self.limit, self.over = port, limit, over
        self.request = f"INCR client:{os.getpid()}:{number}\r\n".encode()
        self.value = 0
        self.counts = collections.Counter()
        self.errors = []
        self.connection = None

    def connect(self):
        self.connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        self.counts["connections"] += 1
        self.used = 0

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def reply(self):
        """The line that comes, or what there is of it when the connection ends."""
        line = b""
        try:
            self.connection.sendall(self.request)
            while not line.endswith(b"\r\n"):
                more = self.connection.recv(256)
                if not more:
                    break
                line += more
        except (BrokenPipeError, ConnectionResetError):
            pass
        return line.decode()

    def ask(self):
        line = self.reply()
        if not line:
            self.counts["late"] += 1
            self.close()
        elif line == f":{self.value + 1}\r\n":
            self.value += 1
            self.used += 1
            self.counts["requests"] += 1
        else:
            raise OSError(f"after {self.value} came '{line.strip()}'")

    def turn(self):
        if self.connection is not None and select.select([self.connection], [], [], 0)[0]:
            self.counts["ended"] += 1
            self.close()
        if self.connection is None:
            self.connect()
        self.ask()
        if self.connection is not None and self.used == self.limit:
            self.close()

    def run(self):
        while not self.over.is_set():
            try:
                self.turn()
            except OSError as error:
                self.errors.append(str(error))
                self.close()
                time.sleep(0.05)


def main():
    over = threading.Event()
    port, count, limit = (int(text) for text in sys.argv[1:4])
    clients = [Client(number, port, limit, over) for number in range(count)]
    for client in clients:
        client.start()
    sys.stdin.read()
    over.set()
    for client in clients:
        client.join()
    print(dict(sum((client.counts for client in clients), collections.Counter())))
    errors = [error for client in clients for error in client.errors]
    print(f"errors {len(errors)} {errors[:3] if errors else ''}".strip())


main()
