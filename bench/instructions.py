#!/usr/bin/env python3
"""script/bench --instructions [--profile WORK] ...

How many instructions slotway executes in user code, counted by valgrind's callgrind: figures that
stay the same where time does not.

    bench/instructions.py --profile get16            the functions that take most of them
    bench/instructions.py --profile get16 --lines    the same by line of source
    bench/instructions.py --list                     what works there are

SLOTWAY_BINARY measures another build of slotway.
"""

import argparse
import os
import signal
import sys

import callgrind
import whole

BINARY = os.environ.get("SLOTWAY_BINARY") or f"{whole.ROOT}/build/release/slotway"
CALLERS_SHOWN = 3


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
    with whole.Bench(options.binary, options.keep) as bench:
        profile = bench.measure(options.profile)
    requests = 2 * whole.WORKS[options.profile].requests
    print(f"{whole.WORKS[options.profile].title}: "
          f"{profile.total / requests:.0f} instructions per request, in {requests} requests\n")
    (print_lines if options.lines else print_functions)(profile, requests, options.top)
    if options.keep:
        print(f"\nwhole dumps, for callgrind_annotate and kcachegrind, are in {options.keep}")


def main():
    parser = argparse.ArgumentParser(prog="script/bench --instructions", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--profile", metavar="WORK", choices=whole.WORKS)
    parser.add_argument("--lines", action="store_true", help="profile by line")
    parser.add_argument("--top", type=int, default=40, metavar="N", help="rows of a profile")
    parser.add_argument("--keep", metavar="FOLDER", help="leaves callgrind's dumps there")
    parser.add_argument("--list", action="store_true", help="prints the works")
    parser.add_argument("--binary", default=BINARY, help=argparse.SUPPRESS)
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if options.list:
        for name, work in whole.WORKS.items():
            print(f"{name:10} {work.title}")
    elif options.profile:
        print_profile(options)


if __name__ == "__main__":
    main()
