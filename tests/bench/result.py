"""Results made up for the tests, and the way to what is tested."""

import os
import sys

sys.dont_write_bytecode = True
BENCH = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))
sys.path.insert(0, BENCH)


def sample(work, target, number, **figures):
    return {"work": work, "target": target, "round": number, **figures}


def result(samples, baseline="base", left_out=()):
    """A whole result around samples, as bench.py makes it."""
    from harness import report

    works = dict.fromkeys(entry["work"] for entry in samples)
    return report.with_medians({
        "format": report.FORMAT, "started": "2000-01-01 00:00 UTC", "command": "script/bench",
        "commit": "abc", "versions": {"redis-server": "7.0"},
        "machine": {"cpus": 2, "model": "CPU", "memory_gib": 8, "kernel": "Linux 6"},
        "settings": {"rounds": 3, "requests": 100, "rate": 10, "cores": "free",
                     "generator": "load", "counter": "perf", "baseline": baseline},
        "works": [{"name": name, "title": f"the {name}", "at_rate": False} for name in works],
        "targets": list(dict.fromkeys(entry["target"] for entry in samples)),
        "left_out": list(left_out), "samples": samples,
    })
