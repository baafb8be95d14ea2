"""The rounds: every work on every target in turn, A B C A B C, and what each run gave."""

import subprocess
import sys

from . import generators, measure
from .certificate import Certificate
from .nodes import Nodes
from .processes import Failure, bound

# The part of a round's requests that is sent first, to count system calls and to warm up.
SHORT = 0.2
# Descriptors that a process has beside those of its clients.
SPARE_DESCRIPTORS = 100


class Idle:
    """Clients that are connected and say nothing, as long as the `with` lasts."""

    def __init__(self, command):
        self.command = command

    def __enter__(self):
        self.process = subprocess.Popen(bound(self.command), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True)
        said = self.process.stdout.readline().strip()
        if said != "ready":
            self.__exit__()
            raise Failure(f"idle clients cannot connect: {said}")
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


class Rounds:
    """Everything that runs, from the first node to the last sample."""

    def __init__(self, plan, children, progress=None):
        self.plan = plan
        self.children = children
        self.progress = progress or Progress()
        self.generator = generators.GENERATORS[plan.generator]()
        self.counter = measure.choose_counter(children.folder)
        self.samples = []
        self.left_out = []
        self.groups = {}

    def start(self):
        """Starts all targets and the nodes that they need."""
        certificate = None
        if any(work.over_tls for work in self.plan.works):
            certificate = Certificate(self.children.folder)
        for target in self.plan.targets:
            self.progress.tell(f"starting {target.name}")
            if target.fronts not in self.groups:
                self.groups[target.fronts] = Nodes(target.fronts, self.children, certificate)
            target.start(self.children, self.groups[target.fronts], certificate)

    def run(self, after_work=lambda: None):
        for work in self.plan.works:
            targets = [target for target in self.plan.targets if self._can_do(work, target)]
            for nodes in self.groups.values():
                nodes.forget_all()
            for target in targets:
                target.restart()
                self._fill(work, target)
            for number in range(1, self.plan.rounds + 1):
                for target in targets:
                    self.progress.tell(f"{work.name}: round {number} of {self.plan.rounds}, "
                                       f"{target.name}")
                    self.samples.append({"work": work.name, "target": target.name,
                                         "round": number, **self._sample(work, target, number)})
            after_work()
        self.progress.tell("")

    def _can_do(self, work, target):
        needed = target.descriptors(work) + SPARE_DESCRIPTORS
        reason = None
        if not target.can_do(work):
            reason = "cannot do it"
        elif not self.generator.can_do(work):
            reason = f"{self.generator.name} cannot do it"
        elif needed > self.plan.descriptors:
            reason = f"needs {needed} descriptors, and may have {self.plan.descriptors}"
        if reason is not None:
            self.left_out.append({"work": work.name, "target": target.name, "reason": reason})
        return reason is None

    def _fill(self, work, target):
        self.progress.tell(f"{work.name}: filling {target.name}")
        done = generators.run(self.generator.fill_command(target, work),
                              f"filling for {work.name} through {target.name}")
        if done.returncode != 0:
            raise Failure(f"{work.name}: {target.name} cannot be filled: {generators.words(done)}")

    def _sample(self, work, target, number):
        if not work.idle:
            self.plan.cores.place(target)
            return self._measured(work, target, number)
        target.restart()
        self.plan.cores.place(target)
        self._load(work, target, f"{work.name} against {target.name}", work.count(0))
        before = measure.rss_kib(target.proxy_pids())
        with Idle(self.generator.idle_command(target, work)):
            grown = measure.rss_kib(target.proxy_pids()) - before
            figures = self._measured(work, target, number)
        figures["idle_client_kib"] = grown / work.idle if target.proxy else None
        return figures

    def _measured(self, work, target, number):
        """One run of the work, after a short one that counts system calls."""
        what = f"{work.name} against {target.name}, round {number}"
        calls = self._calls(work, target, what)
        costs = measure.Costs(target)
        figures, _ = self._load(work, target, what, work.count(self.plan.requests))
        pids = target.proxy_pids()
        return {**figures, **costs.per_request(figures), "syscalls": calls,
                "rss_kib": measure.rss_kib(pids) if pids else None}

    def _calls(self, work, target, what):
        """System calls of the proxy per request, or None where nobody counts them. What it takes to
        connect is counted first, by a run of one request each, and taken off.
        """
        fewest = work.count(0)
        more = max(int(work.count(self.plan.requests) * SHORT), fewest)
        counter = self.counter if target.proxy else measure.NoCounter()
        _, before = self._load(work, target, what, fewest, counter)
        _, calls = self._load(work, target, what, fewest + more, counter)
        if before is None or calls is None:
            return None
        # Where each request has a connection of its own, connecting is the work.
        return calls / (fewest + more) if work.reconnect else (calls - before) / more

    def _load(self, work, target, what, count, counter=measure.NoCounter()):
        """Figures of one run, and how many system calls the proxy made meanwhile."""
        command = self.plan.cores.client_prefix(target) + self.generator.command(
            target, work, count, self.plan.rate)
        done, calls = counter.run(lambda words: generators.run(words, what), command,
                                  target.proxy_pids())
        return self.generator.figures(done, what, count), calls


class Progress:
    """One line that changes, where somebody looks."""

    def tell(self, text):
        if sys.stderr.isatty():
            print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
