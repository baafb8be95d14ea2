'use strict';
// BullMQ: jobs that workers take, some that fail at first and are tried again, some that wait, with
// all keys of the queue in one slot by its prefix. Each job leaves a mark of its own.

const { Queue, QueueEvents, Worker } = require('bullmq');
const { Redis } = require('ioredis');
const { assert, equal, host, jobs, password, port, range, step, until, version } = require('./steps.js');

const connection = { host, port, password, maxRetriesPerRequest: null };
const prefix = '{bull}';
const workerCount = 4;

// Every seventh fails when it runs for the first time.
function shouldFail(job) {
    return job.data.n % 7 === 0 && job.attemptsMade === 0;
}

async function run(redis, job) {
    if (shouldFail(job)) {
        await redis.hincrby('failed', job.data.n, 1);
        throw new Error('as told');
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
    await redis.hincrby('ran', job.data.n, 1);
    return job.data.n;
}

async function add(queue) {
    for (let first = 0; first < jobs; first += 100) {
        const numbers = range(Math.min(100, jobs - first)).map((i) => first + i);
        await queue.addBulk(numbers.map((n) => ({
            name: 'job',
            data: { n },
            opts: { attempts: 3, backoff: 50, delay: n % 10 === 0 ? 200 : 0, priority: n % 5 },
        })));
    }
}

async function tryQueue(redis) {
    const queue = new Queue('work', { connection, prefix });
    const events = new QueueEvents('work', { connection, prefix });
    const seen = new Set();
    const errors = new Set();
    events.on('completed', ({ jobId }) => seen.add(jobId));
    await events.waitUntilReady();
    const workers = range(workerCount).map(() => new Worker('work', (job) => run(redis, job), {
        connection, prefix, concurrency: 5,
    }));
    for (const source of [queue, events, ...workers]) {
        source.on('error', (error) => errors.add(error.message));
    }
    await add(queue);
    await until(async () => (await queue.getJobCounts('completed')).completed === jobs, 60 + jobs / 5);
    await step(`${jobs} jobs`, async () => {
        const ran = await redis.hgetall('ran');
        equal(Object.keys(ran).length, jobs);
        equal(Object.values(ran).filter((count) => count !== '1'), []);
        const failed = await redis.hgetall('failed');
        equal(Object.keys(failed).length, Math.ceil(jobs / 7));
        equal(Object.values(failed).filter((count) => count !== '1'), []);
    });
    await step('no errors', async () => equal([...errors], []));
    await step('events', () => until(() => seen.size === jobs));
    await step('counts', async () => {
        equal(await queue.getJobCounts('wait', 'active', 'failed', 'delayed', 'prioritized'), {
            wait: 0, active: 0, failed: 0, delayed: 0, prioritized: 0,
        });
        assert((await queue.getWorkers()).length >= workerCount);
    });
    await Promise.all(workers.map((worker) => worker.close()));
    await events.close();
    await queue.obliterate({ force: true });
    await queue.close();
}

async function main() {
    version('bullmq');
    const redis = new Redis(connection);
    await tryQueue(redis);
    process.exit(0);
}

main().catch((error) => {
    console.error(error);
    console.log(`failed run: ${error.message}`);
    process.exit(1);
});
