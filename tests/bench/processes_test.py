#!/usr/bin/env python3
"""Programs that script/bench starts, what they cost, and what they say."""

import io
import os
import shutil
import subprocess
import sys
import unittest
from unittest import mock

from result import BENCH

from harness import measure, wire
from harness.processes import Children, Failure, free_ports, is_free, wait_until

SECONDS = 60
# Ends when process sys.argv[1] has had two ticks of a processor more.
UNTIL_IT_HAS_WORKED = """\
import sys, time
def ticks():
    with open(f"/proc/{sys.argv[1]}/stat", encoding="ascii") as stat:
        return sum(map(int, stat.read().rpartition(")")[2].split()[11:13]))
first = ticks()
while ticks() < first + 2:
    time.sleep(0.01)
"""
REPLIES = [
    (b"+OK\r\n", "OK"),
    (b":-7\r\n", -7),
    (b"$-1\r\n", None),
    (b"$0\r\n\r\n", ""),
    (b"$4\r\na\r\nb\r\n", "a\r\nb"),
    (b"*0\r\n", []),
    (b"*2\r\n*1\r\n:1\r\n$1\r\nx\r\n", [[1], "x"]),
]


def is_gone(pid):
    """It has ended; a zombie that nobody has asked about has, too."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(") ", 1)[1][0] in "ZX"
    except FileNotFoundError:
        return True


class Starting(unittest.TestCase):
    def test_children_and_their_folder_end_with_the_block(self):
        with Children() as children:
            child = children.start("sleep", ["sleep", "1000"])
            folder = children.folder
            self.assertTrue(child.is_alive())
        self.assertTrue(is_gone(child.pid))
        self.assertFalse(os.path.exists(folder))

    def test_a_child_that_ignores_the_request_to_end_is_killed(self):
        with mock.patch("harness.processes.END_SECONDS", 0.1), Children() as children:
            child = children.start("stubborn", ["sh", "-c", "trap '' TERM; : >ready; while :; do "
                                                "sleep 0.1; done"])
            self.assertTrue(wait_until(SECONDS, lambda: os.path.exists(children.path("ready"))))
        self.assertTrue(is_gone(child.pid))

    def test_children_die_when_their_parent_is_killed(self):
        script = (f"import sys; sys.path.insert(0, {BENCH!r})\n"
                  "from harness.processes import Children\n"
                  "child = Children().start('sleep', ['sleep', '1000'])\n"
                  "from harness.processes import wait_until\n"
                  "wait_until(60, lambda: open(f'/proc/{child.pid}/comm').read() == 'sleep\\n')\n"
                  "print(child.pid, flush=True)\n"
                  "child.process.wait()\n")
        parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
        with parent.stdout:
            pid = int(parent.stdout.readline())
        self.assertFalse(is_gone(pid))
        parent.kill()
        parent.wait()
        self.assertTrue(wait_until(SECONDS, lambda: is_gone(pid)))

    def test_one_that_ends_instead_of_answering_is_quoted(self):
        with Children() as children:
            child = children.start("short", ["sh", "-c", "echo no such port >&2; exit 1"])
            with self.assertRaisesRegex(Failure, "short does not start: no such port"):
                children.await_answer(child, lambda: False)

    def test_those_that_a_child_started_belong_to_it(self):
        with Children() as children:
            child = children.start("pair", ["sh", "-c", "sleep 1000 & wait"])
            self.assertTrue(wait_until(SECONDS, lambda: len(child.pids()) == 2))
            for pid in child.pids():
                os.kill(pid, 9)

    def test_free_ports_are_given_once(self):
        ports = [port for _ in range(300) for port in free_ports(2)]
        self.assertEqual(len(set(ports)), len(ports))

    def test_free_ports_are_in_a_row_and_free(self):
        ports = free_ports(4)
        self.assertEqual(ports, list(range(ports[0], ports[0] + 4)))
        self.assertTrue(all(map(is_free, ports)))


class Measuring(unittest.TestCase):
    def test_cpu_time_grows_with_work_and_adds_up(self):
        own = [os.getpid()]
        before = measure.cpu_us(own)
        self.assertTrue(wait_until(SECONDS, lambda: measure.cpu_us(own) > before + 1000))
        self.assertGreaterEqual(measure.cpu_us(own * 2), 2 * before)

    def test_a_process_that_is_gone_is_said(self):
        process = subprocess.Popen(["true"])
        process.wait()
        with self.assertRaisesRegex(Failure, "has ended"):
            measure.cpu_us([process.pid])

    def test_memory_is_that_of_all_processes(self):
        one = measure.rss_kib([os.getpid()])
        self.assertGreater(one, 1024)
        self.assertGreater(measure.rss_kib([os.getpid()] * 2), one)

    def test_calls_are_counted_by_whatever_may(self):
        for kind in (measure.Perf, measure.Strace, measure.NoCounter):
            with self.subTest(counter=kind.name), Children() as children:
                counter = kind(children.folder)
                if shutil.which(kind.name) is None or not counter.works():
                    counter = measure.NoCounter()
                busy = children.start("busy", [sys.executable, "-c", "import os\nwhile True: "
                                               "os.getppid()"])
                done, calls = counter.run(lambda command: subprocess.run(command, check=False),
                                          [sys.executable, "-c", UNTIL_IT_HAS_WORKED,
                                           str(busy.pid)], [busy.pid])
                self.assertEqual(done.returncode, 0)
                self.assertEqual(calls is None, counter.name == "nothing")
                self.assertNotEqual(calls, 0)

    def test_nothing_is_chosen_where_no_counter_is(self):
        with mock.patch("shutil.which", return_value=None):
            self.assertEqual(measure.choose_counter("/tmp").name, "nothing")


class Wire(unittest.TestCase):
    def test_replies(self):
        for said, expected in REPLIES:
            with self.subTest(said=said):
                self.assertEqual(wire.read_reply(io.BytesIO(said)), expected)

    def test_error_reply(self):
        with self.assertRaisesRegex(wire.ErrorReply, "ERR no"):
            wire.read_reply(io.BytesIO(b"-ERR no\r\n"))

    def test_end_within_a_reply(self):
        with self.assertRaises(ConnectionError):
            wire.read_reply(io.BytesIO(b"+O"))

    def test_request(self):
        self.assertEqual(wire.encode(["GET", 1]), b"*2\r\n$3\r\nGET\r\n$1\r\n1\r\n")


if __name__ == "__main__":
    unittest.main()
