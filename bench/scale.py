#!/usr/bin/env python3
"""script/bench --scale [OPTION...]

What slotway costs with many clients and nodes: CPU time, memory and connections, with several
numbers of workers; what a change of the cluster costs; and what starting does. The nodes are
pretended (bench/nodes), so only slotway is measured. docs/scaling.md explains the figures.

No figure is a duration: CPU time is what the kernel accounts to the process, so a busy machine
makes it a little larger, by caches that others have emptied, and no more.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "scale"))
import stage as stages  # noqa: E402
from crowd import Crowd, allow_descriptors  # noqa: E402
from harness.measure import choose_counter  # noqa: E402
from stage import SLOTS, Stage, request, settled_kb, wait_for  # noqa: E402

VALUE_SIZE = 64
ROUNDS = 10  # requests that each of the crowd sends
MOVED_SLOTS = 33
REFRESHES = "slotway_discovery_refreshes_total"
CHANGES = "slotway_discovery_changes_total"
SPARE_CLIENTS = 1000  # beyond the crowd: those of load, and ours
GAP_SECONDS = 0.15  # between two changes: longer than from one refresh to the next
def value_reply():
    return b"$%d\r\n%s\r\n" % (VALUE_SIZE, b"v" * VALUE_SIZE)


def touch_all(stage):
    """A connection to each primary from each worker, if clients are spread over the workers."""
    requests = [request(b"GET", key) for key in stage.keys_of_all_primaries()]
    crowd = Crowd(stage.slotway.port, 4 * len(os.sched_getaffinity(0)) + 12)
    for wanted in requests:
        crowd.ask([wanted], value_reply())
    crowd.close()
    wait_for(lambda: stage.slotway.metric("slotway_downstream_connections_active") == 0, "all left")


def by_worker(metrics, name):
    return sorted(
        int(value) for key, value in metrics.items() if key.startswith(name + '{worker="')
    )


def worker_cpu(before, after):
    """How the workers shared their CPU time, the least first, in percent."""
    spent = {name: after[name] - before.get(name, 0) for name in after if "worker-" in name}
    total = sum(spent.values()) or 1
    return sorted(round(100 * cpu / total) for cpu in spent.values())


def load_command(arguments, port, clients, requests, pipeline=1):
    """SETs of a closed loop, `pipeline` under way for each client."""
    return (
        [arguments.load, "--port", str(port), "--clients", str(clients), "--work", "set"]
        + ["--size", str(VALUE_SIZE), "--requests", str(requests)]
        + ["--pipeline", str(pipeline), "--json"]
    )


def run_load(command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        raise SystemExit("load says that something went wrong")


def measure_load(stage, arguments, clients, pipeline=1):
    """CPU time per request."""
    slotway = stage.slotway
    threads = slotway.cpu_us_by_thread()
    before = slotway.cpu_us()
    run_load(load_command(arguments, slotway.port, clients, arguments.requests, pipeline))
    spent = slotway.cpu_us() - before
    return spent / arguments.requests, worker_cpu(threads, slotway.cpu_us_by_thread())


def measure_clients(arguments, workers):
    """One column of the first table."""
    found = {}
    clients = arguments.clients
    with Stage(
        arguments.programs,
        arguments.nodes,
        workers=workers,
        value_size=VALUE_SIZE,
        CLIENTS_MAX=clients + SPARE_CLIENTS,
    ) as stage:
        slotway = stage.slotway
        found["threads"] = len(os.listdir(f"/proc/{slotway.pid}/task"))
        started = settled_kb(slotway)
        touch_all(stage)
        before = settled_kb(slotway)
        report = stage.nodes.report()
        found["connections to nodes"] = slotway.metric("slotway_upstream_connections_active")
        found["of them at a node, least and most"] = f"{report['least']} {report['most']}"
        found["MiB before there are clients"] = before / 1024
        found["bytes for each connection to a node"] = (
            (before - started) * 1024 / found["connections to nodes"]
        )

        def per_client(kilobytes):
            return (kilobytes - before) * 1024 / clients

        crowd = Crowd(slotway.port, clients)
        wait_for(
            lambda: slotway.metric("slotway_downstream_connections_active") == clients, "all came"
        )
        silent = settled_kb(slotway)
        found["clients of a worker, least and most"] = " ".join(
            str(edge(by_worker(slotway.metrics(), "slotway_worker_clients"))) for edge in (min, max)
        )
        found["MiB more with silent clients"] = (silent - before) / 1024
        found["bytes for a silent client"] = per_client(silent)
        cpu = slotway.cpu_us()
        time.sleep(arguments.idle_seconds)
        found["idle: CPU us in a second, for all clients"] = (
            slotway.cpu_us() - cpu
        ) / arguments.idle_seconds

        crowd.ask([request(b"PING")], b"+PONG\r\n")
        pinged = settled_kb(slotway)
        found["MiB more when each has sent PING"] = (pinged - before) / 1024
        found["bytes for a client that has sent PING"] = per_client(pinged)

        slotway.forget_peak()
        requests = [request(b"GET", key) for key in stage.keys_of_all_primaries()]
        crowd.ask(requests, value_reply(), ROUNDS)
        found["bytes for a client while all wait for a GET"] = per_client(slotway.memory_kb("VmHWM"))
        found["bytes for a client when all have sent GETs"] = per_client(settled_kb(slotway))
        crowd.close()
        wait_for(lambda: slotway.metric("slotway_downstream_connections_active") == 0, "all left")
        found["MiB more when all have left"] = (settled_kb(slotway) - before) / 1024

        for count in (50, 1000, clients):
            cost, shares = measure_load(stage, arguments, count)
            found[f"CPU us for a SET, {count} clients"] = cost
        found[f"share of each worker in that, {clients} clients, %"] = " ".join(map(str, shares))
    return found


def measure_spread(arguments, nodes):
    """One column of the second table: the more nodes, the fewer requests share a write to one."""
    found = {}
    with Stage(arguments.programs, nodes, value_size=VALUE_SIZE) as stage:
        touch_all(stage)
        for count in (50, 1000):
            cost, _ = measure_load(stage, arguments, count)
            found[f"CPU us for a SET, {count} clients"] = cost
        cost, _ = measure_load(stage, arguments, 1000, pipeline=16)
        found["CPU us for a SET, 1000 clients, pipeline 16"] = cost
    return found


def measure_workers(arguments, workers, all_nodes):
    """One column of the third table: what a worker more costs, and in what. Each client sends so
    much that its connection is nothing beside it; calls are counted in a run of their own."""
    found = {}
    requests = max(arguments.requests, 100 * arguments.clients)
    with tempfile.TemporaryDirectory() as folder:
        counter = choose_counter(folder)
        for nodes in all_nodes:
            with Stage(
                arguments.programs,
                nodes,
                workers=workers,
                value_size=VALUE_SIZE,
                CLIENTS_MAX=arguments.clients + SPARE_CLIENTS,
            ) as stage:
                slotway = stage.slotway
                touch_all(stage)
                command = load_command(arguments, slotway.port, arguments.clients, requests)
                before = slotway.cpu_us()
                run_load(command)
                found[f"{nodes} primaries: CPU us for a SET"] = (slotway.cpu_us() - before) / requests
                _, calls = counter.run(run_load, command, [slotway.pid])
                if calls is not None:
                    found[f"{nodes} primaries: system calls for a SET"] = f"{calls / requests:.2f}"
    return found


class Period:
    """CPU time of slotway's threads, in microseconds, in `times` times GAP_SECONDS."""

    def __init__(self, stage, times, order=None):
        slotway = stage.slotway
        before = slotway.metrics()
        threads = slotway.cpu_us_by_thread()
        cpu = slotway.cpu_us()
        for number in range(times):
            if order is not None and stage.nodes.order(order(number)) != "ok":
                raise SystemExit(f"the pretended cluster does not understand '{order(number)}'")
            time.sleep(GAP_SECONDS)
        wait_for(lambda: self.grown(before, slotway.metrics(), REFRESHES) > 0, "a refresh")
        if order is not None:
            wait_for(lambda: self.grown(before, slotway.metrics(), CHANGES) > 0, "a change")
        self.all = slotway.cpu_us() - cpu
        now = slotway.cpu_us_by_thread()
        self.workers = sum(
            now[name] - threads.get(name, 0) for name in now if "worker-" in name
        )
        after = slotway.metrics()
        self.refreshes = self.grown(before, after, REFRESHES)
        self.changes = self.grown(before, after, CHANGES)

    @staticmethod
    def grown(before, after, name):
        return after[name] - before[name]


def measure_changes(arguments, nodes):
    """One column of the fourth table. What a change costs is what a period with changes took more
    than one without."""
    found = {}
    with Stage(
        arguments.programs, nodes, workers=2, replicas=1, BACKEND_REFRESH="100ms"
    ) as stage:
        found["start: CPU us until ready"] = stage.slotway.cpu_us_until_ready
        found["start: MiB"] = settled_kb(stage.slotway) / 1024
        touch_all(stage)
        found["MiB with connections to all primaries"] = settled_kb(stage.slotway) / 1024

        def move(number):
            first = number * 50 % (SLOTS // 2)
            return f"move {first} {first + MOVED_SLOTS - 1} {stage.primaries - 1 - number % 2}"

        failures = min(arguments.times, stage.primaries // 2)
        still = Period(stage, arguments.times)
        moved = Period(stage, arguments.times, move)
        failed = Period(stage, failures, lambda number: f"fail {number}")
        found["CPU us for a refresh that brings nothing new"] = still.all / still.refreshes
        for name, period, times in (
            (f"{MOVED_SLOTS} slots moved", moved, arguments.times),
            ("a failover", failed, failures),
        ):
            share = times / arguments.times
            found[f"{name}: pictures for each"] = period.changes / times
            found[f"{name}: CPU us more"] = (period.all - still.all * share) / times
            found[f"{name}: of that the workers', both"] = (
                period.workers - still.workers * share
            ) / times
    return found


def shown(value):
    if isinstance(value, float):
        return f"{value:.1f}" if value < 100 else f"{value:.0f}"
    return str(value)


def print_table(title, columns):
    """`columns` are pairs of a heading and what was found."""
    print(f"\n{title}\n")
    print("| | " + " | ".join(heading for heading, _ in columns) + " |")
    print("|---|" + "---|" * len(columns))
    names = list(dict.fromkeys(name for _, found in columns for name in found))
    for name in names:
        values = [shown(found.get(name, "-")) for _, found in columns]
        print(f"| {name} | " + " | ".join(values) + " |")


def headed(workers):
    return f"{workers} workers" if workers > 1 else "1 worker"


def numbers(text):
    return [int(number) for number in text.split(",") if number]


def parse_arguments():
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    built = os.path.join(root, "build", "release")
    parser = argparse.ArgumentParser(
        prog="script/bench --scale",
        description=__doc__.split("\n", 2)[2],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--clients", type=int, default=10000, metavar="N", help="(10000)")
    parser.add_argument("--nodes", type=int, default=200, metavar="N", help="primaries (200)")
    parser.add_argument("--workers", default="1,2,4", metavar="N,…", help="(1,2,4)")
    parser.add_argument("--requests", type=int, default=300000, metavar="N", help="of load (300000)")
    parser.add_argument(
        "--changing", default="200,1000", metavar="N,…", help="nodes that change (200,1000)"
    )
    parser.add_argument("--times", type=int, default=100, metavar="N", help="of a change (100)")
    parser.add_argument(
        "--spread", default="3,20,200", metavar="N,…", help="numbers of primaries (3,20,200)"
    )
    parser.add_argument(
        "--gathering", default="20,200", metavar="N,…",
        help="numbers of primaries for which the workers are compared (20,200)",
    )
    parser.add_argument("--idle-seconds", type=int, default=5, metavar="N", help="(5)")
    parser.add_argument(
        "--look-seconds", type=float, default=0.5, metavar="N",
        help="between two looks at the memory; it has settled when six are alike (0.5)",
    )
    parser.add_argument("--json", metavar="FILE", help="the figures")
    arguments = parser.parse_args()
    arguments.programs = (
        os.environ.get("SLOTWAY_BINARY") or os.path.join(built, "slotway"),
        os.environ.get("NODES_BINARY") or os.path.join(built, "bench", "nodes"),
    )
    arguments.load = os.environ.get("LOAD_BINARY") or os.path.join(built, "bench", "load")
    return arguments


def main():
    arguments = parse_arguments()
    stages.LOOK_SECONDS = arguments.look_seconds
    limit = allow_descriptors()
    if limit < arguments.clients + SPARE_CLIENTS + 4 * arguments.nodes:
        raise SystemExit(f"a process may open {limit} files here: too few for so many clients")
    clients = [
        (headed(workers), measure_clients(arguments, workers))
        for workers in numbers(arguments.workers)
    ]
    spread = [
        (f"{nodes} primaries", measure_spread(arguments, nodes))
        for nodes in numbers(arguments.spread)
    ]
    gathered = [
        (headed(workers), measure_workers(arguments, workers, numbers(arguments.gathering)))
        for workers in numbers(arguments.workers if arguments.gathering else "")
    ]
    changes = [
        (f"{nodes} nodes", measure_changes(arguments, nodes))
        for nodes in numbers(arguments.changing)
    ]
    if clients:
        print_table(f"{arguments.clients} clients, {arguments.nodes} primaries", clients)
    if spread:
        print_table("1 worker", spread)
    if gathered:
        print_table(f"{arguments.clients} clients", gathered)
    if changes:
        print_table("half of the nodes are replicas, 2 workers", changes)
    if arguments.json:
        with open(arguments.json, "w") as file:
            figures = {
                "clients": clients, "spread": spread, "gathered": gathered, "changes": changes
            }
            json.dump({name: dict(columns) for name, columns in figures.items()}, file, indent=1)


if __name__ == "__main__":
    main()
