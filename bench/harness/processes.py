"""Programs that the benchmark starts. They end with it, however it ends."""

import os
import random
import resource
import shutil
import socket
import subprocess
import tempfile
import time

# Ports below those that the kernel gives to clients; a cluster's node has a second one above.
PORTS = range(12000, 21000)
BUS = 10000
END_SECONDS = 5


class Failure(Exception):
    """Why there are no figures, in words for people."""


def wait_until(seconds, condition):
    """Asks until the condition holds; False once the seconds are over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_given = set()  # who was given one has not always begun to listen when the next is asked for


def free_ports(count):
    """So many ports in a row that nobody has, with their bus ports, and that were not given before."""
    for _ in range(1000):
        first = random.choice(PORTS)
        ports = range(first, first + count)
        if _given.isdisjoint(ports) and all(is_free(port) and is_free(port + BUS) for port in ports):
            _given.update(ports)
            return list(ports)
    raise Failure(f"there are no {count} free ports in a row")


def raise_descriptor_limit(wanted):
    """As near to `wanted` as this user may get; returns what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for limit in ((wanted, max(hard, wanted)), (min(wanted, hard), hard)):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, limit[0]), limit[1]))
            break
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def bound(command, signal="KILL"):
    """The command, so that it gets the signal when this process dies, even of SIGKILL."""
    return ["setpriv", "--pdeathsig", signal, "--", *map(str, command)]


class Child:
    """One started program and what it says."""

    def __init__(self, name, process, log):
        self.name = name
        self.process = process
        self.log = log

    @property
    def pid(self):
        return self.process.pid

    def is_alive(self):
        return self.process.poll() is None

    def last_words(self):
        with open(self.log, errors="replace") as file:
            lines = [line.strip() for line in file if line.strip()]
        return "; ".join(lines[-3:]) or "it said nothing"

    def pids(self):
        """Its process and those that it started."""
        return family(self.pid)


def family(pid):
    found = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                for child in file.read().split():
                    found += family(int(child))
    except FileNotFoundError:
        pass  # a thread or process that has just ended
    return found


class Children:
    """All that was started, and a folder for it. Use it in a `with`: at its end all is gone."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="slotway-bench-")
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for child in self.running:
            child.process.terminate()
        for child in reversed(self.running[:]):
            self.end(child)
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def start(self, name, command, *, environment=None, signal="KILL"):
        """Starts it, bound to this process; what it says goes to a file of the folder."""
        log = self.path(f"{name}.log")
        try:
            with open(log, "ab") as output:
                process = subprocess.Popen(
                    bound(command, signal), stdin=subprocess.DEVNULL, stdout=output,
                    stderr=output, cwd=self.folder, env={**os.environ, **(environment or {})})
        except OSError as error:
            raise Failure(f"{name} cannot be started: {error}") from error
        child = Child(name, process, log)
        self.running.append(child)
        return child

    def end(self, child):
        """Asks it to end, and kills it when it does not."""
        if child.is_alive():
            child.process.terminate()
        try:
            child.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
        if child in self.running:
            self.running.remove(child)

    def await_answer(self, child, condition, seconds=20):
        """Until the condition holds; a child that ends instead, or is too slow, is a Failure."""
        if not wait_until(seconds, lambda: not child.is_alive() or condition()) \
                or not child.is_alive():
            raise Failure(f"{child.name} does not start: {child.last_words()}")


def program(name):
    """The path of a program, or a Failure that says how to get it."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        raise Failure(f"there is no {name}; script/bootstrap --with bench installs what Debian has")
    return found
