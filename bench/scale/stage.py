"""stage.py - slotway in front of a pretended cluster, for measuring and for tests.

    stage = Stage(slotway, nodes, node_count=200, workers=2)
    stage.nodes.order("move 0 32 5")     what the cluster does
    stage.slotway.metric("slotway_topology_adopted_total")

All of it ends with this process: nodes at the end of its stdin, slotway by the kernel.
"""

import ctypes
import os
import random
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request

from harness.processes import is_free

SLOTS = 16384
WAIT_SECONDS = 60
FIRST_PORT = 12000
PORTS_END = 32000  # the kernel's own begin above
PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 0.5
LOOKS = 6  # at the memory that must show the same
LOOKS_MAX = 40
SAME_KB = 32  # a refresh moves it by so much


def wait_for(condition, what):
    """Until `condition` holds, with a deadline far longer than anything takes."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {WAIT_SECONDS} s in vain: {what}")
        time.sleep(0.01)


def settled_kb(process):
    """Its memory once nothing more is handed back: free lists and the allocator take seconds."""
    seen = [process.memory_kb()]
    while len(seen) < LOOKS_MAX and (
        len(seen) < LOOKS or max(seen[-LOOKS:]) - min(seen[-LOOKS:]) > SAME_KB
    ):
        time.sleep(LOOK_SECONDS)
        seen.append(process.memory_kb())
    return statistics.median_low(seen[-LOOKS:])


def free_ports(count):
    """The first of `count` free ports in a row."""
    while True:
        base = random.randrange(FIRST_PORT, PORTS_END - count)
        if all(is_free(base + i) for i in range(count)):
            return base


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


def slot_of(key):
    return crc16(key) % SLOTS


def request(*words):
    parts = [b"*%d\r\n" % len(words)]
    parts += [b"$%d\r\n%s\r\n" % (len(word), word) for word in words]
    return b"".join(parts)


class Process:
    """A child that ends when this process does, and what the kernel says of it."""

    def __init__(self, arguments, environment=None, **pipes):
        self.log = tempfile.TemporaryFile()
        self.child = subprocess.Popen(
            arguments,
            env={**os.environ, **(environment or {})},
            preexec_fn=lambda: ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL),
            stderr=self.log,
            **pipes,
        )
        self.pid = self.child.pid

    def words(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def has_ended(self):
        return self.child.poll() is not None

    def cpu_us(self):
        """CPU time of all its threads, user and system, exactly."""
        return time.clock_gettime_ns(~self.pid << 3 | 2) / 1000

    def cpu_us_by_thread(self):
        """The same by the threads' names, in the kernel's ticks of 10 ms."""
        tick = 1000000 // os.sysconf("SC_CLK_TCK")
        found = {}
        for thread in os.listdir(f"/proc/{self.pid}/task"):
            with open(f"/proc/{self.pid}/task/{thread}/stat") as file:
                name, rest = file.read().split("(", 1)[1].rsplit(")", 1)
            fields = rest.split()
            found[name] = found.get(name, 0) + (int(fields[11]) + int(fields[12])) * tick
        return found

    def memory_kb(self, field="VmRSS"):
        """VmRSS is what it holds, VmHWM the most it ever did."""
        with open(f"/proc/{self.pid}/status") as file:
            for line in file:
                if line.startswith(field + ":"):
                    return int(line.split()[1])
        raise ValueError(field)

    def forget_peak(self):
        with open(f"/proc/{self.pid}/clear_refs", "w") as file:
            file.write("5")

    def end(self):
        self.child.terminate()
        try:
            self.child.wait(WAIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.log.close()


class Nodes(Process):
    """The pretended cluster; bench/nodes tells what it can be ordered."""

    def __init__(self, program, count, replicas, value_size):
        self.count = count
        self.port = free_ports(count)
        self.value_size = value_size
        super().__init__(
            [program, "--nodes", str(count), "--replicas", str(replicas)]
            + ["--base-port", str(self.port), "--value-size", str(value_size)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        if self.child.stdout.readline() != "ready\n":
            raise RuntimeError(f"the pretended cluster does not start: {self.words()}")

    def order(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()
        return self.child.stdout.readline().strip()

    def report(self):
        return {
            name: int(value)
            for name, value in (part.split("=") for part in self.order("report").split())
        }

    def end(self):
        self.child.stdin.close()
        super().end()
        self.child.stdout.close()


class Slotway(Process):
    def __init__(self, program, seed_port, workers, options):
        self.port = free_ports(2)
        self.admin = self.port + 1
        super().__init__(
            [program],
            environment={
                "SLOTWAY_WORKERS": str(workers),
                "SLOTWAY_LISTEN": f"127.0.0.1:{self.port}",
                "SLOTWAY_ADMIN_LISTEN": f"127.0.0.1:{self.admin}",
                "SLOTWAY_BACKEND_SEEDS": f"127.0.0.1:{seed_port}",
                **{"SLOTWAY_" + name: str(value) for name, value in options.items()},
            },
            stdout=subprocess.DEVNULL,
        )
        wait_for(self.is_ready, "slotway is ready")
        self.cpu_us_until_ready = self.cpu_us()

    def is_ready(self):
        if self.has_ended():
            raise RuntimeError(f"slotway does not start: {self.words()}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/readyz") as answer:
                return answer.status == 200
        except OSError:
            return False

    def metrics(self):
        """The values of /metrics by name with labels, and their sums by name without."""
        found = {}
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/metrics") as answer:
            for line in answer.read().decode().splitlines():
                if line and not line.startswith("#"):
                    name, value = line.rsplit(" ", 1)
                    plain = name.split("{")[0]
                    found[name] = float(value)
                    if plain != name:
                        found[plain] = found.get(plain, 0) + float(value)
        return found

    def metric(self, name):
        return int(self.metrics()[name])


class Client:
    """One blocking connection that is asked one thing at a time."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_SECONDS)
        self.file = self.socket.makefile("rb")

    def ask(self, *words):
        """The reply: its line, or for a bulk string what is in it."""
        self.socket.sendall(request(*words))
        line = self.file.readline()
        if line.startswith(b"$") and line != b"$-1\r\n":
            return self.file.read(int(line[1:]) + 2)[:-2]
        return line[:-2]

    def close(self):
        self.file.close()
        self.socket.close()


class Stage:
    """A pretended cluster and slotway before it; options by their environment's names, without
    the SLOTWAY_ before them."""

    def __init__(self, programs, node_count, workers=1, replicas=0, value_size=64, **options):
        slotway, nodes = programs
        self.slotway = None
        self.nodes = Nodes(nodes, node_count, replicas, value_size)
        self.primaries = node_count // (replicas + 1)
        try:
            self.slotway = Slotway(slotway, self.nodes.port, workers, options)
        except BaseException:
            self.end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        if self.slotway is not None:
            self.slotway.end()
        self.nodes.end()

    def keys_of_all_primaries(self):
        """One key for each, as the slots are shared at first."""
        keys = {}
        number = 0
        while len(keys) < self.primaries:
            key = b"key:%d" % number
            keys.setdefault(slot_of(key) * self.primaries // SLOTS, key)
            number += 1
        return [keys[i] for i in range(self.primaries)]
