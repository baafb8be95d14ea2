"""The tasks of celery_jobs.py, and how Celery is told to keep together what it changes together.

kombu pops from several queues at once, and notes in one transaction what was taken and not yet
acknowledged, so a prefix gives all its keys a common hash tag. Names of the latter have it once more,
because kombu 5.2 forgets the prefix when it watches them. The results of a chord are counted in one
transaction as well.
"""

import time

import celery.backends.redis
import redis

from steps import URL

celery.backends.redis.RedisBackend.group_keyprefix = "{celery}-taskset-meta-"

app = celery.Celery("jobs", broker=URL, backend=URL)
app.conf.update(
    broker_transport_options={
        "global_keyprefix": "{celery}:",
        "unacked_key": "{celery}:unacked",
    },
    task_acks_late=True,
    worker_prefetch_multiplier=4,
)
marks = redis.Redis.from_url(URL, decode_responses=True)


@app.task(bind=True, max_retries=3)
def work(self, n):
    """Every seventh fails when it runs for the first time."""
    if n % 7 == 0 and self.request.retries == 0:
        marks.hincrby("tried", n, 1)
        raise self.retry(countdown=0.2)
    time.sleep(0.02)
    marks.hincrby("ran", n, 1)
    return n


@app.task
def add_up(numbers):
    return sum(numbers)
