'use strict';
// Valkey GLIDE in its standalone mode: RESP3, all commands of a process over one connection.

const { Batch, GlideClient, Script, TimeUnit } = require('@valkey/valkey-glide');
const { assert, equal, host, password, port, range, restartSlotway, step, until, version } = require('./steps.js');

const options = {
    addresses: [{ host, port }],
    credentials: { password },
    requestTimeout: 20000,
    clientName: 'tried',
};

async function main() {
    version('@valkey/valkey-glide');
    let client;
    await step('connect', async () => {
        client = await GlideClient.createClient(options);
        equal(await client.ping(), 'PONG');
        equal(await client.clientGetName(), 'tried');
    });
    await step('types', async () => {
        equal(await client.set('greeting', 'hello', { expiry: { type: TimeUnit.Seconds, count: 100 } }), 'OK');
        equal(await client.get('greeting'), 'hello');
        equal(await client.hset('user', { name: 'Ada' }), 1);
        equal(await client.hgetall('user'), [{ field: 'name', value: 'Ada' }]);
        equal(await client.zadd('board', { ann: 1.5 }), 1);
        equal(await client.zscore('board', 'ann'), 1.5);
        equal(await client.sadd('set', ['a', 'b']), 2);
        equal(await client.smembers('set'), new Set(['a', 'b']));
        equal(await client.rpush('list', ['a', 'b']), 2);
    });
    await step('many keys', async () => {
        const pairs = Object.fromEntries(range(2000).map((i) => [`many:${i}`, String(i)]));
        equal(await client.mset(pairs), 'OK');
        equal(await client.mget(Object.keys(pairs)), Object.values(pairs));
        equal(await client.del(Object.keys(pairs)), 2000);
    });
    await step('pipeline', async () => {
        const batch = new Batch(false);
        range(5000).forEach((i) => batch.incrBy(`pipe:${i}`, i));
        equal(await client.exec(batch, true), range(5000));
    });
    await step('scan', async () => {
        const seen = new Set();
        let cursor = '0';
        do {
            const [next, keys] = await client.scan(cursor, { match: 'pipe:*', count: 500 });
            keys.forEach((key) => seen.add(key));
            cursor = next;
        } while (cursor !== '0');
        equal(seen.size, 5000);
    });
    await step('scripts', async () => {
        const script = new Script("return redis.call('incrby', KEYS[1], ARGV[1])");
        equal(await client.invokeScript(script, { keys: ['script:1'], args: ['2'] }), 2);
        equal(await client.invokeScript(script, { keys: ['script:2'], args: ['2'] }), 2);
    });
    await step('transaction and watch', async () => {
        equal(await client.exec(new Batch(true).set('{t}a', '1').incr('{t}a'), true), ['OK', 2]);
        const watcher = await GlideClient.createClient(options);
        await watcher.watch(['{t}a']);
        await client.set('{t}a', '5');
        equal(await watcher.exec(new Batch(true).incr('{t}a'), true), null);
        watcher.close();
    });
    await step('blocking', async () => {
        const worker = await GlideClient.createClient(options);
        const popped = worker.blpop(['queue'], 20);
        await client.rpush('queue', ['job']);
        equal(await popped, ['queue', 'job']);
        worker.close();
    });
    await step('pubsub', async () => {
        const received = [];
        const subscriber = await GlideClient.createClient({
            ...options,
            pubsubSubscriptions: {
                channelsAndPatterns: { 0: new Set(['news']) },
                callback: ({ message }) => received.push(message),
            },
        });
        await until(async () => (await client.publish('ready', 'news')) >= 1);
        // One after the other: GLIDE sends what is asked for at once in an order of its own.
        for (const i of range(100)) {
            await client.publish(String(i), 'news');
        }
        await until(() => received.includes('99'));
        equal(received.filter((text) => text !== 'ready'), range(100).map(String));
        subscriber.close();
    });
    await step('reconnect', async () => {
        await restartSlotway();
        await until(() => client.get('greeting').then((text) => text === 'hello', () => false));
        assert((await client.clientGetName()) === 'tried');
    });
    process.exit(0);
}

main();
