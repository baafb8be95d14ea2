"""Who runs on which core."""

import os

WAYS = ("free", "shared", "apart")


class Cores:
    """`shared`: clients, proxy and nodes on one core, so that work queues up. `apart`: what is
    measured, the proxy or else the nodes, alone on one core and the rest on another. `free`: the
    kernel decides.
    """

    def __init__(self, way, cores=None):
        self.way = way
        self.cores = cores or sorted(os.sched_getaffinity(0))[:2]
        if way == "apart" and len(self.cores) < 2:
            raise ValueError("--cores apart needs two cores")

    def of(self, role, has_proxy):
        """The cores for `clients`, `proxy` or `nodes`; None is all of them."""
        if self.way == "free":
            return None
        alone = "proxy" if has_proxy else "nodes"
        return {self.cores[1 if self.way == "apart" and role == alone else 0]}

    def place(self, target):
        """Puts the processes of a target where they belong, before it is measured."""
        proxy = target.proxy_pids()
        for role, pids in (("proxy", proxy), ("nodes", target.nodes.pids())):
            cores = self.of(role, bool(proxy))
            if cores is not None:
                for pid in pids:
                    pin(pid, cores)

    def client_prefix(self, target):
        """What goes in front of the load generator's command."""
        cores = self.of("clients", target.proxy is not None)
        return [] if cores is None else ["taskset", "-c", ",".join(map(str, sorted(cores)))]


def pin(pid, cores):
    """All threads of a process; those that they start later inherit it."""
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            os.sched_setaffinity(int(task), cores)
        except ProcessLookupError:
            pass  # it has just ended
