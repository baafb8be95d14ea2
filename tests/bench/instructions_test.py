#!/usr/bin/env python3
"""tests/bench/instructions_test.py: does script/bench --instructions read and compare rightly?"""

import os
import sys
import unittest

from result import BENCH  # noqa: F401 (finds what is tested)
from counted import callgrind, figures, micro  # noqa: E402

DUMP = """\
# callgrind format
version: 1
cmd: slotway --workers 1
part: 1

desc: Trigger: Program termination

positions: line
events: Ir
summary: 178

ob=(1) /usr/bin/slotway
fl=(1) /src/client.c
fn=(1) client_read
10 5
+2 7
cfi=(2) /src/scan.c
cfn=(2) scan
calls=3 100
* 60
fi=(3) /src/span.h
7 4
fe=(1)
13 1
cob=(2) /usr/lib/libc.so.6
cfi=(4) ???
cfn=(3) memcpy
calls=2 0
-1 40

fl=(2)
fn=(2)
100 30
+1 20
cfn=(3)
calls=1 0
* 10

ob=(2)
fl=(4)
fn=(3)
0 50

fl=(2)
fn=(2)
200 1

totals: 118
"""


def read(text):
    return callgrind.Reader().read(text)


class Dump(unittest.TestCase):
    def test_costs_of_callees_are_not_the_function_s_own(self):
        profile = read(DUMP)
        self.assertEqual(profile.functions, {"client_read": 17, "scan": 51, "memcpy": 50})
        self.assertEqual(profile.total, 118)

    def test_lines_belong_to_the_file_that_they_were_inlined_from(self):
        profile = read(DUMP)
        self.assertEqual(profile.lines["client_read", "/src/client.c", 10], 5)
        self.assertEqual(profile.lines["client_read", "/src/client.c", 12], 7)
        self.assertEqual(profile.lines["client_read", "/src/span.h", 7], 4)
        self.assertEqual(profile.lines["client_read", "/src/client.c", 13], 1)
        self.assertEqual(profile.lines["scan", "/src/scan.c", 101], 20)
        self.assertEqual(profile.lines["memcpy", "???", 0], 50)

    def test_calls_are_counted_by_who_calls_whom(self):
        self.assertEqual(read(DUMP).calls, {
            ("scan", "client_read"): 3, ("memcpy", "client_read"): 2, ("memcpy", "scan"): 1})

    def test_what_a_longer_run_has_more(self):
        longer = DUMP.replace("100 30", "100 90").replace("calls=3 100", "calls=9 100")
        rest = read(longer).minus(read(DUMP))
        self.assertEqual(rest.total, 60)
        self.assertEqual(+rest.functions, {"scan": 60})
        self.assertEqual(+rest.lines, {("scan", "/src/scan.c", 100): 60})
        self.assertEqual(+rest.calls, {("scan", "client_read"): 6})

    def test_an_empty_dump_has_nothing(self):
        self.assertEqual(read("events: Ir\nsummary: 0\n\n\ntotals: 0\n").total, 0)


class Cases(unittest.TestCase):
    def test_what_a_program_tells_is_calls_and_cases(self):
        self.assertEqual(micro.read_told("1000 GET, key of 16 bytes\n5 read 500 ranges\n"),
                         [(1000, "GET, key of 16 bytes"), (5, "read 500 ranges")])


def verdict(committed, counted):
    rows = figures.compare({"slot": committed}, {"slot": counted})
    return [row.verdict for row in rows]


class Comparison(unittest.TestCase):
    def test_a_tenth_more_or_less_is_nothing(self):
        self.assertEqual(verdict({"a": 100, "b": 100, "c": 100}, {"a": 110, "b": 90, "c": 100}),
                         ["", "", ""])

    def test_over_a_tenth_is_told(self):
        self.assertEqual(verdict({"a": 100, "b": 100}, {"a": 110.5, "b": 89.5}), ["more", "less"])

    def test_what_has_no_figure_is_new(self):
        self.assertEqual(verdict({"a": 100}, {"b": 100}), ["new"])
        self.assertEqual([row.verdict for row in figures.compare({}, {"slot": {"a": 1}})], ["new"])

    def test_what_is_not_counted_is_not_compared(self):
        self.assertEqual(verdict({"a": 100, "b": 1}, {"a": 100}), [""])

    def test_what_is_committed_and_gone_is_named(self):
        committed = {"slot": {"a": 1, "b": 1}, "crc": {"c": 1}}
        self.assertEqual(figures.missing(committed, {"slot": ["a"]}), ["slot: b", "crc: c"])

    def test_the_table_has_a_line_for_each(self):
        rows = figures.compare({"slot": {"a": 100}}, {"slot": {"a": 150, "b": 7}})
        lines = figures.table(rows)
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[1], r"^  a +100 +150 +\+50\.0%  more$")
        self.assertRegex(lines[2], r"^  b +- +7 +new$")


class Update(unittest.TestCase):
    KNOWN = {"slot": ["a", "b"], "whole": ["get", "set"]}

    def test_what_was_not_counted_keeps_its_figure(self):
        merged = figures.merge({"slot": {"a": 1, "b": 2}, "whole": {"get": 3, "set": 4}},
                               {"slot": {"a": 5, "b": 6}, "whole": {"get": 7}}, self.KNOWN)
        self.assertEqual(merged, {"slot": {"a": 5, "b": 6}, "whole": {"get": 7, "set": 4}})

    def test_what_is_gone_goes_and_what_never_was_is_not_made_up(self):
        merged = figures.merge({"slot": {"a": 1, "old": 2}, "gone": {"x": 3}},
                               {"slot": {"b": 6}}, self.KNOWN)
        self.assertEqual(merged, {"slot": {"a": 1, "b": 6}, "whole": {}})

    def test_figures_are_written_as_whole_instructions_where_there_are_many(self):
        text = figures.dump({"slot": {"a": 12.34, "b": 1234.56}})
        self.assertEqual(text, '{\n    "slot": {\n        "a": 12.3,\n        "b": 1235\n    }\n}\n')


if __name__ == "__main__":
    unittest.main()
