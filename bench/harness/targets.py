"""What is measured: ways from a client to the data. Each starts, restarts and knows its pids."""

import os
import re

from .processes import Failure, free_ports, program
from .wire import takes_writes

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STANDARD = ("direct", "standalone", "haproxy", "nutcracker", "slotway-1", "slotway-2")


class Target:
    """A way to one group of nodes. Without a proxy, clients talk to the nodes themselves."""

    lacks = ()

    def __init__(self, name, fronts):
        self.name = name
        self.program = name
        self.fronts = fronts
        self.port = None
        self.tls_port = None
        self.certificate = None
        self.nodes = None
        self.proxy = None
        self.children = None

    def start(self, children, nodes, certificate=None):
        """With a certificate, what can speak TLS does so on a port of its own."""
        self.children = children
        self.nodes = nodes
        self.certificate = certificate
        self.port = nodes.ports[0]
        self.tls_port = nodes.tls_port

    def restart(self):
        """A new process: what the old one did before shall not show in its memory."""

    def proxy_pids(self):
        if self.proxy is None:
            return []
        if not self.proxy.is_alive():
            raise Failure(f"{self.name} has ended: {self.proxy.last_words()}")
        return self.proxy.pids()

    def version(self):
        """The command that tells the version, or nothing."""

    def can_do(self, work):
        return not set(work.needs) & set(self.lacks)

    def descriptors(self, work):
        """How many its clients take, in the process that has most."""
        return work.clients + work.idle


class Direct(Target):
    """No proxy: clients that know the cluster. They have no commands over several slots, and the
    cluster no TLS."""

    lacks = ("slots", "tls")

    def descriptors(self, work):
        """A client is connected to every node, an idle one to the first."""
        return work.clients * len(self.nodes.ports) + work.idle


class Proxy(Target):
    """A program on a port of its own in front of the nodes."""

    signal = "KILL"

    def start(self, children, nodes, certificate=None):
        self.children = children
        self.nodes = nodes
        self.certificate = certificate
        self._begin()

    def restart(self):
        self.children.end(self.proxy)
        self._begin()

    def _begin(self):
        self.port, self.tls_port = free_ports(2)
        self.proxy = self.children.start(self.name, self.command(),
                                         environment=self.environment(), signal=self.signal)
        self.children.await_answer(self.proxy, lambda: takes_writes(self.port))

    def environment(self):
        return {}

    def command(self):
        raise NotImplementedError

    def write(self, suffix, text):
        """A file of this target's in the folder; its path."""
        path = self.children.path(f"{self.name}.{suffix}")
        with open(path, "w") as file:
            file.write(text)
        return path


class Slotway(Proxy):
    """All that it can do is on. Only how many clients may come is raised, for 10,000 idle ones."""

    def __init__(self, name, workers):
        super().__init__(name, "cluster")
        self.program = "slotway"
        self.workers = workers

    @staticmethod
    def binary():
        path = os.environ.get("SLOTWAY_BINARY") or f"{ROOT}/build/release/slotway"
        if not os.access(path, os.X_OK):
            raise Failure(f"there is no {path}; script/build makes it")
        return os.path.abspath(path)

    def command(self):
        return [self.binary(), "--workers", self.workers, "--listen", f"127.0.0.1:{self.port}",
                "--admin", f"127.0.0.1:{free_ports(1)[0]}", "--seed", self.nodes.addresses()[0]]

    def environment(self):
        found = {"SLOTWAY_CLIENTS_MAX": "60000"}
        if self.certificate is not None:
            found.update(SLOTWAY_TLS_LISTEN=f"127.0.0.1:{self.tls_port}",
                         SLOTWAY_TLS_CERTIFICATE=self.certificate.path,
                         SLOTWAY_TLS_KEY=self.certificate.key)
        return found

    def version(self):
        return [self.binary(), "--version"]


class Haproxy(Proxy):
    """A TCP hop that knows nothing of Redis, one thread. It ends TLS in front of the same node."""

    def descriptors(self, work):
        return 2 * super().descriptors(work)

    def command(self):
        path = self.write("cfg", f"""
            global
                nbthread 1
            defaults
                mode tcp
                timeout connect 5s
                timeout client 1h
                timeout server 1h
            listen bench
                bind 127.0.0.1:{self.port}
                {self.tls_bind()}
                server redis {self.nodes.addresses()[0]}
            """.replace("\n            ", "\n"))
        return [program("haproxy"), "-db", "-f", path]

    def tls_bind(self):
        if self.certificate is None:
            return ""
        return f"bind 127.0.0.1:{self.tls_port} ssl crt {self.certificate.both}"

    def version(self):
        return [program("haproxy"), "-v"]


class Nutcracker(Proxy):
    """twemproxy. Its default log level writes a line for each connection and doubles its cost."""

    lacks = ("transactions", "tls")

    def command(self):
        servers = "".join(f"    - {address}:1\n" for address in self.nodes.addresses())
        path = self.write("yaml", f"bench:\n  listen: 127.0.0.1:{self.port}\n  redis: true\n"
                                  "  hash: fnv1a_64\n  distribution: ketama\n  preconnect: true\n"
                                  f"  servers:\n{servers}")
        return [program("nutcracker"), "-c", path, "-v", 4, "-a", "127.0.0.1", "-s",
                free_ports(1)[0], "-o", self.children.path(f"{self.name}.log")]

    def version(self):
        return [program("nutcracker"), "-V"]


def standard(name):
    """The target of this name, or None if it is no standard one."""
    makers = {
        "direct": lambda: Direct(name, "cluster"),
        "standalone": lambda: Target(name, "single"),
        "haproxy": lambda: Haproxy(name, "single"),
        "nutcracker": lambda: Nutcracker(name, "shards"),
    }
    found = re.fullmatch(r"slotway-([1-9][0-9]{0,2})", name)
    if found:
        return Slotway(name, int(found.group(1)))
    return makers[name]() if name in makers else None


def choose(names, others):
    """The targets of these names: standard ones, slotway-N of any N, and those of `others`."""
    chosen = []
    for name in names:
        target = standard(name) or others.get(name)
        if target is None:
            known = ", ".join([*STANDARD, *others])
            raise ValueError(f"no target is called '{name}'; there are {known}")
        chosen.append(target)
    return chosen
