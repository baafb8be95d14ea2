"""redis-py as an application uses it on a single server."""

import threading
import time

import redis
from redis.backoff import ExponentialBackoff
from redis.retry import Retry

from steps import HOST, PASSWORD, PORT, URL, Without, equal, restart_slotway, step, version

RELEASE = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) else return 0 end
"""


def connect(**options):
    return redis.Redis(
        host=HOST, port=PORT, password=PASSWORD, decode_responses=True, socket_timeout=20, **options
    )


def try_all(parser):
    if parser is not redis.connection.DefaultParser:
        pool = redis.ConnectionPool.from_url(
            URL, parser_class=parser, decode_responses=True, socket_timeout=20
        )
        client = redis.Redis(connection_pool=pool)
    else:
        client = connect(client_name="tried", health_check_interval=5)
    try_data(client)
    try_many(client)
    try_atomic(client)
    try_waiting(client)
    try_connections(client)


def try_data(client):
    @step("connect")
    def _():
        equal(client.ping(), True)
        equal(client.echo("hello"), "hello")
        equal(client.info("server")["redis_mode"], "standalone")
        equal(redis.Redis.from_url(URL).ping(), True)
        try:
            redis.Redis(host=HOST, port=PORT, password="wrong").ping()
            raise AssertionError("a wrong password is accepted")
        except redis.ResponseError as error:
            equal(str(error)[:9], "WRONGPASS")

    @step("strings")
    def _():
        equal(client.set("greeting", "hello"), True)
        equal(client.get("greeting"), "hello")
        equal(client.append("greeting", " world"), 11)
        equal(client.getrange("greeting", 6, -1), "world")
        equal(client.set("greeting", "other", nx=True), None)
        equal(client.set("greeting", "new", xx=True, get=True), "hello world")
        equal(client.incrby("counter", 41), 41)
        equal(client.incrbyfloat("counter", 0.5), 41.5)
        equal(client.setbit("bits", 7, 1), 0)
        equal(client.bitcount("bits"), 1)
        large = "x" * 3_000_000
        equal(client.set("large", large), True)
        equal(client.get("large"), large)

    @step("hashes")
    def _():
        equal(client.hset("user:1", mapping={"name": "Ada", "age": 36}), 2)
        equal(client.hgetall("user:1"), {"name": "Ada", "age": "36"})
        equal(client.hincrby("user:1", "age", 1), 37)
        equal(client.hmget("user:1", "name", "none"), ["Ada", None])
        equal(dict(client.hscan_iter("user:1")), {"name": "Ada", "age": "37"})

    @step("lists")
    def _():
        equal(client.rpush("list", *range(5)), 5)
        equal(client.lrange("list", 1, 3), ["1", "2", "3"])
        equal(client.lpop("list", 2), ["0", "1"])
        equal(client.lmove("{l}a", "{l}b"), None)

    @step("sets")
    def _():
        equal(client.sadd("{s}a", 1, 2, 3), 3)
        equal(client.sadd("{s}b", 2, 3, 4), 3)
        equal(client.sinter("{s}a", "{s}b"), {"2", "3"})
        equal(set(client.sscan_iter("{s}a")), {"1", "2", "3"})

    @step("sorted sets")
    def _():
        equal(client.zadd("board", {"ann": 3, "bob": 1.5, "cid": 2}), 3)
        equal(client.zrange("board", 0, -1, withscores=True), [("bob", 1.5), ("cid", 2.0), ("ann", 3.0)])
        equal(client.zincrby("board", 5, "bob"), 6.5)
        equal(client.zrevrank("board", "bob"), 0)
        equal(client.zrangebyscore("board", "(2", "+inf"), ["ann", "bob"])
        equal(client.zpopmin("board"), [("cid", 2.0)])

    @step("streams")
    def _():
        for i in range(10):
            client.xadd("events", {"n": i}, maxlen=1000)
        equal(client.xlen("events"), 10)
        equal(client.xgroup_create("events", "group", id="0"), True)
        [[name, entries]] = client.xreadgroup("group", "me", {"events": ">"}, count=4)
        equal((name, [fields["n"] for _, fields in entries]), ("events", ["0", "1", "2", "3"]))
        equal(client.xack("events", "group", entries[0][0]), 1)
        equal(client.xpending("events", "group")["pending"], 3)
        equal(client.xinfo_stream("events")["length"], 10)

    @step("geo and hyperloglog")
    def _():
        equal(client.geoadd("towns", [13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"]), 2)
        equal(round(client.geodist("towns", "Palermo", "Catania", "km")), 166)
        equal(client.pfadd("visits", "a", "b", "c"), 1)
        equal(client.pfcount("visits"), 3)

    @step("expiry")
    def _():
        equal(client.setex("session", 100, "s"), True)
        equal(90 < client.ttl("session") <= 100, True)
        equal(client.persist("session"), True)
        client.set("brief", 1, px=20)
        deadline = time.time() + 20
        while client.exists("brief") and time.time() < deadline:
            time.sleep(0.01)
        equal(client.exists("brief"), 0)


def try_many(client):
    @step("many keys")
    def _():
        pairs = {f"many:{i}": str(i) for i in range(2000)}
        equal(client.mset(pairs), True)
        equal(client.mget(list(pairs)), list(pairs.values()))
        equal(client.exists(*pairs), 2000)
        equal(client.delete(*pairs), 2000)
        equal(client.mget("many:0", "many:1"), [None, None])

    @step("pipeline")
    def _():
        pipeline = client.pipeline(transaction=False)
        for i in range(10_000):
            pipeline.set(f"pipe:{i}", i)
            pipeline.get(f"pipe:{i}")
        replies = pipeline.execute()
        equal(replies[1::2], [str(i) for i in range(10_000)])
        pipeline.set("word", "a").incr("word").get("word")
        replies = pipeline.execute(raise_on_error=False)
        equal(type(replies[1]), redis.ResponseError)
        equal(replies[2], "a")

    @step("scan")
    def _():
        keys = set(client.scan_iter(match="pipe:*", count=500))
        equal(keys, {f"pipe:{i}" for i in range(10_000)})
        equal(len(client.keys("pipe:*")), 10_000)
        equal(set(client.scan_iter(match="board", _type="zset")), {"board"})
        equal(client.dbsize() >= 10_000, True)


def try_atomic(client):
    @step("scripts")
    def _():
        add = client.register_script("return redis.call('incrby', KEYS[1], ARGV[1])")
        equal(add(keys=["script:1"], args=[2]), 2)
        equal(add(keys=["script:2"], args=[3]), 3)
        digest = client.script_load("return {KEYS[1], ARGV[1]}")
        equal(client.evalsha(digest, 1, "k", "v"), ["k", "v"])
        equal(client.script_exists(digest), [True])
        pipeline = client.pipeline(transaction=False)
        for i in range(100):
            add(keys=[f"script:p:{i}"], args=[i], client=pipeline)
        equal(pipeline.execute(), list(range(100)))

    @step("transaction")
    def _():
        pipeline = client.pipeline()
        pipeline.set("{t}a", 1).incr("{t}a").lpush("{t}b", "x").get("{t}a")
        equal(pipeline.execute(), [True, 2, 1, "2"])
        pipeline.set("{t}a", "word").incr("{t}a")
        replies = pipeline.execute(raise_on_error=False)
        equal((replies[0], type(replies[1])), (True, redis.ResponseError))

    @step("watch")
    def _():
        client.set("{w}n", 0)

        def add_one(pipeline):
            n = int(pipeline.get("{w}n"))
            pipeline.multi()
            pipeline.set("{w}n", n + 1)

        def work():
            mine = connect()
            for _ in range(25):
                mine.transaction(add_one, "{w}n")

        join([start(work) for _ in range(4)])
        equal(client.get("{w}n"), "100")
        with client.pipeline() as pipeline:
            pipeline.watch("{w}n")
            client.set("{w}n", 5)
            pipeline.multi()
            pipeline.set("{w}n", 6)
            try:
                pipeline.execute()
                raise AssertionError("the watched key had changed")
            except redis.WatchError:
                pass
        equal(client.get("{w}n"), "5")

    @step("lock")
    def _():
        with client.lock("lock:1", timeout=20):
            equal(client.lock("lock:1", blocking=False).acquire(), False)
        lock = client.lock("lock:1", timeout=20)
        equal(lock.acquire(blocking=False), True)
        equal(lock.extend(20), True)
        lock.release()
        equal(client.set("lock:2", "token", nx=True, px=30_000), True)
        equal(client.eval(RELEASE, 1, "lock:2", "other"), 0)
        equal(client.eval(RELEASE, 1, "lock:2", "token"), 1)


def start(target, *arguments):
    thread = threading.Thread(target=target, args=arguments)
    thread.start()
    return thread


def join(threads):
    for thread in threads:
        thread.join(60)
        equal(thread.is_alive(), False)


def try_waiting(client):
    @step("blocking")
    def _():
        equal(client.blpop("none", timeout=1), None)
        client.rpush("ready", "a")
        equal(client.blpop(["ready"], timeout=5), ("ready", "a"))
        got = []
        thread = start(lambda: got.append(connect().brpop("queue", timeout=20)))
        client.lpush("queue", "job")
        join([thread])
        equal(got, [("queue", "job")])
        client.zadd("{z}q", {"m": 1})
        equal(client.bzpopmin(["{z}none", "{z}q"], timeout=5), ("{z}q", "m", 1.0))
        client.rpush("{b}from", "x")
        equal(client.blmove("{b}from", "{b}to", timeout=5), "x")
        equal(client.xread({"events": "$"}, block=100), [])
        equal(len(client.xreadgroup("group", "me", {"events": ">"}, block=5000)[0][1]), 6)

    @step("pubsub")
    def _():
        pubsub = client.pubsub(ignore_subscribe_messages=True)
        pubsub.subscribe("news")
        pubsub.psubscribe("alert:*")
        deadline = time.time() + 20
        while pubsub.subscribed and sum(dict(client.pubsub_numsub("news")).values()) < 1:
            pubsub.get_message()
            equal(time.time() < deadline, True)
        for i in range(100):
            equal(client.publish("news", i) >= 0, True)
        equal(client.publish("alert:fire", "run") >= 0, True)
        received = []
        while len(received) < 101 and time.time() < deadline:
            message = pubsub.get_message(timeout=1)
            if message:
                received.append((message["channel"], message["data"]))
        # Channels have an order each, and none among them.
        received.remove(("alert:fire", "run"))
        equal(received, [("news", str(i)) for i in range(100)])
        pubsub.unsubscribe()
        pubsub.punsubscribe()
        pubsub.close()

    @step("monitor")
    def _():
        with client.monitor() as monitor:
            client.set("watched key", 'a "quoted" \\ value')
            shown = monitor.next_command()
            while "watched" not in shown["command"]:
                shown = monitor.next_command()
            equal(shown["command"], 'SET watched key a "quoted" \\\\ value')
            equal((shown["db"], shown["client_type"]), (0, "tcp"))


def try_connections(client):
    @step("pool")
    def _():
        pool = redis.BlockingConnectionPool.from_url(URL, max_connections=8, timeout=20)
        shared = redis.Redis(connection_pool=pool)

        def work(name):
            for i in range(100):
                shared.set(f"pool:{name}:{i}", i)
                equal(shared.get(f"pool:{name}:{i}"), str(i).encode())
            done.append(name)

        done = []
        join([start(work, name) for name in range(16)])
        equal(len(done), 16)

    @step("reconnect")
    def _():
        patient = connect(
            retry=Retry(ExponentialBackoff(cap=1, base=0.05), 20), retry_on_error=[redis.ConnectionError]
        )
        equal(patient.set("before", "1"), True)
        restart_slotway()
        equal(patient.get("before"), "1")
        equal(client.get("before"), "1")

    @step("RESP3")
    def _():
        raise Without(f"redis-py {redis.__version__} speaks RESP2 only")


if __name__ == "__main__":
    version(redis.__version__)
    try_all(redis.connection.PythonParser)
