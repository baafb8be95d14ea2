"""Where and with what a run was made."""

import os
import platform
import re
import subprocess

from .processes import program
from .targets import ROOT


def field(path, pattern, default):
    with open(path) as file:
        found = re.search(pattern, file.read(), re.MULTILINE)
    return found.group(1) if found else default


def describe():
    kib = int(field("/proc/meminfo", r"^MemTotal:\s*(\d+)", "0"))
    return {
        "cpus": len(os.sched_getaffinity(0)),
        "model": field("/proc/cpuinfo", r"^model name\s*: (.*)$", platform.machine()),
        "memory_gib": round(kib / 1024 / 1024),
        "kernel": f"{platform.system()} {platform.release()}",
    }


def commit():
    done = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty= with changes"],
                          capture_output=True, text=True, check=False)
    return done.stdout.strip() or "unknown"


def version_of(command):
    """The first thing in what a program says that looks like a version."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.[0-9.]*[0-9]", done.stdout + done.stderr)
    return found.group() if found else "?"


def versions(targets, generator, works):
    """Of all programs that took part, and of OpenSSL where somebody needed it."""
    found = {"redis-server": version_of([program("redis-server"), "--version"])}
    if any(work.over_tls for work in works):
        found["openssl"] = version_of([program("openssl"), "version"])
    for target in targets:
        command = target.version()
        if command:
            found[target.program] = version_of(command)
    if generator.version():
        found[generator.name] = version_of(generator.version())
    return found
