"""The load generators: our own, bench/load, and redis-benchmark, which is nobody's here."""

import json
import os
import re
import subprocess

from .processes import Failure, bound, program
from .targets import ROOT, Direct

SECONDS = 900
KEYS = 16384


def run(command, what):
    """Runs it to its end; what it printed. Its failure is ours."""
    try:
        done = subprocess.run(bound(command), stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{what}: not done after {SECONDS} s") from error
    except OSError as error:
        raise Failure(f"{what}: {error}") from error
    return done


def words(done):
    said = (done.stderr.strip() or done.stdout.strip()).split("\n")
    return f"exit {done.returncode}: " + "; ".join(said[-3:])


class Load:
    """bench/load checks every reply: a wrong one is an error as any other."""

    name = "load"

    def __init__(self):
        self.binary = os.environ.get("LOAD_BINARY") or f"{ROOT}/build/release/bench/load"
        if not os.access(self.binary, os.X_OK):
            raise Failure(f"there is no {self.binary}; script/bench builds it")

    @staticmethod
    def can_do(_work):
        return True

    def version(self):
        return None

    def _base(self, target, work):
        command = [self.binary, "--host", "127.0.0.1",
                   "--port", target.tls_port if work.over_tls else target.port,
                   "--keys", work.keys, "--size", work.size, "--seed", 1, "--json"]
        if work.over_tls:
            command += ["--tls-ca", target.certificate.path]
        return command + (["--cluster"] if isinstance(target, Direct) else [])

    def fill_command(self, target, work):
        """Gives every key its value."""
        return self._base(target, work) + ["--fill"]

    def command(self, target, work, count, rate):
        command = self._base(target, work) + [
            "--clients", work.clients, "--pipeline", work.pipeline, "--requests", count,
            "--work", work.request]
        if work.reconnect:
            command += ["--connect-each"]
        if work.at_rate:
            command += ["--rate", rate]
        return command

    def idle_command(self, target, work):
        """Clients that say nothing: prints `ready`, and ends with its stdin."""
        return self._base(target, work) + ["--idle", work.idle, "--hold"]

    def figures(self, done, what, count):
        """What one run measured. Ends the benchmark if not every request got its right reply."""
        try:
            said = json.loads(done.stdout)
            latency = said["latency_us"]
            figures = {
                "requests": said["requests"],
                "seconds": said["seconds"],
                "requests_per_second": said["requests_per_second"],
                "mean_us": latency["mean"],
                "p50_us": latency["p50"],
                "p99_us": latency["p99"],
                "p99_9_us": latency["p99.9"],
                "max_us": latency["max"],
                "client_cpu_us": said["cpu_us_per_request"],
            }
            wrong, errors = said["wrong"], said["errors"]
        except (ValueError, KeyError, TypeError) as error:
            raise Failure(f"{what}: {words(done)}") from error
        if wrong or errors:
            raise Failure(f"{what}: of {said['requests']} replies {wrong} were wrong and {errors} "
                          f"were errors; {words(done)}")
        if done.returncode != 0:
            raise Failure(f"{what}: {words(done)}")
        if said["requests"] != count:
            raise Failure(f"{what}: {said['requests']} of {count} requests were answered")
        return figures


class RedisBenchmark:
    """GET and SET of small values, in a cluster one key for each slot. It checks no reply."""

    name = "redis-benchmark"

    def __init__(self):
        self.binary = program("redis-benchmark")

    @staticmethod
    def can_do(work):
        return (work.request in ("get", "set") and work.size <= 1024
                and not work.idle and not work.at_rate and not work.over_tls)

    def version(self):
        return [self.binary, "--version"]

    def fill_command(self, target, work):
        """Twelve random writes a key leave next to none out."""
        return self._words(target, work, "set", 50, 16, KEYS * 12)

    def command(self, target, work, count, _rate):
        return self._words(target, work, work.request, work.clients, work.pipeline, count)

    def _words(self, target, work, request, clients, pipeline, count):
        direct = isinstance(target, Direct)
        command = [self.binary, "-h", "127.0.0.1", "-p", target.port, "-c", clients, "-P", pipeline,
                   "-n", count, "-r", KEYS]
        # It puts a number in place of __rand_int__, in a cluster a slot's tag in place of {tag}.
        key = f"value-{work.size}:" + ("{tag}" if direct else "__rand_int__")
        value = ["v" * work.size] if request == "set" else []
        return command + (["--cluster", "--threads", 1] if direct else []) + [
            request.upper(), key, *value]

    def figures(self, done, what, count):
        """What one run measured, from what it says to people."""
        text = done.stdout.replace("\r", "\n")
        if done.returncode != 0 or "Error from server" in text + done.stderr:
            raise Failure(f"{what}: {words(done)}")
        return {"requests": count, **summary(text, what)}


def summary(text, what):
    """Throughput and latencies, in microseconds, in what redis-benchmark prints."""
    throughput = re.search(r"throughput summary: ([0-9.]+) requests", text)
    latency = re.search(r"latency summary \(msec\):\n.*\n\s*([0-9. ]+)", text)
    distribution = re.findall(r"^([0-9.]+)% <= ([0-9.]+) milliseconds", text, re.MULTILINE)
    if throughput is None or latency is None:
        raise Failure(f"{what}: redis-benchmark tells no figures")
    mean, _, p50, _, p99, most = (float(figure) * 1000 for figure in latency.group(1).split())
    above = [float(time) * 1000 for share, time in distribution if float(share) >= 99.9]
    return {
        "requests_per_second": float(throughput.group(1)),
        "mean_us": mean, "p50_us": p50, "p99_us": p99,
        "p99_9_us": above[0] if above else most, "max_us": most,
    }


GENERATORS = {kind.name: kind for kind in (Load, RedisBenchmark)}
