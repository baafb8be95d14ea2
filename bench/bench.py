#!/usr/bin/env python3
"""script/bench [OPTION...]

Puts the same work on several ways to Redis in turn (A B C A B C), and prints what each request
cost. All of it runs on this machine, on 127.0.0.1, and ends with this program.

  direct       clients that know the cluster talk to its three nodes themselves
  standalone   one redis-server, no cluster
  haproxy      a TCP hop that knows nothing of Redis, in front of the standalone one; one thread
  nutcracker   twemproxy -v 4, in front of three nodes that are no cluster: it knows none
  slotway-N    slotway with N workers in front of the cluster, as it comes: no feature is off

More are named in a file, as in bench/others.example.json. A figure is the median of the rounds, a
ratio the median of the ratios of same rounds. Where cores are shared with others, throughput and
latency move from run to run; CPU time and system calls per request are the figures that repeat.
"""

import argparse
import datetime
import dataclasses
import shlex
import signal
import sys

from harness import cores, generators, machine, others, plot, report, targets, works
from harness.processes import Children, Failure, raise_descriptor_limit
from harness.rounds import Progress, Rounds

DESCRIPTORS = 65536
ROUNDS, REQUESTS = 5, 100000
QUICK_ROUNDS, QUICK_REQUESTS = 3, 20000
EPILOG = """\
SLOTWAY_BINARY measures another build of slotway, LOAD_BINARY generates load with another build of
bench/load. A first look: script/bench --quick

script/bench --instructions counts instructions instead; it has a --help of its own.
"""


@dataclasses.dataclass
class Plan:
    """What is to be measured, and how."""

    works: list
    targets: list
    rounds: int
    requests: int
    rate: int
    cores: cores.Cores
    generator: str
    baseline: str
    descriptors: int


def count(text):
    value = int(text)
    if value < 1:
        raise ValueError
    return value


def names(text):
    return [name for name in text.split(",") if name]


def core_numbers(text):
    return [int(number) for number in names(text)]


def parser():
    options = argparse.ArgumentParser(
        prog="script/bench", description=__doc__.split("\n", 2)[2], epilog=EPILOG,
        usage="script/bench [OPTION...]",
        formatter_class=lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=99))
    add = options.add_argument
    add("--rounds", type=count, metavar="N", help=f"default {ROUNDS}")
    add("--requests", type=count, metavar="N", help=f"of a round, default {REQUESTS}; works whose "
        "requests are dear have a share of them")
    add("--works", type=names, metavar="LIST", help="only these, separated by commas")
    add("--targets", type=names, metavar="LIST",
        help="only these; default " + ",".join(targets.STANDARD) + " and those of --also")
    add("--list", action="store_true", help="print what works there are")
    add("--quick", action="store_true",
        help=f"{QUICK_ROUNDS} rounds of {QUICK_REQUESTS} requests of a few works: a first look, "
        "not figures to publish")
    add("--also", metavar="FILE", help="more proxies, named in a JSON file")
    add("--baseline", metavar="TARGET", help="what ratios are to; default nutcracker")
    add("--cores", choices=cores.WAYS, default="free", help="shared: clients, proxy and nodes on "
        "one core; apart: the proxy alone on one core and the rest on another, without a proxy "
        "the nodes alone; free: no pinning, the default")
    add("--cpus", type=core_numbers, metavar="A,B", help="the cores for --cores")
    add("--rate", type=count, default=10000, metavar="R", help="requests per second of the work "
        "`latency`, whatever is answered; default 10000")
    add("--with", dest="generator", choices=list(generators.GENERATORS), default="load",
        help="the load generator; redis-benchmark can do GET and SET of small values")
    add("--json", metavar="FILE", help="every round, medians and ratios")
    add("--markdown", metavar="FILE", help="what is printed")
    add("--plot", metavar="FILE", help="an SVG picture of CPU time per request")
    add("--read", metavar="FILE", help="measure nothing: print what an earlier --json FILE says, "
        "by --baseline if that is given")
    return options


def choose_targets(options):
    """The targets that were asked for; nothing else is started."""
    more = others.read(options.also) if options.also else {}
    return targets.choose(options.targets or [*targets.STANDARD, *more], more)


def choose_works(options):
    """Those that were named, or else all that the generator can do."""
    if options.works:
        return works.named(options.works)
    can_do = generators.GENERATORS[options.generator].can_do
    return [work for work in works.WORKS if can_do(work) and (work.quick or not options.quick)]


def choose_baseline(options, chosen):
    there = [target.name for target in chosen]
    if options.baseline and options.baseline not in there:
        raise ValueError(f"the baseline '{options.baseline}' is not among {', '.join(there)}")
    return options.baseline or ("nutcracker" if "nutcracker" in there else there[0])


def make_plan(options):
    """ValueError says which option is wrong."""
    chosen = choose_targets(options)
    return Plan(
        works=choose_works(options), targets=chosen,
        rounds=options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS),
        requests=options.requests or (QUICK_REQUESTS if options.quick else REQUESTS),
        rate=options.rate, cores=cores.Cores(options.cores, options.cpus),
        generator=options.generator, baseline=choose_baseline(options, chosen),
        descriptors=raise_descriptor_limit(DESCRIPTORS))


def result_of(plan, rounds):
    """All that is known, as --json keeps it."""
    return {
        "format": report.FORMAT,
        "started": rounds.started,
        "command": shlex.join(["script/bench", *sys.argv[1:]]),
        "commit": machine.commit(),
        "machine": machine.describe(),
        "versions": rounds.versions,
        "settings": {"rounds": plan.rounds, "requests": plan.requests, "rate": plan.rate,
                     "cores": plan.cores.way, "generator": plan.generator,
                     "counter": rounds.counter.name, "baseline": plan.baseline},
        "works": [dataclasses.asdict(work) for work in plan.works],
        "targets": [target.name for target in plan.targets],
        "left_out": rounds.left_out,
        "samples": rounds.samples,
    }


def write(result, options):
    """The files that were asked for."""
    if options.json:
        report.write_json(result, options.json)
    for path, render in ((options.markdown, report.markdown), (options.plot, plot.svg)):
        if path:
            with open(path, "w") as file:
                file.write(render(result))


def measure(options):
    """Runs it all; the files are written after every work, for who cannot wait."""
    plan = make_plan(options)
    with Children() as children:
        rounds = Rounds(plan, children)
        rounds.started = datetime.datetime.now(datetime.timezone.utc).strftime("%F %H:%M UTC")
        rounds.start()
        rounds.versions = machine.versions(plan.targets, rounds.generator, plan.works)
        rounds.run(lambda: write(report.with_medians(result_of(plan, rounds)), options))
    return report.with_medians(result_of(plan, rounds))


def list_works():
    for work in works.WORKS:
        print(f"{work.name:14}{work.title}")


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = parser().parse_args()
    if options.list:
        list_works()
        return
    try:
        if options.read:
            result = report.with_medians(report.read_json(options.read), options.baseline)
            write(result, options)
        else:
            result = measure(options)
    except (Failure, ValueError, OSError) as error:
        Progress().tell("")
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    print(report.markdown(result), end="")


if __name__ == "__main__":
    main()
