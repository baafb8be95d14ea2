#!/usr/bin/env python3
"""script/bench from end to end, very small: direct and slotway, two works, one round.

SLOTWAY_BINARY and LOAD_BINARY are what is built here.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml

from result import BENCH

from harness.processes import wait_until

SECONDS = 120
REQUESTS = 3000
# Works and how many requests a round of each has.
COUNTS = {"mix": 3000, "mix-p16": 12000}
TARGETS = ["direct", "slotway-1", "again"]
WORDS = ["--works", ",".join(COUNTS), "--rounds", "1", "--requests", str(REQUESTS)]
# slotway once more, as a proxy that a file names.
AGAIN = {"proxies": [{
    "name": "again", "command": [os.environ.get("SLOTWAY_BINARY", ""), "--config", "{config}"],
    "config": ["workers: 1", "admin: {listen: []}", "pools:", "  - name: main",
               "    listen: 127.0.0.1:{port}", "    backend:", "      seeds:", "        - {seed}"],
}]}


def command(*words):
    return [sys.executable, f"{BENCH}/bench.py", *words]


def processes_in(folder):
    """Those that work below a folder."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if os.readlink(f"/proc/{pid}/cwd").startswith(folder):
                found.append(int(pid))
        except OSError:
            pass  # it has ended, or belongs to somebody else
    return found


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.environment = {**os.environ, "TMPDIR": self.folder}

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name), "w") as file:
            file.write(text)
        os.chmod(self.path(name), 0o755)
        return self.path(name)

    def run_bench(self, *words):
        return subprocess.run(command(*words), env=self.environment, capture_output=True,
                              text=True, check=False)

    def load_that(self, lines):
        """Another load generator, a shell script."""
        self.environment["LOAD_BINARY"] = self.write("load", "#!/bin/sh\n" + lines)


class Whole(Folder):
    def test_figures_of_every_work_and_target_in_every_form(self):
        done = self.run_bench(*WORDS, "--targets", ",".join(TARGETS), "--baseline", "direct",
                              "--also", self.write("also.json", json.dumps(AGAIN)),
                              "--json", self.path("a.json"), "--markdown", self.path("a.md"),
                              "--plot", self.path("a.svg"))
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("a.json")) as file:
            result = json.load(file)
        self.check_settings(result)
        self.check_samples(result["samples"])
        self.check_medians(result["medians"], result["samples"])
        with open(self.path("a.md")) as file:
            self.assertEqual(file.read(), done.stdout)
        xml.parse(self.path("a.svg"))
        self.assertEqual(processes_in(self.folder), [])
        self.assertEqual(sorted(os.listdir(self.folder)), ["a.json", "a.md", "a.svg", "also.json"])
        self.assertEqual(self.run_bench("--read", self.path("a.json")).stdout, done.stdout)

    def check_settings(self, result):
        self.assertEqual(result["targets"], TARGETS)
        self.assertEqual([work["name"] for work in result["works"]], list(COUNTS))
        self.assertEqual(result["left_out"], [])
        self.assertEqual(result["settings"]["rounds"], 1)
        self.assertEqual(set(result["versions"]), {"redis-server", "slotway"})

    def check_samples(self, samples):
        self.assertEqual([(sample["work"], sample["target"]) for sample in samples],
                         [(work, target) for work in COUNTS for target in TARGETS])
        for sample in samples:
            self.assertEqual(sample["round"], 1)
            self.assertEqual(sample["requests"], COUNTS[sample["work"]])
            for figure in ("requests_per_second", "servers_cpu_us", "client_cpu_us", "p50_us"):
                self.assertGreater(sample[figure], 0)
            self.assertLessEqual(sample["p50_us"], sample["p99_us"])
            self.assertLessEqual(sample["p99_us"], sample["p99_9_us"])
            if sample["target"] == "direct":
                self.assertIsNone(sample["proxy_cpu_us"])
                self.assertIsNone(sample["syscalls"])
            else:
                self.assertGreater(sample["proxy_cpu_us"], 0)
                self.assertGreater(sample["rss_kib"], 0)

    def check_medians(self, medians, samples):
        """Of one round they are that round's figures."""
        self.assertEqual(len(medians), len(samples))
        base = {sample["work"]: sample["servers_cpu_us"] for sample in samples
                if sample["target"] == "direct"}
        for median, sample in zip(medians, samples):
            self.assertEqual(median["rounds"], 1)
            self.assertEqual(median["p99_us"], sample["p99_us"])
            self.assertAlmostEqual(median["ratios"]["servers_cpu_us"],
                                   sample["servers_cpu_us"] / base[sample["work"]])


class OverTls(Folder):
    def test_who_speaks_it_is_measured_and_others_are_left_out(self):
        done = self.run_bench("--works", "get-tls", "--rounds", "1", "--requests", "1000",
                              "--targets", "direct,standalone,slotway-1", "--json",
                              self.path("a.json"))
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(self.path("a.json")) as file:
            result = json.load(file)
        self.assertEqual([(sample["target"], sample["requests"]) for sample in result["samples"]],
                         [("standalone", 1000), ("slotway-1", 1000)])
        self.assertEqual([entry["target"] for entry in result["left_out"]], ["direct"])
        self.assertEqual(set(result["versions"]), {"redis-server", "openssl", "slotway"})
        self.assertEqual(os.listdir(self.folder), ["a.json"], "its key is gone")


class Trouble(Folder):
    def test_a_wrong_reply_ends_it_with_its_work_and_target(self):
        self.load_that('case "$*" in *--fill*) exit 0 ;; esac\n'
                       'echo \'{"requests": 3000, "seconds": 1, "requests_per_second": 1, '
                       '"errors": 0, "wrong": 2, "cpu_us_per_request": 1, "latency_us": {"mean": 1,'
                       ' "p50": 1, "p99": 1, "p99.9": 1, "max": 1}}\'\nexit 1\n')
        done = self.run_bench(*WORDS, "--targets", "direct")
        self.assertEqual(done.returncode, 1)
        self.assertIn("bench: mix against direct, round 1: of 3000 replies 2 were wrong",
                      done.stderr)
        self.assertEqual(processes_in(self.folder), [])

    def test_a_proxy_that_does_not_start_is_quoted(self):
        entry = {"name": "broken", "command": ["sh", "-c", "echo no luck; exit 3"],
                 "fronts": "single"}
        done = self.run_bench(*WORDS, "--targets", "broken", "--also",
                              self.write("also.json", json.dumps({"proxies": [entry]})))
        self.assertEqual(done.returncode, 1)
        self.assertIn("bench: broken does not start: no luck", done.stderr)

    def test_a_killed_benchmark_leaves_nothing_running(self):
        self.load_that(f"cd {self.folder} && : >began && exec sleep 1000\n")
        bench = subprocess.Popen(command(*WORDS, "--targets", "slotway-1"), env=self.environment,
                                 stdout=subprocess.DEVNULL)
        began = wait_until(SECONDS, lambda: os.path.exists(self.path("began"))
                           or bench.poll() is not None)
        running = len(processes_in(self.folder))
        bench.send_signal(signal.SIGKILL)
        bench.wait()
        self.assertTrue(began)
        self.assertGreaterEqual(running, 5)  # three nodes, slotway, the load
        self.assertTrue(wait_until(SECONDS, lambda: not processes_in(self.folder)))


if __name__ == "__main__":
    unittest.main()
