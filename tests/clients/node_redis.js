'use strict';
// node-redis as an application uses it on a single server, in both protocols.

const { createClient, createClientPool, RESP_TYPES, WatchError } = require('redis');
const {
    assert, equal, host, password, port, range, restartSlotway, step, until, version, Without,
} = require('./steps.js');

async function connect(RESP, more = {}) {
    const client = createClient({ socket: { host, port }, password, name: 'tried', RESP, ...more });
    client.on('error', () => {});
    await client.connect();
    return client;
}

async function tryData(client) {
    await step('strings', async () => {
        equal(await client.set('greeting', 'hello'), 'OK');
        equal(await client.get('greeting'), 'hello');
        equal(await client.set('greeting', 'x', { condition: 'NX' }), null);
        equal(await client.incrByFloat('float', 0.5), '0.5');
        equal(await client.strLen('greeting'), 5);
        const bytes = Buffer.from(range(256));
        await client.set('bytes', bytes);
        const typed = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
        equal(await typed.get('bytes'), bytes);
    });
    await step('hashes', async () => {
        equal(await client.hSet('user', { name: 'Ada', age: 36 }), 2);
        equal({ ...(await client.hGetAll('user')) }, { name: 'Ada', age: '36' });
    });
    await step('lists', async () => {
        equal(await client.rPush('list', ['a', 'b', 'c']), 3);
        equal(await client.lRange('list', 0, -1), ['a', 'b', 'c']);
    });
    await step('sets', async () => {
        equal(await client.sAdd('{s}a', ['1', '2', '3']), 3);
        equal(await client.sAdd('{s}b', ['2', '3', '4']), 3);
        equal((await client.sInter(['{s}a', '{s}b'])).sort(), ['2', '3']);
    });
    await step('sorted sets', async () => {
        equal(await client.zAdd('board', [{ score: 1.5, value: 'ann' }, { score: 2, value: 'bob' }]), 2);
        equal(await client.zScore('board', 'ann'), 1.5);
        equal((await client.zRangeWithScores('board', 0, -1)).map((entry) => ({ ...entry })), [
            { value: 'ann', score: 1.5 }, { value: 'bob', score: 2 },
        ]);
    });
    await step('streams', async () => {
        for (const i of range(5)) {
            await client.xAdd('events', '*', { n: String(i) });
        }
        equal(await client.xGroupCreate('events', 'group', '0'), 'OK');
        const read = await client.xReadGroup('group', 'me', { key: 'events', id: '>' }, { COUNT: 3 });
        equal(read[0].messages.map(({ message }) => message.n), ['0', '1', '2']);
        equal((await client.xInfoStream('events')).length, 5);
    });
    await step('expiry', async () => {
        equal(await client.expire('greeting', 100), 1);
        assert((await client.ttl('greeting')) > 90);
    });
}

async function tryMany(client) {
    await step('many keys', async () => {
        const pairs = Object.fromEntries(range(2000).map((i) => [`many:${i}`, String(i)]));
        equal(await client.mSet(pairs), 'OK');
        equal(await client.mGet(Object.keys(pairs)), Object.values(pairs));
        equal(await client.del(Object.keys(pairs)), 2000);
    });
    await step('pipeline', async () => {
        // What is asked for in one turn of the loop leaves in one write.
        const replies = await Promise.all(range(10000).map((i) => client.incrBy(`pipe:${i}`, i)));
        equal(replies, range(10000));
    });
    await step('scan', async () => {
        const keys = new Set();
        for await (const some of client.scanIterator({ MATCH: 'pipe:*', COUNT: 500 })) {
            some.forEach((key) => keys.add(key));
        }
        equal(keys.size, 10000);
    });
}

async function tryAtomic(client, RESP) {
    await step('scripts', async () => {
        const digest = await client.scriptLoad("return redis.call('incrby', KEYS[1], ARGV[1])");
        equal(await client.evalSha(digest, { keys: ['script:1'], arguments: ['2'] }), 2);
        equal(await client.eval('return ARGV[1]', { arguments: ['x'] }), 'x');
    });
    await step('transaction', async () => {
        equal(await client.multi().set('{t}a', '1').incr('{t}a').get('{t}a').exec(), ['OK', 2, '2']);
    });
    await step('watch', async () => {
        const watcher = await connect(RESP);
        await watcher.watch('{w}n');
        await client.set('{w}n', '5');
        await assert.rejects(watcher.multi().set('{w}n', '6').exec(), WatchError);
        await watcher.watch('{w}n');
        equal(await watcher.multi().incr('{w}n').exec(), [6]);
        watcher.destroy();
    });
}

async function tryWaiting(client, RESP) {
    await step('blocking', async () => {
        const worker = await connect(RESP);
        equal(await worker.blPop('none', 1), null);
        const popped = worker.brPop('queue', 20);
        await client.lPush('queue', 'job');
        equal({ ...(await popped) }, { key: 'queue', element: 'job' });
        const read = worker.xRead({ key: 'later', id: '0' }, { BLOCK: 20000 });
        await client.xAdd('later', '*', { n: '1' });
        equal((await read)[0].messages.length, 1);
        worker.destroy();
    });
    await step('pubsub', async () => {
        const subscriber = await connect(RESP);
        const received = [];
        await subscriber.subscribe('news', (text, channel) => received.push(`${channel} ${text}`));
        await subscriber.pSubscribe('alert:*', (text, channel) => received.push(`${channel} ${text}`));
        for (const i of range(100)) {
            await client.publish('news', String(i));
        }
        await client.publish('alert:fire', 'run');
        await until(() => received.length === 101);
        equal(received.filter((text) => text !== 'alert:fire run'), range(100).map((i) => `news ${i}`));
        await subscriber.unsubscribe();
        await subscriber.pUnsubscribe();
        equal(String(await subscriber.ping()), 'PONG');
        subscriber.destroy();
    });
}

async function tryConnections(client, RESP) {
    await step('pool', async () => {
        const pool = createClientPool({ socket: { host, port }, password, RESP }, { maximum: 8 });
        pool.on('error', () => {});
        await pool.connect();
        const totals = await Promise.all(range(200).map(() => pool.incr('{p}total')));
        equal(Math.max(...totals), 200);
        pool.destroy();
    });
    await step('reconnect', async () => {
        await client.set('before', '1');
        await restartSlotway();
        equal(await client.get('before'), '1');
    });
}

async function tryAll(RESP) {
    let client;
    await step(`RESP${RESP}: connect`, async () => {
        client = await connect(RESP);
        equal(await client.ping(), 'PONG');
        equal(await client.clientGetName(), 'tried');
        const url = createClient({ url: `redis://:${password}@${host}:${port}/0`, RESP });
        await url.connect();
        equal(await url.echo('hello'), 'hello');
        await url.close();
    });
    await client.flushAll();
    await tryData(client);
    await tryMany(client);
    await tryAtomic(client, RESP);
    await tryWaiting(client, RESP);
    await tryConnections(client, RESP);
    client.destroy();
}

// Values that the client keeps, until the server says that they have changed.
async function tryCache() {
    await step('client-side cache', async () => {
        const asked = await connect(3);
        await asked.sendCommand(['CLIENT', 'TRACKING', 'ON']).catch((error) => {
            throw new Without(`${error.message}, says slotway`);
        });
        asked.destroy();
        const cached = await connect(3, { clientSideCache: { ttl: 0, maxEntries: 0 } });
        const other = await connect(3);
        await other.set('cached', '1');
        equal(await cached.get('cached'), '1');
        equal(await cached.get('cached'), '1');
        await other.set('cached', '2');
        await until(async () => (await cached.get('cached')) === '2');
        cached.destroy();
        other.destroy();
    });
}

async function main() {
    version('redis');
    await tryAll(2);
    await tryAll(3);
    await tryCache();
    process.exit(0);
}

main();
