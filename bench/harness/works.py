"""What is asked: one row per work."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB
# What a target may lack, and a work may need.
NEEDS = ("slots", "transactions", "tls")


@dataclass(frozen=True)
class Work:
    """`share` is how many requests it has, in percent of what --requests says: works whose requests
    are dear have fewer. `needs` is what a target must be able to do: one that lacks it is left
    out, and so a work that only some targets can do, as one over TLS, is a row like any other.
    """

    name: str
    title: str
    request: str  # as bench/load.c calls it
    clients: int = 50
    pipeline: int = 1
    size: int = 32
    keys: int = 16384
    share: float = 100
    needs: tuple = ()
    idle: int = 0  # clients that are connected beside and say nothing
    reconnect: bool = False  # a connection for each request
    at_rate: bool = False  # requests come at a rate of their own, whether answered or not
    quick: bool = False  # part of --quick

    @property
    def over_tls(self):
        return "tls" in self.needs

    def count(self, requests):
        """Requests of a round, when a plain work has `requests`: at least what clients have open."""
        return max(round(requests * self.share / 100), self.clients * self.pipeline)


def sized(name, size, text, **more):
    return [Work(f"{request}-{name}", f"{request.upper()} of {text}", request, size=size, **more)
            for request in ("get", "set")]


WORKS = (
    Work("mix", "1 SET to 10 GET, 50 clients", "mix", quick=True),
    Work("mix-c200", "1 SET to 10 GET, 200 clients", "mix", clients=200),
    Work("mix-p16", "1 SET to 10 GET, 50 clients, pipeline 16", "mix", pipeline=16, share=400,
         quick=True),
    Work("latency", "1 SET to 10 GET, 50 clients, at a fixed rate", "mix", share=20,
         at_rate=True),
    Work("get-c1", "GET, 1 client", "get", clients=1, share=20),
    Work("get", "GET, 50 clients", "get"),
    Work("set", "SET, 50 clients", "set"),
    Work("get-p16", "GET, 50 clients, pipeline 16", "get", pipeline=16, share=400),
    Work("set-p16", "SET, 50 clients, pipeline 16", "set", pipeline=16, share=400),
    Work("get-c1-p64", "GET, 1 client, pipeline 64", "get", clients=1, pipeline=64, share=800,
         quick=True),
    Work("get-p64", "GET, 50 clients, pipeline 64", "get", pipeline=64, share=800),
    Work("get-c200-p64", "GET, 200 clients, pipeline 64", "get", clients=200, pipeline=64,
         share=800),
    *sized("1k", KIB, "1 KiB"),
    *sized("16k", 16 * KIB, "16 KiB", keys=512, share=40),
    *sized("256k", 256 * KIB, "256 KiB", keys=64, share=5),
    *sized("16m", 16 * MIB, "16 MiB, 4 clients", keys=8, share=0.1, clients=4),
    Work("mget", "MGET of 10 keys in 10 slots", "mget", share=30, needs=("slots",), quick=True),
    Work("mset", "MSET of 10 keys in 10 slots", "mset", share=30, needs=("slots",)),
    Work("eval", "EVAL", "eval", share=50),
    Work("multi", "MULTI, 5 commands and EXEC", "multi", share=30, needs=("transactions",)),
    Work("idle-1k", "50 clients beside 1,000 idle ones", "mix", share=50, idle=1000),
    Work("idle-5k", "50 clients beside 5,000 idle ones", "mix", share=50, idle=5000),
    Work("idle-10k", "50 clients beside 10,000 idle ones", "mix", share=50, idle=10000),
    Work("connect", "PING, a connection for each", "ping", share=5, reconnect=True),
    Work("get-tls", "GET over TLS, 50 clients", "get", needs=("tls",)),
    Work("mix-tls-p16", "1 SET to 10 GET over TLS, 50 clients, pipeline 16", "mix", pipeline=16,
         share=400, needs=("tls",)),
    Work("get-tls-16k", "GET of 16 KiB over TLS", "get", size=16 * KIB, keys=512, share=40,
         needs=("tls",)),
    Work("connect-tls", "PING, a connection over TLS for each", "ping", share=2, reconnect=True,
         needs=("tls",)),
)


def named(names):
    """The works of these names, in the order of the table; ValueError names one that is none."""
    known = {work.name for work in WORKS}
    for name in names:
        if name not in known:
            raise ValueError(f"no work is called '{name}'; --list names them")
    return [work for work in WORKS if work.name in names]
