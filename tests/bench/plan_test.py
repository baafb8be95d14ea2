#!/usr/bin/env python3
"""Works, targets and cores of script/bench."""

import os
import ssl
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from result import BENCH

from harness import certificate, cores, nodes, targets, works

COUNTS = [
    # requests, share, clients, pipeline, expected
    (1000, 100, 50, 1, 1000),
    (1000, 40, 50, 1, 400),
    (1000, 0.1, 4, 1, 4),
    (1000, 5, 50, 1, 50),
    (1000, 100, 200, 64, 12800),
    (100000, 0.1, 4, 1, 100),
]
PLACES = [
    # way, with a proxy, cores of clients, proxy, nodes
    ("free", True, None, None, None),
    ("shared", True, {4}, {4}, {4}),
    ("shared", False, {4}, {4}, {4}),
    ("apart", True, {4}, {5}, {4}),
    ("apart", False, {4}, {4}, {5}),
]
OPTIONS = [
    (["--works", "nothing"], "no work is called 'nothing'"),
    (["--targets", "nothing"], "no target is called 'nothing'"),
    (["--targets", "direct", "--baseline", "nutcracker"], "is not among direct"),
    (["--rounds", "0"], "invalid count value"),
    (["--read", "/nowhere"], "/nowhere"),
    (["--also", "/nowhere"], "is no file of proxies"),
    (["--cores", "apart", "--cpus", "0"], "needs two cores"),
]


class Works(unittest.TestCase):
    def test_names_are_different_and_needs_are_known(self):
        names = [work.name for work in works.WORKS]
        self.assertEqual(len(names), len(set(names)))
        for work in works.WORKS:
            self.assertLessEqual(set(work.needs), set(works.NEEDS))

    def test_count(self):
        for requests, share, clients, pipeline, expected in COUNTS:
            work = works.Work("a", "A", "get", share=share, clients=clients, pipeline=pipeline)
            self.assertEqual(work.count(requests), expected)

    def test_named_keeps_the_order_of_the_table(self):
        self.assertEqual([work.name for work in works.named(["multi", "mix"])], ["mix", "multi"])


class Targets(unittest.TestCase):
    def test_slotway_of_any_number_of_workers(self):
        self.assertEqual(targets.choose(["slotway-4"], {})[0].workers, 4)
        for name in ("slotway", "slotway-0", "slotway-x"):
            self.assertIsNone(targets.standard(name))

    def test_what_a_target_lacks_is_left_out(self):
        rows = [("direct", "mget", False), ("direct", "multi", True),
                ("nutcracker", "mget", True), ("nutcracker", "multi", False),
                ("slotway-1", "mget", True), ("haproxy", "multi", True),
                ("direct", "get-tls", False), ("nutcracker", "get-tls", False),
                ("standalone", "get-tls", True), ("haproxy", "get-tls", True),
                ("slotway-2", "get-tls", True)]
        for name, work, expected in rows:
            with self.subTest(name=name, work=work):
                self.assertEqual(targets.standard(name).can_do(works.named([work])[0]), expected)

    def test_every_standard_name_has_a_target(self):
        self.assertEqual([target.name for target in targets.choose(targets.STANDARD, {})],
                         list(targets.STANDARD))


class Tls(unittest.TestCase):
    """With a certificate there is a second port, without one everything is as ever."""

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.certificate = mock.Mock(path="a.crt", key="a.key", both="a.pem")

    def made(self, name, shown):
        target = targets.standard(name)
        target.certificate, target.port, target.tls_port = shown, 7000, 7001
        target.children = mock.Mock(path=lambda file: os.path.join(self.folder, file))
        target.nodes = mock.Mock(addresses=lambda: ["127.0.0.1:7777"])
        return target

    def haproxy_config(self, shown):
        with mock.patch.object(targets, "program", lambda name: name):
            path = self.made("haproxy", shown).command()[-1]
        with open(path) as file:
            return [line.strip() for line in file]

    def test_haproxy_ends_it(self):
        self.assertIn("bind 127.0.0.1:7001 ssl crt a.pem", self.haproxy_config(self.certificate))
        self.assertNotIn("7001", " ".join(self.haproxy_config(None)))

    def test_slotway_listens_for_it(self):
        said = self.made("slotway-1", self.certificate).environment()
        self.assertEqual({name: said[name] for name in said if "TLS" in name},
                         {"SLOTWAY_TLS_LISTEN": "127.0.0.1:7001",
                          "SLOTWAY_TLS_CERTIFICATE": "a.crt", "SLOTWAY_TLS_KEY": "a.key"})
        self.assertEqual(list(self.made("slotway-1", None).environment()),
                         ["SLOTWAY_CLIENTS_MAX"])

    def test_a_single_node_listens_for_it(self):
        for kind, shown, expected in (("single", self.certificate, True), ("single", None, False),
                                      ("shards", self.certificate, False)):
            children = mock.Mock(folder=self.folder)
            with mock.patch.object(nodes, "program", lambda name: name):
                nodes.Nodes(kind, children, shown)
            self.assertGreater(children.start.call_count, 0)
            for call in children.start.call_args_list:
                self.assertEqual("--tls-port" in call.args[1], expected)

    def test_a_certificate_is_for_this_host_and_believed_by_who_has_it(self):
        made = certificate.Certificate(self.folder)
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(made.both)
        client = ssl.create_default_context(cafile=made.path)
        ends = [ssl.MemoryBIO() for _ in range(2)]
        halves = [server.wrap_bio(*ends, server_side=True),
                  client.wrap_bio(*reversed(ends), server_hostname="127.0.0.1")]
        for half in (1, 0, 1, 0):
            try:
                halves[half].do_handshake()
            except ssl.SSLWantReadError:
                pass
        self.assertEqual(halves[0].version(), "TLSv1.3")
        self.assertEqual(os.stat(made.both).st_mode & 0o77, 0)


class Cores(unittest.TestCase):
    def test_places(self):
        for way, has_proxy, *expected in PLACES:
            with self.subTest(way=way, has_proxy=has_proxy):
                placed = cores.Cores(way, [4, 5])
                self.assertEqual([placed.of(role, has_proxy)
                                  for role in ("clients", "proxy", "nodes")], expected)

    def test_every_thread_is_pinned(self):
        with mock.patch.object(os, "sched_setaffinity") as pinned:
            cores.pin(os.getpid(), {3})
        tasks = {int(task) for task in os.listdir(f"/proc/{os.getpid()}/task")}
        self.assertEqual({call.args[0] for call in pinned.call_args_list}, tasks)
        self.assertEqual([call.args[1] for call in pinned.call_args_list], [{3}] * len(tasks))


class Options(unittest.TestCase):
    def test_what_is_wrong_is_said(self):
        for words, expected in OPTIONS:
            with self.subTest(words=words):
                done = subprocess.run([sys.executable, f"{BENCH}/bench.py", *words],
                                      capture_output=True, text=True, check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(expected, done.stderr)

    def test_list_names_every_work(self):
        done = subprocess.run([sys.executable, f"{BENCH}/bench.py", "--list"],
                              capture_output=True, text=True, check=True)
        self.assertEqual([line.split()[0] for line in done.stdout.splitlines()],
                         [work.name for work in works.WORKS])


if __name__ == "__main__":
    unittest.main()
