"""callgrind.py - runs programs under valgrind's callgrind, and reads what it counted.

A dump is text: who the following lines are about (`fn=`, and `fi=` where code of another file was
inlined), then lines with a position and instructions. Behind `calls=` stands one line that is the
callee's and not the function's own. Names are said once and are numbers from then on, and positions
may be told as a distance from the one before.
"""

import collections
import re

from harness.processes import program

NAME = re.compile(r"\((\d+)\)(?: (.*))?\Z")


class Profile:
    """What one dump says: instructions by function and by line, and who called whom how often."""

    def __init__(self):
        self.total = 0
        self.functions = collections.Counter()
        self.lines = collections.Counter()  # (function, file, line)
        self.calls = collections.Counter()  # (callee, caller)

    def minus(self, other):
        """What this profile has more than another one."""
        rest = Profile()
        rest.total = self.total - other.total
        for name in ("functions", "lines", "calls"):
            difference = collections.Counter(getattr(self, name))
            difference.subtract(getattr(other, name))
            setattr(rest, name, difference)
        return rest


class Names:
    """Numbers and the names that they stand for."""

    def __init__(self):
        self.known = {}

    def read(self, text):
        found = NAME.match(text)
        if found is None:
            return text
        number, name = found.groups()
        if name is not None:
            self.known[number] = name
        return self.known[number]


class Reader:
    """Reads a dump line by line."""

    def __init__(self):
        self.profile = Profile()
        self.names = {"file": Names(), "function": Names()}
        self.file = self.function = self.callee = ""
        self.position = 0
        self.is_callees = False  # the next line of costs

    def read(self, text):
        for line in text.split("\n"):
            if line[:1].isdigit() or line[:1] in ("+", "-", "*"):
                self.read_costs(line)
            elif "=" in line:
                self.read_name(*line.split("=", 1))
        self.profile.total = sum(self.profile.functions.values())
        return self.profile

    def read_name(self, kind, value):
        if kind in ("fl", "fi", "fe"):
            self.file = self.names["file"].read(value)
        elif kind in ("cfi", "cfl"):
            self.names["file"].read(value)
        elif kind == "fn":
            self.function = self.names["function"].read(value)
        elif kind == "cfn":
            self.callee = self.names["function"].read(value)
        elif kind == "calls":
            self.profile.calls[self.callee, self.function] += int(value.split()[0])
            self.is_callees = True

    def read_costs(self, line):
        position, *costs = line.split()
        if position[0] in "+-":
            self.position += int(position)
        elif position != "*":
            self.position = int(position)
        if not self.is_callees and costs:
            self.profile.functions[self.function] += int(costs[0])
            self.profile.lines[self.function, self.file, self.position] += int(costs[0])
        self.is_callees = False


def read_profile(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return Reader().read(file.read())


def prefix(dump, *options):
    """What stands in front of a command line that is counted."""
    return [program("valgrind"), "--quiet", "--tool=callgrind", f"--callgrind-out-file={dump}",
            "--separate-threads=no", "--dump-instr=no", *options, "--"]
