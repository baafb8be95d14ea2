'use strict';
// ioredis as an application uses it on a single server. Its fork for Valkey is the same but in name.

const {
    assert, equal, host, password, port, range, restartSlotway, step, until, version,
} = require('./steps.js');

async function tryData(redis) {
    await step('strings', async () => {
        equal(await redis.set('greeting', 'hello'), 'OK');
        equal(await redis.get('greeting'), 'hello');
        equal(await redis.set('greeting', 'other', 'NX'), null);
        equal(await redis.setex('brief', 100, 'x'), 'OK');
        equal(await redis.incrbyfloat('counter', 0.5), '0.5');
        const bytes = Buffer.from(range(256));
        await redis.set('bytes', bytes);
        equal(await redis.getBuffer('bytes'), bytes);
    });
    await step('hashes', async () => {
        equal(await redis.hset('user:1', { name: 'Ada', age: 36 }), 2);
        equal(await redis.hgetall('user:1'), { name: 'Ada', age: '36' });
        equal(await redis.hmget('user:1', 'name', 'none'), ['Ada', null]);
    });
    await step('lists', async () => {
        equal(await redis.rpush('list', 1, 2, 3), 3);
        equal(await redis.lrange('list', 0, -1), ['1', '2', '3']);
        equal(await redis.lpop('list'), '1');
    });
    await step('sets', async () => {
        equal(await redis.sadd('{s}a', 1, 2, 3), 3);
        equal(await redis.sadd('{s}b', 2, 3), 2);
        equal((await redis.sinter('{s}a', '{s}b')).sort(), ['2', '3']);
    });
    await step('sorted sets', async () => {
        equal(await redis.zadd('board', 1.5, 'ann', 2, 'bob'), 2);
        equal(await redis.zrange('board', 0, -1, 'WITHSCORES'), ['ann', '1.5', 'bob', '2']);
        equal(await redis.zincrby('board', 1, 'ann'), '2.5');
        equal(await redis.zscore('board', 'none'), null);
    });
    await step('streams', async () => {
        for (const i of range(5)) {
            await redis.xadd('events', '*', 'n', i);
        }
        equal(await redis.xgroup('CREATE', 'events', 'group', '0'), 'OK');
        const [[name, entries]] = await redis.xreadgroup(
            'GROUP', 'group', 'me', 'COUNT', 3, 'STREAMS', 'events', '>');
        equal([name, entries.map(([, fields]) => fields[1])], ['events', ['0', '1', '2']]);
        equal(await redis.xack('events', 'group', entries[0][0]), 1);
    });
    await step('expiry', async () => {
        equal(await redis.expire('greeting', 100), 1);
        assert((await redis.ttl('greeting')) > 90);
        await redis.set('short', 1, 'PX', 20);
        await until(async () => (await redis.exists('short')) === 0);
    });
}

async function tryMany(redis, Redis, options) {
    await step('many keys', async () => {
        const pairs = Object.fromEntries(range(2000).map((i) => [`many:${i}`, String(i)]));
        equal(await redis.mset(pairs), 'OK');
        equal(await redis.mget(Object.keys(pairs)), Object.values(pairs));
        equal(await redis.del(Object.keys(pairs)), 2000);
        equal(await redis.mget('many:0', 'many:1'), [null, null]);
    });
    await step('pipeline', async () => {
        const pipeline = redis.pipeline();
        for (const i of range(10000)) {
            pipeline.set(`pipe:${i}`, i).get(`pipe:${i}`);
        }
        const replies = await pipeline.exec();
        equal(replies.length, 20000);
        range(10000).forEach((i) => equal(replies[2 * i + 1], [null, String(i)]));
    });
    await step('automatic pipelining', async () => {
        const automatic = new Redis({ ...options, enableAutoPipelining: true });
        const replies = await Promise.all(range(1000).map((i) => automatic.get(`pipe:${i}`)));
        equal(replies, range(1000).map(String));
        automatic.disconnect();
    });
    await step('scan', async () => {
        const keys = new Set();
        for await (const some of redis.scanStream({ match: 'pipe:*', count: 500 })) {
            some.forEach((key) => keys.add(key));
        }
        equal(keys.size, 10000);
        const fields = [];
        for await (const some of redis.hscanStream('user:1')) {
            fields.push(...some);
        }
        equal(fields.sort(), ['36', 'Ada', 'age', 'name']);
    });
}

async function tryAtomic(redis, Redis, options) {
    await step('scripts', async () => {
        redis.defineCommand('addTo', {
            numberOfKeys: 1,
            lua: "return redis.call('incrby', KEYS[1], ARGV[1])",
        });
        equal(await redis.addTo('script:1', 2), 2);
        const pipeline = redis.pipeline();
        range(100).forEach((i) => pipeline.addTo(`script:p:${i}`, i));
        equal(await pipeline.exec(), range(100).map((i) => [null, i]));
        equal(await redis.eval('return {KEYS[1], ARGV[1]}', 1, 'k', 'v'), ['k', 'v']);
    });
    await step('transaction', async () => {
        const replies = await redis.multi().set('{t}a', 1).incr('{t}a').get('{t}a').exec();
        equal(replies, [[null, 'OK'], [null, 2], [null, '2']]);
        await redis.multi({ pipeline: false });
        equal(await redis.set('{t}a', 5), 'QUEUED');
        equal(await redis.exec(), [[null, 'OK']]);
        await assert.rejects(redis.multi().set('a').exec(), /EXECABORT|wrong number/);
    });
    await step('watch', async () => {
        const other = new Redis(options);
        await redis.watch('{w}n');
        await other.set('{w}n', 5);
        equal(await redis.multi().set('{w}n', 6).exec(), null);
        await redis.watch('{w}n');
        equal(await redis.multi().incr('{w}n').exec(), [[null, 6]]);
        other.disconnect();
    });
    await step('lock', async () => {
        equal(await redis.set('lock', 'token', 'PX', 30000, 'NX'), 'OK');
        equal(await redis.set('lock', 'other', 'PX', 30000, 'NX'), null);
        const release = `if redis.call('get', KEYS[1]) == ARGV[1] then
            return redis.call('del', KEYS[1]) else return 0 end`;
        equal(await redis.eval(release, 1, 'lock', 'other'), 0);
        equal(await redis.eval(release, 1, 'lock', 'token'), 1);
    });
}

async function tryWaiting(redis, Redis, options) {
    await step('blocking', async () => {
        const worker = new Redis(options);
        equal(await worker.blpop('none', 1), null);
        const popped = worker.brpop('queue', 20);
        await redis.lpush('queue', 'job');
        equal(await popped, ['queue', 'job']);
        await redis.zadd('{z}q', 1, 'm');
        equal(await worker.bzpopmin('{z}none', '{z}q', 5), ['{z}q', 'm', '1']);
        const read = worker.xread('BLOCK', 20000, 'STREAMS', 'later', '0');
        const id = await redis.xadd('later', '*', 'n', 1);
        equal(await read, [['later', [[id, ['n', '1']]]]]);
        worker.disconnect();
    });
    await step('pubsub', async () => {
        const subscriber = new Redis(options);
        const received = [];
        subscriber.on('message', (channel, text) => received.push(`${channel} ${text}`));
        subscriber.on('pmessage', (pattern, channel, text) => received.push(`${channel} ${text}`));
        equal(await subscriber.subscribe('news', 'more'), 2);
        equal(await subscriber.psubscribe('alert:*'), 3);
        for (const i of range(100)) {
            await redis.publish('news', i);
        }
        await redis.publish('alert:fire', 'run');
        await until(() => received.length === 101);
        // Channels have an order each, and none among them.
        equal(received.filter((text) => text !== 'alert:fire run'), range(100).map((i) => `news ${i}`));
        equal(await subscriber.unsubscribe('news', 'more'), 1);
        subscriber.disconnect();
    });
}

async function tryConnections(redis, Redis, options) {
    await step('reconnect', async () => {
        const subscriber = new Redis(options);
        let received = 0;
        subscriber.on('message', () => received++);
        subscriber.on('error', () => {});
        redis.on('error', () => {});
        await subscriber.subscribe('again');
        await redis.set('before', 1);
        await restartSlotway();
        equal(await redis.get('before'), '1');
        await until(async () => {
            await redis.publish('again', 'x');
            return received > 0;
        });
        subscriber.disconnect();
    });
    await step('many connections', async () => {
        const clients = range(50).map(() => new Redis(options));
        const done = await Promise.all(clients.map((client, i) => client.incrby('{c}total', i)));
        equal(done.length, 50);
        equal(await redis.get('{c}total'), String((49 * 50) / 2));
        clients.forEach((client) => client.disconnect());
    });
}

// ioredis speaks RESP3 since version 6, and gives what it always gave unless it is told otherwise.
async function tryProtocols(Redis, options) {
    await step('RESP3', async () => {
        const redis = new Redis({ ...options, replyMapping: 'resp3' });
        await redis.zadd('resp3', 1.5, 'ann');
        equal(await redis.zscore('resp3', 'ann'), 1.5);
        await redis.hset('resp3:h', 'f', 'v');
        equal(await redis.hgetall('resp3:h'), { f: 'v' });
        redis.disconnect();
    });
    await step('RESP2', async () => {
        const redis = new Redis({ ...options, protocol: 2 });
        equal(await redis.zscore('resp3', 'ann'), '1.5');
        equal(await redis.hgetall('resp3:h'), { f: 'v' });
        redis.disconnect();
    });
}

async function tryAll(name, Redis, more = {}) {
    version(name);
    const options = { host, port, password, connectionName: 'tried', ...more };
    const redis = new Redis(options);
    await step('connect', async () => {
        equal(await redis.ping(), 'PONG');
        equal(redis.status, 'ready');
        equal(await redis.client('GETNAME'), 'tried');
        const url = new Redis(`redis://:${password}@${host}:${port}/0`);
        equal(await url.echo('hello'), 'hello');
        await url.quit();
    });
    await tryData(redis);
    await tryMany(redis, Redis, options);
    await tryAtomic(redis, Redis, options);
    await tryWaiting(redis, Redis, options);
    await tryConnections(redis, Redis, options);
    if (name === 'ioredis') {
        await tryProtocols(Redis, options);
    }
    process.exit(0);
}

module.exports = { tryAll };

if (require.main === module) {
    tryAll('ioredis', require('ioredis').Redis);
}
