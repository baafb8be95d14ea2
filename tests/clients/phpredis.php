<?php
// phpredis, the extension, as an application and PHP's sessions use it on a single server.

require __DIR__ . '/steps.php';

function connect(): Redis
{
    $redis = new Redis();
    $redis->connect(HOST, PORT, 20);
    $redis->auth(PASSWORD);
    return $redis;
}

echo 'version ' . phpversion('redis') . "\n";
$redis = connect();

step('connect', function () use ($redis) {
    equal($redis->ping(), true);
    equal($redis->select(0), true);
    equal($redis->info('server')['redis_mode'], 'standalone');
});

step('strings', function () use ($redis) {
    equal($redis->set('greeting', 'hello'), true);
    equal($redis->get('greeting'), 'hello');
    equal($redis->set('greeting', 'x', ['nx', 'ex' => 10]), false);
    equal($redis->incrBy('counter', 5), 5);
    equal($redis->setex('session', 100, 'x'), true);
    equal($redis->ttl('session') > 90, true);
    equal($redis->get('none'), false);
});

step('hashes', function () use ($redis) {
    equal($redis->hMSet('user', ['name' => 'Ada', 'age' => 36]), true);
    equal($redis->hGetAll('user'), ['name' => 'Ada', 'age' => '36']);
    equal($redis->hMGet('user', ['name', 'none']), ['name' => 'Ada', 'none' => false]);
});

step('lists and sets', function () use ($redis) {
    equal($redis->rPush('list', 'a', 'b', 'c'), 3);
    equal($redis->lRange('list', 0, -1), ['a', 'b', 'c']);
    equal($redis->sAdd('set', 'a', 'b'), 2);
    equal($redis->sIsMember('set', 'a'), true);
});

step('sorted sets', function () use ($redis) {
    equal($redis->zAdd('board', 1.5, 'ann', 2, 'bob'), 2);
    equal($redis->zRange('board', 0, -1, true), ['ann' => 1.5, 'bob' => 2.0]);
});

step('streams', function () use ($redis) {
    $id = $redis->xAdd('events', '*', ['n' => '1']);
    equal($redis->xGroup('CREATE', 'events', 'group', '0'), true);
    $read = $redis->xReadGroup('group', 'me', ['events' => '>'], 10);
    equal($read, ['events' => [$id => ['n' => '1']]]);
    equal($redis->xAck('events', 'group', [$id]), 1);
});

step('many keys', function () use ($redis) {
    $pairs = pairs(2000);
    equal($redis->mSet($pairs), true);
    equal($redis->mGet(array_keys($pairs)), array_values($pairs));
    equal($redis->del(array_keys($pairs)), 2000);
});

step('pipeline', function () use ($redis) {
    $pipeline = $redis->pipeline();
    for ($i = 0; $i < 10000; $i++) {
        $pipeline->set("pipe:$i", $i);
        $pipeline->get("pipe:$i");
    }
    $replies = $pipeline->exec();
    equal(count($replies), 20000);
    equal($replies[19999], '9999');
});

step('scan', function () use ($redis) {
    $redis->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
    $cursor = null;
    $seen = [];
    while ($keys = $redis->scan($cursor, 'pipe:*', 500)) {
        foreach ($keys as $key) {
            $seen[$key] = true;
        }
    }
    equal(count($seen), 10000);
});

step('scripts', function () use ($redis) {
    $digest = $redis->script('load', "return redis.call('incrby', KEYS[1], ARGV[1])");
    for ($i = 1; $i <= 100; $i++) {
        equal($redis->evalSha($digest, ["script:$i", $i], 1), $i);
    }
});

step('transaction', function () use ($redis) {
    equal($redis->multi()->set('{t}a', 1)->incr('{t}a')->exec(), [true, 2]);
});

step('watch', function () use ($redis) {
    $redis->watch('{w}n');
    connect()->set('{w}n', 5);
    equal($redis->multi()->set('{w}n', 6)->exec(), false);
    equal($redis->multi()->incr('{w}n')->exec(), [6]);
});

step('lock', function () use ($redis) {
    equal($redis->set('lock', 'token', ['nx', 'px' => 30000]), true);
    $release = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";
    equal($redis->eval($release, ['lock', 'other'], 1), 0);
    equal($redis->eval($release, ['lock', 'token'], 1), 1);
});

step('blocking', function () use ($redis) {
    equal($redis->blPop(['none'], 1), []);
    connect()->rPush('queue', 'job');
    equal($redis->blPop(['queue'], 10), ['queue', 'job']);
});

step('pubsub', function () {
    $publisher = connect();
    $subscriber = connect();
    $received = [];
    // To subscribe is to wait, so another process publishes until this one has heard enough.
    exec('for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do redis-cli --no-auth-warning -h '
        . HOST . ' -p ' . PORT . ' -a ' . PASSWORD . ' publish news $i; sleep 0.2; done >/dev/null 2>&1 &');
    // On whatever server, phpredis 5.3 leaves subscribe() only when its connection has ended.
    try {
        $subscriber->subscribe(['news'], function ($redis, $channel, $text) use (&$received) {
            $received[] = (int) $text;
            if (count($received) === 3) {
                $redis->close();
            }
        });
    } catch (RedisException $ended) {
        fwrite(STDERR, "{$ended->getMessage()}\n");
    }
    equal(count($received), 3);
    equal($received, range($received[0], $received[0] + 2));
    equal($publisher->ping(), true);
});

step('sessions', function () {
    ini_set('session.save_handler', 'redis');
    ini_set('session.save_path', 'tcp://' . HOST . ':' . PORT . '?auth=' . PASSWORD);
    ini_set('redis.session.locking_enabled', '1');
    ini_set('session.use_cookies', '0');
    session_cache_limiter('');
    session_id('abcdef');
    session_start();
    $_SESSION['user'] = 'Ada';
    session_write_close();
    $_SESSION = [];
    session_start();
    equal($_SESSION['user'], 'Ada');
    session_write_close();
});

step('persistent connection', function () {
    $redis = new Redis();
    $redis->pconnect(HOST, PORT, 20, 'same');
    $redis->auth(PASSWORD);
    equal($redis->incr('persistent'), 1);
});

step('reconnect', function () use ($redis) {
    restart_slotway();
    equal($redis->get('greeting'), 'hello');
});
