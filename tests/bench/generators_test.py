#!/usr/bin/env python3
"""What script/bench makes of what load generators say."""

import json
import os
import subprocess
import unittest
from unittest import mock

from result import BENCH  # noqa: F401, it makes harness known

from harness import generators, works
from harness.processes import Failure
from harness.targets import Direct, Target

SAID = {
    "requests": 100, "seconds": 0.5, "requests_per_second": 200, "errors": 0, "wrong": 0,
    "reconnects": 0, "bytes_in": 1, "bytes_out": 1, "cpu_us_per_request": 2.5,
    "latency_us": {"min": 1, "mean": 2, "p50": 3, "p90": 4, "p99": 5, "p99.9": 6, "p99.99": 7,
                   "max": 8},
}
# What is different, the exit status, what the Failure says.
BAD = [
    ({"wrong": 3}, 1, "of 100 replies 3 were wrong and 0 were errors"),
    ({"errors": 2}, 0, "0 were wrong and 2 were errors"),
    ({"requests": 99}, 0, "99 of 100 requests were answered"),
    ({}, 1, "exit 1: "),
    ({"latency_us": {}}, 0, "exit 0: "),
    (None, 2, "exit 2: no connection"),
]
SUMMARY = """GET a: rps=1000.0 (overall: 0.0) avg_msec=-nan
====== GET a ======
Latency by percentile distribution:
0.000% <= 0.095 milliseconds (cumulative count 1)
99.609% <= 2.143 milliseconds (cumulative count 1993)
99.902% <= 2.215 milliseconds (cumulative count 1999)
100.000% <= 2.247 milliseconds (cumulative count 2000)

Cumulative distribution of latencies:
100.000% <= 3.103 milliseconds (cumulative count 2000)

Summary:
  throughput summary: 76923.08 requests per second
  latency summary (msec):
          avg       min       p50       p95       p99       max
        0.441     0.088     0.335     1.023     1.935     2.247
"""


def done(stdout="", code=0, stderr=""):
    return subprocess.CompletedProcess([], code, stdout, stderr)


def target(kind=Target):
    made = kind("any", "cluster")
    made.port, made.tls_port = 7000, 7001
    made.certificate = mock.Mock(path="a.crt")
    return made


def work(**fields):
    return works.Work("a", "A", **{"request": "get", **fields})


def load():
    with mock.patch.dict(os.environ, {"LOAD_BINARY": "/bin/true"}):
        return generators.Load()


class OwnLoad(unittest.TestCase):
    def test_figures(self):
        figures = load().figures(done(json.dumps(SAID)), "it", 100)
        self.assertEqual(figures["requests"], 100)
        self.assertEqual(figures["p99_9_us"], 6)
        self.assertEqual(figures["client_cpu_us"], 2.5)

    def test_whatever_is_not_right_ends_the_benchmark(self):
        for change, code, expected in BAD:
            with self.subTest(change=change):
                said = "" if change is None else json.dumps({**SAID, **change})
                with self.assertRaisesRegex(Failure, "^it: .*" + expected):
                    load().figures(done(said, code, "no connection\n"), "it", 100)

    def test_command_says_what_the_work_is(self):
        rows = [
            (work(clients=7, pipeline=16, size=9, keys=5), Target,
             ["--clients 7", "--pipeline 16", "--size 9", "--keys 5", "--requests 100",
              "--work get", "--port 7000"],
             ["--cluster", "--rate", "--connect-each", "--tls-ca"]),
            (work(needs=("tls",)), Target, ["--port 7001", "--tls-ca a.crt"], ["7000"]),
            (work(), Direct, ["--cluster"], []),
            (work(at_rate=True), Target, ["--rate 33"], []),
            (work(reconnect=True), Target, ["--connect-each"], []),
        ]
        for asked, kind, present, absent in rows:
            with self.subTest(asked=asked):
                said = " ".join(map(str, load().command(target(kind), asked, 100, 33)))
                for words in present:
                    self.assertIn(words, said)
                for words in absent:
                    self.assertNotIn(words, said)

    def test_a_missing_program_is_said(self):
        with mock.patch.dict(os.environ, {"LOAD_BINARY": "/nowhere/load"}):
            with self.assertRaisesRegex(Failure, "there is no /nowhere/load"):
                generators.Load()


class Benchmark(unittest.TestCase):
    def setUp(self):
        with mock.patch.object(generators, "program", lambda name: name):
            self.generator = generators.RedisBenchmark()

    def test_figures_in_microseconds(self):
        figures = self.generator.figures(done(SUMMARY.replace("\n=", "\r=", 1)), "it", 2000)
        expected = {"requests": 2000, "requests_per_second": 76923.08, "mean_us": 441,
                    "p50_us": 335, "p99_us": 1935, "p99_9_us": 2215, "max_us": 2247}
        self.assertEqual(figures.keys(), expected.keys())
        for name, value in expected.items():
            self.assertAlmostEqual(figures[name], value)

    def test_errors_end_the_benchmark(self):
        for said in (done("", 1, "Could not connect"), done("nothing"),
                     done(SUMMARY, 0, "Error from server: ERR unknown")):
            with self.subTest(said=said), self.assertRaisesRegex(Failure, "^it: "):
                self.generator.figures(said, "it", 2000)

    def test_it_does_small_gets_and_sets(self):
        can = [name.name for name in works.WORKS if self.generator.can_do(name)]
        self.assertIn("get-p16", can)
        self.assertIn("set-1k", can)
        for name in ("mix", "get-16k", "mget", "latency", "idle-1k", "connect", "get-tls"):
            self.assertNotIn(name, can)

    def test_in_a_cluster_keys_have_the_tag_of_a_slot(self):
        for kind, expected in ((Target, "GET value-32:__rand_int__"),
                               (Direct, "--cluster --threads 1 GET value-32:{tag}")):
            said = " ".join(map(str, self.generator.command(target(kind), work(), 100, 1)))
            self.assertTrue(said.endswith(expected), said)


if __name__ == "__main__":
    unittest.main()
