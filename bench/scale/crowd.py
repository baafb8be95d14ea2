"""crowd.py - thousands of clients of one address, each with one request under way at most."""

import os
import resource
import select
import socket


def allow_descriptors():
    """As many as this user may have, for this process and those that it starts."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


class Crowd:
    def __init__(self, port, count):
        self.sockets = []
        self.epoll = select.epoll()
        for _ in range(count):
            client = socket.create_connection(("127.0.0.1", port))
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sockets.append(client)
            self.epoll.register(client.fileno(), select.EPOLLIN)

    def ask(self, requests, reply, rounds=1):
        """Each client sends `rounds` of the requests, the next when it has `reply` to the last;
        all clients at once. Returns how many requests that were."""
        left = {client.fileno(): rounds for client in self.sockets}
        missing = dict.fromkeys(left, len(reply))
        at = 0
        for descriptor in left:
            os.write(descriptor, requests[at % len(requests)])
            at += 1
        while left:
            for descriptor, _ in self.epoll.poll():
                said = os.read(descriptor, missing[descriptor])
                from_byte = len(reply) - missing[descriptor]
                if not said or said != reply[from_byte : from_byte + len(said)]:
                    raise RuntimeError(f"a client was told {said!r} instead of {reply!r}")
                missing[descriptor] -= len(said)
                if missing[descriptor] > 0:
                    continue
                missing[descriptor] = len(reply)
                left[descriptor] -= 1
                if left[descriptor] == 0:
                    del left[descriptor]
                else:
                    os.write(descriptor, requests[at % len(requests)])
                    at += 1
        return len(self.sockets) * rounds

    def close(self):
        for client in self.sockets:
            client.close()
        self.epoll.close()
