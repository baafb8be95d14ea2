"""What a run costs: CPU time, memory, system calls."""

import os
import shutil
import subprocess
import time

from .processes import Failure, bound, wait_until

TRACE_SECONDS = 10


def cpu_us(pids):
    """CPU time of processes, user and system, all threads, in microseconds: their clocks tell it
    to the nanosecond, where /proc/PID/stat counts ticks."""
    try:
        return sum(time.clock_gettime(~pid << 3 | 2) for pid in pids) * 1e6
    except OSError as error:
        raise Failure(f"a process has ended while it was measured: {error}") from error


def rss_kib(pids):
    """Memory that processes hold."""
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/status") as file:
            for line in file:
                if line.startswith("VmRSS:"):
                    total += int(line.split()[1])
    return total


def per_request(total, figures):
    return total / figures["requests"]


class Costs:
    """What proxy and nodes of a target spend from now on."""

    def __init__(self, target):
        self.target = target
        self.before = self._now()

    def _now(self):
        return [cpu_us(pids) if pids else None
                for pids in (self.target.proxy_pids(), self.target.nodes.pids())]

    def per_request(self, figures):
        names = ("proxy_cpu_us", "servers_cpu_us")
        return {name: None if now is None else per_request(now - before, figures)
                for name, before, now in zip(names, self.before, self._now())}


# --- system calls: perf counts them in the kernel, strace stops the process at each ---


class NoCounter:
    """Where neither may be used, as in many containers."""

    name = "nothing"

    def __init__(self, _folder=None):
        pass

    def run(self, run, command, pids):
        """Runs the command; how many calls the processes made meanwhile, or None."""
        return run(command), None


class Perf:
    name = "perf"

    def __init__(self, folder):
        self.output = f"{folder}/perf"

    def works(self):
        done = subprocess.run([*self._prefix([os.getpid()]), "true"], check=False,
                              capture_output=True)
        return done.returncode == 0

    def run(self, run, command, pids):
        done = run([*self._prefix(pids), *command])
        return done, self._calls()

    def _prefix(self, pids):
        return ["perf", "stat", "-x,", "-o", self.output, "-e", "raw_syscalls:sys_enter",
                "-p", ",".join(map(str, pids)), "--"]

    def _calls(self):
        try:
            with open(self.output) as file:
                for line in file:
                    fields = line.split(",")
                    if "raw_syscalls" in line and fields[0].isdigit():
                        return int(fields[0])
        except FileNotFoundError:
            pass
        return None


class Strace:
    name = "strace"

    def __init__(self, folder):
        self.output = f"{folder}/strace"

    def works(self):
        return subprocess.run(["strace", "-c", "-o", "/dev/null", "true"], check=False,
                              capture_output=True).returncode == 0

    def run(self, run, command, pids):
        words = ["strace", "-c", "-f", "-o", self.output]
        for pid in pids:
            words += ["-p", str(pid)]
        tracer = subprocess.Popen(bound(words), stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            attached = wait_until(TRACE_SECONDS, lambda: tracer.poll() is not None
                                  or all(map(is_traced, pids)))
            done = run(command)
        finally:
            tracer.terminate()
            tracer.wait()
        return done, self._calls() if attached else None

    def _calls(self):
        with open(self.output) as file:
            for line in file:
                fields = line.split()
                if fields and fields[-1] == "total":
                    return int(fields[3])
        return None


def is_traced(pid):
    """Are all of its threads?"""
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status") as file:
            if any(line.split() == ["TracerPid:", "0"] for line in file):
                return False
    return True


def choose_counter(folder):
    """perf where it may count, else strace where it may trace, else nothing."""
    for kind in (Perf, Strace):
        if shutil.which(kind.name) is not None and kind(folder).works():
            return kind(folder)
    return NoCounter()
