"""whole.py - how many instructions slotway executes for a request, in front of a real cluster.

Three nodes of redis-server run as they are; slotway, with one worker, runs under callgrind. It is
run twice, for N requests and for three times as many, and what the second run has more is what 2 N
requests cost: start, connections and the end fall out.
"""

import os
import random
import socket
import subprocess
import tempfile
import time
from typing import NamedTuple

from counted import callgrind

ROOT = os.path.abspath(f"{os.path.dirname(__file__)}/../..")
NODES = 3
START_SECONDS = 60
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


def request(*words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports():
    """The first of NODES + 1 ports that are free, with the nodes' bus ports; below those that the
    kernel gives to clients."""
    while True:
        first = random.randrange(12000, 21000)
        wanted = [*range(first, first + NODES + 1), *range(first + 10000, first + 10000 + NODES)]
        if all(port_is_free(port) for port in wanted):
            return first


def answers(port):
    """Does a server there serve SET, which takes a cluster?"""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=START_SECONDS) as connection:
            connection.sendall(request("SET", "probe", "bench"))
            return connection.recv(100) == b"+OK\r\n"
    except OSError:
        return False


def await_answer(port, process, log):
    """Waits until slotway serves."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if answers(port):
            return
        time.sleep(0.05)
    process.kill()
    process.wait()
    with open(log, encoding="utf-8", errors="replace") as file:
        raise SystemExit(f"slotway does not start: {file.read()[-1000:]}")


class Bench:
    """A cluster in a folder of its own, and the slotway that is measured in front of it."""

    def __init__(self, binary, folder=None):
        self.binary = binary
        self.scratch = tempfile.TemporaryDirectory()
        self.folder = folder or self.scratch.name
        self.port = free_ports()
        self.filled = None

    def cluster(self, *words):
        subprocess.run([f"{ROOT}/script/cluster", "--dir", f"{self.scratch.name}/cluster", *words],
                       check=True, stdout=subprocess.DEVNULL)

    def __enter__(self):
        os.makedirs(self.folder, exist_ok=True)
        self.cluster("--base-port", str(self.port), "--nodes", str(NODES), "--password", "",
                     "--set", 'save ""', "create")
        return self

    def __exit__(self, *_):
        if os.path.exists(f"{self.scratch.name}/cluster/settings"):
            self.cluster("destroy")
        self.scratch.cleanup()

    def start(self, before=()):
        """slotway behind the words of `before`, as soon as it serves."""
        log = f"{self.scratch.name}/slotway.log"
        with open(log, "wb") as file:
            process = subprocess.Popen(
                [*before, self.binary, "--workers", "1", "--admin", "off",
                 "--listen", f"127.0.0.1:{self.port + NODES}", "--seed", f"127.0.0.1:{self.port}"],
                stdout=file, stderr=file, env={**os.environ, **PATIENCE})
        await_answer(self.port + NODES, process, log)
        return process

    def fill(self, work):
        """Each key gets its value, through a slotway that nobody counts."""
        if self.filled == (work.value, work.keys):
            return
        process = self.start(["setpriv", "--pdeathsig", "TERM", "--"])
        with socket.create_connection(("127.0.0.1", self.port + NODES)) as connection:
            replies = connection.makefile("rb")
            for number in range(work.keys):
                connection.sendall(request("SET", KEY % f"{number:012d}", b"v" * work.value))
                if number % 64 == 63:
                    check_replies(replies, 64)
            check_replies(replies, work.keys % 64)
        callgrind.end(process)
        self.filled = (work.value, work.keys)

    def load(self, work, count):
        meant = {"KEY": KEY % "__rand_int__", "VALUE": "v" * work.value}
        words = [meant.get(word, word) for word in work.words]
        subprocess.run(
            ["redis-benchmark", "-h", "127.0.0.1", "-p", str(self.port + NODES),
             "-c", str(work.clients), "-P", str(work.pipeline), "-n", str(count),
             "-r", str(work.keys), "-q", *words],
            check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def count(self, name, work, count):
        """The profile of slotway's whole life with so many requests."""
        dump = f"{self.folder}/{name}-{count}.callgrind"
        process = self.start(callgrind.prefix(dump))
        try:
            self.load(work, count)
            callgrind.end(process)
        finally:
            process.kill()
            process.wait()
        return callgrind.read_profile(dump)

    def measure(self, name):
        """The profile of 2 * WORKS[name].requests requests."""
        work = WORKS[name]
        self.fill(work)
        few = self.count(name, work, work.requests)
        return self.count(name, work, 3 * work.requests).minus(few)


def check_replies(replies, count):
    for _ in range(count):
        reply = replies.readline()
        if reply != b"+OK\r\n":
            raise SystemExit(f"SET was answered with {reply!r}")
