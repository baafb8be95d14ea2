#!/usr/bin/env python3
"""script/bench --instructions [OPTION...]

How many instructions slotway executes in user code, counted by valgrind's callgrind: figures that
stay the same where time does not. Counts the micro benchmarks, and requests to the release build
in front of three real nodes, and compares with what is committed in bench/instructions.json. The
exit status is 1 when something takes over 10 % more than that, or is not there yet.

    script/bench --instructions                            all of it, two minutes
    script/bench --instructions --update                   commits to what it takes now
    script/bench --instructions --works get16,mget         of the whole proxy only these works
    script/bench --instructions --list                     what works there are
    script/bench --instructions --profile get16            the functions that take most of them
    script/bench --instructions --profile get16 --lines    the same by line of source

--profile builds nothing: it takes build/release/slotway as it is, or SLOTWAY_BINARY.
"""

import argparse
import json
import os
import signal
import subprocess
import sys

from counted import figures, micro, whole
from harness.processes import Failure

BUILD = f"{whole.ROOT}/build/release"
BINARY = os.environ.get("SLOTWAY_BINARY") or f"{BUILD}/slotway"
COMMITTED = f"{whole.ROOT}/bench/instructions.json"
WHOLE = "slotway, per request"
CALLERS_SHOWN = 3
MORE = """
What is marked "more" takes over 10 % more instructions than bench/instructions.json has, and what
is marked "new" has no figure there. Find out why: script/bench --instructions --profile WORK shows
where they go. If it is meant to be so, commit the new figures, and say why in the message:

    script/bench --instructions --update
"""
LESS = """
What is marked "less" has become over 10 % cheaper. So that it stays so, commit the new figures:

    script/bench --instructions --update
"""


def callers_of(profile, function, requests):
    """Who calls it how often per request, most often first: "client_read 1.00, ..."."""
    counts = {caller: count for (callee, caller), count in profile.calls.items()
              if callee == function and count / requests >= 0.005}
    often = sorted(counts, key=counts.get, reverse=True)
    shown = [f"{name} {counts[name] / requests:.2f}" for name in often[:CALLERS_SHOWN]]
    return ", ".join(shown + ["..."] * (len(often) > CALLERS_SHOWN))


def print_functions(profile, requests, top):
    print(f"{'instructions':>12} {'share':>6} {'calls':>7}  function  <- callers, calls per request")
    for function, count in profile.functions.most_common(top):
        calls = sum(number for (callee, _), number in profile.calls.items() if callee == function)
        print(f"{count / requests:12.1f} {count / profile.total:6.1%} {calls / requests:7.2f}  "
              f"{function}  <- {callers_of(profile, function, requests)}")


def print_lines(profile, requests, top):
    print(f"{'instructions':>12} {'share':>6}  line, in function")
    for (function, file, line), count in profile.lines.most_common(top):
        place = os.path.relpath(file, whole.ROOT) if file.startswith(whole.ROOT) else file
        print(f"{count / requests:12.1f} {count / profile.total:6.1%}  {place}:{line}, {function}")


def print_profile(options):
    with whole.Bench(BINARY, options.keep) as bench:
        profile = bench.measure(options.profile)
    requests = 2 * whole.WORKS[options.profile].requests
    print(f"{whole.WORKS[options.profile].title}: "
          f"{profile.total / requests:.0f} instructions per request, in {requests} requests\n")
    (print_lines if options.lines else print_functions)(profile, requests, options.top)
    if options.keep:
        print(f"\nwhole dumps, for callgrind_annotate and kcachegrind, are in {options.keep}")


def tell(text):
    print(f"bench: {text}", file=sys.stderr)


def build():
    tell("building")
    subprocess.run(["cmake", "--preset", "release"], cwd=whole.ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", "--preset", "release", "--", "slotway", "micro"],
                   cwd=whole.ROOT, check=True, stdout=subprocess.DEVNULL)


def count(works):
    """What there is to be counted, by name, and the figures of it."""
    known, counted = {}, {}
    for name, path in micro.programs(BUILD).items():
        tell(f"counting micro_{name}")
        known[f"micro_{name}"] = micro.names(path)
        counted[f"micro_{name}"] = micro.count(path)
    known[WHOLE] = whole.STEADY
    counted[WHOLE] = {}
    with whole.Bench(f"{BUILD}/slotway") as bench:
        for name in works:
            tell(f"counting {name}: {whole.WORKS[name].title}")
            counted[WHOLE][name] = bench.measure(name).total / (2 * whole.WORKS[name].requests)
    return known, counted


def read_committed():
    if not os.path.exists(COMMITTED):
        return {}
    with open(COMMITTED, encoding="utf-8") as file:
        return json.load(file)


def compare(options):
    """The exit status."""
    build()
    committed = read_committed()
    known, counted = count(options.works)
    rows = figures.compare(committed, counted)
    print("\n".join(figures.table(rows)))
    if options.update:
        with open(COMMITTED, "w", encoding="utf-8") as file:
            file.write(figures.dump(figures.merge(committed, counted, known)))
        return 0
    for name in figures.missing(committed, known):
        print(f"\n{name} is in bench/instructions.json, and is not there any more")
    verdicts = {row.verdict for row in rows}
    if verdicts & {"more", "new"}:
        print(MORE)
        return 1
    if "less" in verdicts:
        print(LESS)
    return 0


def works_of(text):
    names = text.split(",")
    for name in names:
        if name not in whole.STEADY:
            raise argparse.ArgumentTypeError(f"'{name}' is no work that can be compared; see --list")
    return names


def main():
    parser = argparse.ArgumentParser(prog="script/bench --instructions", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--update", action="store_true", help="writes bench/instructions.json")
    parser.add_argument("--works", type=works_of, default=whole.STEADY, metavar="LIST")
    parser.add_argument("--profile", metavar="WORK", choices=whole.WORKS)
    parser.add_argument("--lines", action="store_true", help="profile by line")
    parser.add_argument("--top", type=int, default=40, metavar="N", help="rows of a profile")
    parser.add_argument("--keep", metavar="FOLDER", help="leaves the profile's dumps there")
    parser.add_argument("--list", action="store_true", help="prints the works")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.list:
        for name, work in whole.WORKS.items():
            print(f"{name:14} {work.title}{'' if work.is_steady else ' (only for --profile)'}")
        return 0
    if options.profile:
        print_profile(options)
        return 0
    return compare(options)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failure, subprocess.CalledProcessError) as failure:
        sys.exit(f"bench: {failure}")
