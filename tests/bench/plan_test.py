#!/usr/bin/env python3
"""Works, targets and cores of script/bench."""

import os
import subprocess
import sys
import unittest
from unittest import mock

from result import BENCH

from harness import cores, targets, works

COUNTS = [
    # requests, share, clients, pipeline, expected
    (1000, 100, 50, 1, 1000),
    (1000, 40, 50, 1, 400),
    (1000, 0.1, 4, 1, 4),
    (1000, 5, 50, 1, 50),
    (1000, 100, 200, 64, 12800),
    (100000, 0.1, 4, 1, 100),
]
PLACES = [
    # way, with a proxy, cores of clients, proxy, nodes
    ("free", True, None, None, None),
    ("shared", True, {4}, {4}, {4}),
    ("shared", False, {4}, {4}, {4}),
    ("apart", True, {4}, {5}, {4}),
    ("apart", False, {4}, {4}, {5}),
]
OPTIONS = [
    (["--works", "nothing"], "no work is called 'nothing'"),
    (["--targets", "nothing"], "no target is called 'nothing'"),
    (["--targets", "direct", "--baseline", "nutcracker"], "is not among direct"),
    (["--rounds", "0"], "invalid count value"),
    (["--read", "/nowhere"], "/nowhere"),
    (["--also", "/nowhere"], "is no file of proxies"),
    (["--cores", "apart", "--cpus", "0"], "needs two cores"),
]


class Works(unittest.TestCase):
    def test_names_are_different_and_needs_are_known(self):
        names = [work.name for work in works.WORKS]
        self.assertEqual(len(names), len(set(names)))
        for work in works.WORKS:
            self.assertLessEqual(set(work.needs), set(works.NEEDS))

    def test_count(self):
        for requests, share, clients, pipeline, expected in COUNTS:
            work = works.Work("a", "A", "get", share=share, clients=clients, pipeline=pipeline)
            self.assertEqual(work.count(requests), expected)

    def test_named_keeps_the_order_of_the_table(self):
        self.assertEqual([work.name for work in works.named(["multi", "mix"])], ["mix", "multi"])


class Targets(unittest.TestCase):
    def test_slotway_of_any_number_of_workers(self):
        self.assertEqual(targets.choose(["slotway-4"], {})[0].workers, 4)
        for name in ("slotway", "slotway-0", "slotway-x"):
            self.assertIsNone(targets.standard(name))

    def test_what_a_target_lacks_is_left_out(self):
        rows = [("direct", "mget", False), ("direct", "multi", True),
                ("nutcracker", "mget", True), ("nutcracker", "multi", False),
                ("slotway-1", "mget", True), ("haproxy", "multi", True)]
        for name, work, expected in rows:
            with self.subTest(name=name, work=work):
                self.assertEqual(targets.standard(name).can_do(works.named([work])[0]), expected)

    def test_every_standard_name_has_a_target(self):
        self.assertEqual([target.name for target in targets.choose(targets.STANDARD, {})],
                         list(targets.STANDARD))


class Cores(unittest.TestCase):
    def test_places(self):
        for way, has_proxy, *expected in PLACES:
            with self.subTest(way=way, has_proxy=has_proxy):
                placed = cores.Cores(way, [4, 5])
                self.assertEqual([placed.of(role, has_proxy)
                                  for role in ("clients", "proxy", "nodes")], expected)

    def test_every_thread_is_pinned(self):
        with mock.patch.object(os, "sched_setaffinity") as pinned:
            cores.pin(os.getpid(), {3})
        tasks = {int(task) for task in os.listdir(f"/proc/{os.getpid()}/task")}
        self.assertEqual({call.args[0] for call in pinned.call_args_list}, tasks)
        self.assertEqual([call.args[1] for call in pinned.call_args_list], [{3}] * len(tasks))


class Options(unittest.TestCase):
    def test_what_is_wrong_is_said(self):
        for words, expected in OPTIONS:
            with self.subTest(words=words):
                done = subprocess.run([sys.executable, f"{BENCH}/bench.py", *words],
                                      capture_output=True, text=True, check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(expected, done.stderr)

    def test_list_names_every_work(self):
        done = subprocess.run([sys.executable, f"{BENCH}/bench.py", "--list"],
                              capture_output=True, text=True, check=True)
        self.assertEqual([line.split()[0] for line in done.stdout.splitlines()],
                         [work.name for work in works.WORKS])


if __name__ == "__main__":
    unittest.main()
