"""Celery over kombu's transport for Redis, with Redis for the results: tasks that workers take in
processes of their own, some that ask to be tried again, and a chord. Each leaves a mark."""

import os
import subprocess
import sys
import time

import celery
import kombu
import redis

from celery_tasks import add_up, app, marks, work
from steps import JOBS, equal, step, version

WORKERS = 2


def start_worker(i):
    return subprocess.Popen(
        [
            sys.executable, "-m", "celery", "-A", "celery_tasks", "worker", "--concurrency=2",
            f"--hostname=worker-{i}@localhost", "--loglevel=WARNING",
        ],
        env={**os.environ, "PYTHONPATH": os.path.dirname(__file__), "C_FORCE_ROOT": "1"},
    )


def main():
    version(f"{celery.__version__}, kombu {kombu.__version__}, redis-py {redis.__version__}")
    workers = [start_worker(i) for i in range(WORKERS)]

    @step("inspect")
    def _():
        deadline = time.time() + 60
        while len(app.control.ping(timeout=1)) < WORKERS:
            equal(time.time() < deadline, True)

    results = [work.delay(n) for n in range(JOBS)]

    @step(f"{JOBS} jobs")
    def _():
        equal([result.get(timeout=60 + JOBS // 5) for result in results], list(range(JOBS)))
        ran = marks.hgetall("ran")
        equal(len(ran), JOBS)
        equal([n for n, count in ran.items() if count != "1"], [])
        equal([n for n, count in marks.hgetall("tried").items() if count != "1"], [])

    @step("chord")
    def _():
        marks.delete("ran")
        equal(celery.chord(work.s(n) for n in range(1, 6))(add_up.s()).get(timeout=60), 15)

    @step("group")
    def _():
        group = celery.group(work.s(n) for n in range(100, 120))()
        equal(group.get(timeout=60), list(range(100, 120)))

    @step("stop")
    def _():
        app.control.shutdown()
        equal([worker.wait(60) for worker in workers], [0] * WORKERS)
        equal(marks.llen("{celery}:celery"), 0)
        equal(marks.hlen("{celery}:{celery}:unacked"), 0)

    for worker in workers:
        worker.terminate()


if __name__ == "__main__":
    main()
