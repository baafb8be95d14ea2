"""A few words with a server: what the benchmark asks nodes and proxies itself."""

import socket


class ErrorReply(Exception):
    """The server answered with an error."""


def encode(words):
    parts = [b"*%d\r\n" % len(words)]
    for word in words:
        word = str(word).encode()
        parts.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(parts)


def read_reply(stream):
    """One RESP2 reply: text, a number, None or a list."""
    line = stream.readline()
    if not line.endswith(b"\r\n"):
        raise ConnectionError("the connection was closed")
    kind, rest = line[:1], line[1:-2]
    if kind == b"+":
        return rest.decode()
    if kind == b"-":
        raise ErrorReply(rest.decode())
    if kind == b":":
        return int(rest)
    size = int(rest)
    if size < 0:
        return None
    if kind == b"*":
        return [read_reply(stream) for _ in range(size)]
    return stream.read(size + 2)[:-2].decode(errors="replace")


def ask(port, *words, timeout=10):
    """The reply to one request, over a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        connection.sendall(encode(words))
        with connection.makefile("rb") as stream:
            return read_reply(stream)


def takes_writes(port):
    """Is there somebody who answers SET?"""
    try:
        return ask(port, "SET", "probe", "bench", timeout=2) == "OK"
    except (OSError, ErrorReply):
        return False
