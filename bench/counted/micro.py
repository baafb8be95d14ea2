"""micro.py - how many instructions the cases of the micro benchmarks take.

A program counts all its cases in one run: it does each inside of one function, callgrind collects
only there, and writes a dump each time that the function returns.
"""

import glob
import os
import re
import subprocess
import tempfile

from counted import callgrind
from harness.processes import Failure, bound

FUNCTION = "micro_counted"


def programs(folder):
    """The programs in a build folder, by name."""
    paths = sorted(path for path in glob.glob(f"{folder}/bench/micro_*") if os.access(path, os.X_OK))
    return {os.path.basename(path).removeprefix("micro_"): path for path in paths}


def names(path):
    """The cases of one program."""
    return subprocess.run([path, "--list"], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.splitlines()


def read_told(text):
    """[(calls, case)] of what `micro_NAME --count` prints: lines as "1000 key of 3 bytes"."""
    return [(int(calls), case) for calls, case in re.findall(r"^(\d+) (.+)$", text, re.MULTILINE)]


def count(path):
    """{case: instructions per call} of one program."""
    with tempfile.TemporaryDirectory() as folder:
        dump = f"{folder}/dump"
        told = read_told(subprocess.run(
            bound([*callgrind.prefix(dump, f"--toggle-collect={FUNCTION}",
                                     f"--dump-after={FUNCTION}"), path, "--count"]),
            check=True, stdout=subprocess.PIPE, text=True).stdout)
        dumps = len(glob.glob(f"{dump}.*"))
        if dumps != len(told):
            raise Failure(f"{path}: {len(told)} cases and {dumps} dumps: is {FUNCTION} inlined?")
        return {case: callgrind.read_profile(f"{dump}.{number}").total / calls
                for number, (calls, case) in enumerate(told, 1)}
