"""RQ with all its keys in one slot.

RQ changes keys of jobs, queues, registries and workers in one transaction, and has no option for
their names. They are constants, so whoever imports this before anything is queued or run, the
workers too, gives them a hash tag.
"""

import rq.job
import rq.queue
import rq.registry
import rq.results
import rq.scheduler
import rq.suspension
import rq.worker
import rq.worker_registration

HOLDERS = [
    (rq.job.Job, ["redis_job_namespace_prefix"]),
    (rq.queue.Queue, ["redis_queue_namespace_prefix", "redis_queues_keys"]),
    (rq.worker.Worker, ["redis_worker_namespace_prefix", "redis_workers_keys"]),
    (rq.worker_registration, ["WORKERS_BY_QUEUE_KEY", "REDIS_WORKER_KEYS"]),
    (rq.scheduler, ["SCHEDULER_KEY_TEMPLATE", "SCHEDULER_LOCKING_KEY_TEMPLATE"]),
    (rq.suspension, ["WORKERS_SUSPENDED"]),
]


def tagged(name):
    return name.replace("rq:", "{rq}:", 1)


def registries():
    found = [rq.registry.BaseRegistry]
    for registry in found:
        found += registry.__subclasses__()
    return found


for holder, names in HOLDERS:
    for name in names:
        setattr(holder, name, tagged(getattr(holder, name)))
for registry in registries():
    # A registry's name is filled in with format(): the braces are doubled.
    registry.key_template = registry.key_template.replace("rq:", "{{rq}}:", 1)
rq.results.Result.get_key = classmethod(lambda cls, job_id: f"{{rq}}:results:{job_id}")
