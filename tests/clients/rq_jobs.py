"""RQ: jobs that workers take in processes of their own, some that fail at first and are tried again,
some that wait for another job or for their time. Each job leaves a mark of its own."""

import datetime
import subprocess
import sys
import time

import redis
import rq
import rq_tagged  # noqa: F401: it names the keys anew

from steps import JOBS, URL, equal, step, version

WORKERS = 4


def work(n):
    """Every seventh fails when it runs for the first time."""
    marks = redis.Redis.from_url(URL, decode_responses=True)
    if n % 7 == 0 and marks.hincrby("tried", n, 1) == 1:
        raise ValueError("as told")
    time.sleep(0.02)
    marks.hincrby("ran", n, 1)
    return n


def run_worker(name):
    # Jobs are found by the name of their module, which this is when it is imported.
    connection = redis.Redis.from_url(URL)
    worker = rq.Worker(["work"], connection=connection, name=name)
    worker.work(with_scheduler=True, logging_level="WARNING")


def enqueue(queue):
    later = datetime.timedelta(seconds=1)
    previous = None
    for n in range(JOBS):
        retry = rq.Retry(max=3)
        if n % 10 == 0:
            job = queue.enqueue_in(later, "rq_jobs.work", n, retry=retry)
        elif n % 10 == 1:
            job = queue.enqueue("rq_jobs.work", n, retry=retry, depends_on=previous)
        else:
            job = queue.enqueue("rq_jobs.work", n, retry=retry)
        previous = job


def wait_for(condition, seconds):
    deadline = time.time() + seconds
    while not condition():
        if time.time() > deadline:
            raise AssertionError("the time is over")
        time.sleep(0.1)


def main():
    version(f"{rq.VERSION}, redis-py {redis.__version__}")
    connection = redis.Redis.from_url(URL)
    marks = redis.Redis.from_url(URL, decode_responses=True)
    queue = rq.Queue("work", connection=connection)
    workers = [
        subprocess.Popen([sys.executable, __file__, f"worker-{i}"]) for i in range(WORKERS)
    ]
    enqueue(queue)

    @step(f"{JOBS} jobs")
    def _():
        try:
            wait_for(lambda: marks.hlen("ran") == JOBS, 60 + JOBS // 5)
        except AssertionError:
            raise AssertionError(f"{marks.hlen('ran')} ran, {queue.failed_job_registry.count} failed")
        wait_for(lambda: queue.finished_job_registry.count == JOBS, 60)
        equal([n for n, count in marks.hgetall("ran").items() if count != "1"], [])
        equal({count for count in marks.hgetall("tried").values()}, {"2"})

    @step("counts")
    def _():
        equal(queue.count, 0)
        equal(queue.started_job_registry.count, 0)
        equal(queue.failed_job_registry.count, 0)
        equal(rq.Worker.count(connection=connection), WORKERS)
        equal([worker.poll() for worker in workers], [None] * WORKERS)

    @step("stop")
    def _():
        for worker in workers:
            worker.terminate()
        equal([worker.wait(60) for worker in workers], [0] * WORKERS)
        equal(rq.Worker.count(connection=connection), 0)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        run_worker(sys.argv[1])
    else:
        main()
