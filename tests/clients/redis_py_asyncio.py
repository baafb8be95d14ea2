"""redis-py's asyncio, as web applications use it: many tasks over one pool."""

import asyncio

import redis
import redis.asyncio

from steps import URL, equal, restart_slotway, step, version

version(redis.__version__)


def connect(**options):
    return redis.asyncio.from_url(URL, decode_responses=True, socket_timeout=20, **options)


def async_step(name):
    """Each step has a loop of its own, and with it connections of its own."""

    def run(function):
        step(name)(lambda: asyncio.run(asyncio.wait_for(function(), 60)))

    return run


@async_step("many tasks")
async def _():
    client = connect(max_connections=50)
    await asyncio.gather(*[client.incr("counter") for _ in range(50)])
    equal(await client.get("counter"), "50")
    await client.close()


@async_step("pipeline")
async def _():
    client = connect()
    pipeline = client.pipeline(transaction=False)
    for i in range(5000):
        pipeline.set(f"pipe:{i}", i)
    equal(await pipeline.execute(), [True] * 5000)
    equal(len([key async for key in client.scan_iter("pipe:*", count=500)]), 5000)
    await client.close()


@async_step("transaction")
async def _():
    client = connect()
    async with client.pipeline(transaction=True) as pipeline:
        equal(await pipeline.set("{t}a", 1).incr("{t}a").execute(), [True, 2])
    await client.close()


@async_step("lock")
async def _():
    client = connect()
    order = []

    async def work(name):
        async with client.lock("lock", timeout=20, blocking_timeout=20, sleep=0.01):
            order.append(name)
            await asyncio.sleep(0.01)
            order.append(name)

    await asyncio.gather(*[work(name) for name in range(5)])
    equal(order[::2], order[1::2])
    await client.close()


@async_step("blocking")
async def _():
    client = connect()
    popped = asyncio.create_task(client.blpop("queue", timeout=20))
    await client.rpush("queue", "job")
    equal(await popped, ("queue", "job"))
    # A task that is cancelled leaves a pool that others can use.
    popped = asyncio.create_task(client.blpop("abandoned", timeout=20))
    await asyncio.sleep(0)
    popped.cancel()
    await asyncio.gather(popped, return_exceptions=True)
    equal(await client.set("after", 1), True)
    equal(await client.get("after"), "1")
    await client.close()


@async_step("pubsub")
async def _():
    client = connect()
    pubsub = client.pubsub()
    await pubsub.subscribe("news")
    equal((await pubsub.get_message(timeout=20))["type"], "subscribe")
    for i in range(100):
        await client.publish("news", i)
    received = [(await pubsub.get_message(timeout=20))["data"] for _ in range(100)]
    equal(received, [str(i) for i in range(100)])
    await pubsub.close()
    await client.close()


@async_step("reconnect")
async def _():
    client = connect(retry_on_timeout=True)
    await client.set("before", 1)
    restart_slotway()
    try:
        await client.get("before")
    except redis.ConnectionError:
        pass
    equal(await client.get("before"), "1")
    await client.close()
