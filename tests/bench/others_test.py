#!/usr/bin/env python3
"""Files that name more proxies for script/bench."""

import json
import os
import tempfile
import unittest

from result import BENCH

from harness import others
from harness.processes import Failure

ADDRESSES = ["127.0.0.1:7000", "127.0.0.1:7001"]
FILLED = [
    (["listen {port}"], "listen 6380\n"),
    (["servers {", "  + {seed}", "}"], "servers {\n  + 127.0.0.1:7000\n  + 127.0.0.1:7001\n}\n"),
    (["{address: {seed_host}, port_value: {seed_port}}"],
     "{address: 127.0.0.1, port_value: 7000}\n{address: 127.0.0.1, port_value: 7001}\n"),
    (["{unknown} {}"], "{unknown} {}\n"),
    (["{port}:{seed}"], "6380:127.0.0.1:7000\n6380:127.0.0.1:7001\n"),
]
WRONG = [
    ("[]", "is no file of proxies"),
    ("{}", "is no file of proxies"),
    ("not json", "is no file of proxies"),
    ('{"proxies": [7]}', "an object with a name"),
    ('{"proxies": [{"command": ["a"]}]}', "an object with a name"),
    ('{"proxies": [{"name": "a"}]}', "a wants a command"),
    ('{"proxies": [{"name": "a", "command": []}]}', "a wants a command"),
    ('{"proxies": [{"name": "a", "command": "a b"}]}', "a wants a command"),
    ('{"proxies": [{"name": "a", "command": ["a"], "colour": 1}]}', "a field 'colour'"),
    ('{"proxies": [{"name": "slotway-7", "command": ["a"]}]}', "the name of a standard target"),
    ('{"proxies": [{"name": "direct", "command": ["a"]}]}', "the name of a standard target"),
    ('{"proxies": [{"name": "a", "command": ["a"], "fronts": "x"}]}', "a fronts one of cluster"),
    ('{"proxies": [{"name": "a", "command": ["a"], "lacks": ["x"]}]}', "a lacks some of slots"),
]


class Files(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, text, name="others.json"):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def test_placeholders(self):
        for lines, expected in FILLED:
            with self.subTest(lines=lines):
                self.assertEqual(others.fill_config(lines, {"port": 6380}, ADDRESSES), expected)

    def test_what_is_wrong_is_said(self):
        for text, expected in WRONG:
            with self.subTest(text=text), self.assertRaisesRegex(Failure, expected):
                others.read(self.file(text))

    def test_missing_file(self):
        with self.assertRaisesRegex(Failure, "is no file of proxies"):
            others.read(os.path.join(self.folder, "none"))

    def test_config_from_a_template_beside(self):
        self.file("a {port}\nb {seed}\n", "a.template")
        entry = {"name": "a", "command": ["a"], "config": "a.template"}
        read = others.read(self.file(json.dumps({"proxies": [entry]})))
        self.assertEqual(read["a"].config[:2], ["a {port}", "b {seed}"])

    def test_what_an_entry_cannot_say_is_lacking(self):
        entry = {"name": "a", "command": ["a"], "lacks": ["slots"]}
        read = others.read(self.file(json.dumps({"proxies": [entry]})))
        self.assertEqual(read["a"].lacks, ("slots", "tls"))

    def test_the_example_is_right(self):
        read = others.read(os.path.join(BENCH, "others.example.json"))
        self.assertEqual(list(read), ["predixy", "envoy", "haproxy-2"])
        self.assertEqual({name: other.fronts for name, other in read.items()},
                         {"predixy": "cluster", "envoy": "cluster", "haproxy-2": "single"})


if __name__ == "__main__":
    unittest.main()
