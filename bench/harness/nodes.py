"""The redis-servers behind what is measured."""

from .processes import Failure, free_ports, program, wait_until
from .wire import ErrorReply, ask

SLOTS = 16384
SETTLE_SECONDS = 60
# How many servers a kind of group has.
GROUPS = {"cluster": 3, "shards": 3, "single": 1}


class Nodes:
    """One group: a `cluster`, three `shards` that know nothing of each other, or a `single` one,
    which with a certificate speaks TLS as well."""

    def __init__(self, kind, children, certificate=None):
        self.kind = kind
        self.certificate = certificate if kind == "single" else None
        *self.ports, self.tls_port = free_ports(GROUPS[kind] + 1)
        self.servers = [self._start(children, port) for port in self.ports]
        for server, port in zip(self.servers, self.ports):
            children.await_answer(server, lambda port=port: answers(port))
        if kind == "cluster":
            self._join()

    def _start(self, children, port):
        command = [program("redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", "",
                   "--appendonly", "no", "--dir", children.folder, "--maxclients", 60000]
        if self.kind == "cluster":
            command += ["--cluster-enabled", "yes", "--cluster-config-file", f"nodes-{port}.conf",
                        "--cluster-node-timeout", 30000]
        if self.certificate is not None:
            command += ["--tls-port", self.tls_port, "--tls-cert-file", self.certificate.path,
                        "--tls-key-file", self.certificate.key, "--tls-auth-clients", "no",
                        "--tls-ca-cert-file", self.certificate.path]
        return children.start(f"redis-server-{port}", command)

    def _join(self):
        for place, port in enumerate(self.ports):
            first, last = (SLOTS * at // len(self.ports) for at in (place, place + 1))
            ask(port, "CLUSTER", "ADDSLOTS", *range(first, last))
            ask(port, "CLUSTER", "SET-CONFIG-EPOCH", place + 1)
        for port in self.ports[1:]:
            ask(port, "CLUSTER", "MEET", "127.0.0.1", self.ports[0])
        if not wait_until(SETTLE_SECONDS, lambda: all(map(self._sees_all, self.ports))):
            raise Failure(f"the cluster does not settle: {self.servers[0].last_words()}")

    def _sees_all(self, port):
        return (f"cluster_known_nodes:{len(self.ports)}" in ask(port, "CLUSTER", "INFO")
                and sum(last - first + 1 for first, last, *_ in ask(port, "CLUSTER", "SLOTS"))
                == SLOTS)

    def addresses(self):
        return [f"127.0.0.1:{port}" for port in self.ports]

    def pids(self):
        return [pid for server in self.servers for pid in server.pids()]

    def forget_all(self):
        for port in self.ports:
            ask(port, "FLUSHALL", timeout=60)


def answers(port):
    try:
        return ask(port, "PING", timeout=2) == "PONG"
    except (OSError, ErrorReply):
        return False
