"""whole.py - how many instructions slotway executes for a request, in front of a real cluster.

Three nodes of redis-server run as they are; slotway, with one worker, runs under callgrind. It is
run twice, for N requests and for three times as many, and what the second run has more is what 2 N
requests cost: start, connections and the end fall out.
"""

import os
import socket
import subprocess
from typing import NamedTuple

from counted import callgrind
from harness import wire
from harness.nodes import Nodes
from harness.processes import Children, Failure, free_ports, program

ROOT = os.path.abspath(f"{os.path.dirname(__file__)}/../..")
START_SECONDS = 60
END_SECONDS = 60
FILL_PIPELINE = 64
KEY = "key:%s"  # a number of twelve digits
# Where everything takes fifty times as long, nothing of what slotway does about slowness may show:
# it is not what a request costs elsewhere.
PATIENCE = {
    "SLOTWAY_SLOWLOG_SLOWER_THAN": "1h",
    "SLOTWAY_BACKEND_SILENT_AFTER": "1m",
    "SLOTWAY_BACKEND_REFRESH": "1h",
    "SLOTWAY_TIMEOUTS_REQUEST": "1h",
    "SLOTWAY_WATCHDOG_AFTER": "0s",
    "SLOTWAY_DRAIN_SPREAD": "0s",
    "SLOTWAY_LOG_LEVEL": "warn",
}


class Work(NamedTuple):
    """What is asked of slotway, by redis-benchmark."""

    title: str
    words: tuple  # KEY is a random one
    clients: int
    pipeline: int
    value: int  # bytes
    keys: int
    requests: int  # of the shorter run
    is_steady: bool = True  # or it depends on how replies come in pieces: only to be profiled


GET = ("GET", "KEY")
SET = ("SET", "KEY", "VALUE")
MGET = ("MGET", *["KEY"] * 10)
WORKS = {
    "get16": Work("GET, 50 clients, pipeline 16", GET, 50, 16, 32, 16384, 20000),
    "set16": Work("SET, 50 clients, pipeline 16", SET, 50, 16, 32, 16384, 20000),
    "get1": Work("GET, 50 clients", GET, 50, 1, 32, 16384, 10000),
    "get64": Work("GET, 1 client, pipeline 64", GET, 1, 64, 32, 16384, 20000),
    "mget": Work("MGET of 10 keys, 50 clients", MGET, 50, 1, 32, 16384, 2000),
    "get16-1k": Work("GET of 1 KiB, 50 clients, pipeline 16", GET, 50, 16, 1024, 4096, 10000),
    "set16-1k": Work("SET of 1 KiB, 50 clients, pipeline 16", SET, 50, 16, 1024, 4096, 10000),
    "get1-16k": Work("GET of 16 KiB, 1 client", GET, 1, 1, 16384, 512, 2000),
    "set1-16k": Work("SET of 16 KiB, 1 client", SET, 1, 1, 16384, 512, 2000),
    "get1-16k-c50": Work("GET of 16 KiB, 50 clients", GET, 50, 1, 16384, 512, 5000, False),
    "set1-16k-c50": Work("SET of 16 KiB, 50 clients", SET, 50, 1, 16384, 512, 5000, False),
}
STEADY = [name for name, work in WORKS.items() if work.is_steady]


class Bench:
    """A cluster of its own, and the slotway that is measured in front of it."""

    def __init__(self, binary, folder=None):
        self.binary = binary
        self.children = Children()
        self.folder = os.path.abspath(folder or self.children.folder)
        self.filled = None

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        self.nodes = Nodes("cluster", self.children)
        self.port = free_ports(1)[0]
        return self

    def __exit__(self, *_):
        self.children.__exit__()

    def start(self, before=()):
        """slotway behind the words of `before`, as soon as it serves."""
        child = self.children.start("slotway", [
            *before, self.binary, "--workers", 1, "--admin", "off",
            "--listen", f"127.0.0.1:{self.port}", "--seed", self.nodes.addresses()[0],
        ], environment=PATIENCE)
        self.children.await_answer(child, lambda: wire.takes_writes(self.port), START_SECONDS)
        return child

    def end(self, child):
        """SIGTERM, and the end of a process that writes its dump when it ends well."""
        child.process.terminate()
        if child.process.wait(END_SECONDS) != 0:
            raise Failure(f"slotway has ended badly: {child.last_words()}")
        self.children.end(child)

    def fill(self, work):
        """Each key gets its value, through a slotway that nobody counts."""
        if self.filled == (work.value, work.keys):
            return
        child = self.start()
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            replies = connection.makefile("rb")
            for first in range(0, work.keys, FILL_PIPELINE):
                numbers = range(first, min(first + FILL_PIPELINE, work.keys))
                connection.sendall(b"".join(
                    wire.encode(["SET", KEY % f"{number:012d}", "v" * work.value])
                    for number in numbers))
                for _ in numbers:
                    wire.read_reply(replies)
        self.end(child)
        self.filled = (work.value, work.keys)

    def load(self, work, count):
        meant = {"KEY": KEY % "__rand_int__", "VALUE": "v" * work.value}
        words = [meant.get(word, word) for word in work.words]
        subprocess.run(
            [program("redis-benchmark"), "-h", "127.0.0.1", "-p", str(self.port),
             "-c", str(work.clients), "-P", str(work.pipeline), "-n", str(count),
             "-r", str(work.keys), "-q", *words],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def count(self, name, work, count):
        """The profile of slotway's whole life with so many requests."""
        dump = f"{self.folder}/{name}-{count}.callgrind"
        child = self.start(callgrind.prefix(dump))
        self.load(work, count)
        self.end(child)
        return callgrind.read_profile(dump)

    def measure(self, name):
        """The profile of 2 * WORKS[name].requests requests."""
        work = WORKS[name]
        self.fill(work)
        few = self.count(name, work, work.requests)
        return self.count(name, work, 3 * work.requests).minus(few)
