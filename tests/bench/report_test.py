#!/usr/bin/env python3
"""Medians, ratios and tables of script/bench."""

import json
import os
import tempfile
import unittest

from result import result, sample

from harness import report

MEDIANS = [
    ([], None),
    ([None, None], None),
    ([3], 3),
    ([5, 1, 3], 3),
    ([4, 1, 3, 2], 2.5),
    ([None, 8, 2], 5),
    ([0, 0, 9], 0),
]

# Rounds of the target, rounds of the baseline, the median of the ratios of same rounds.
RATIOS = [
    ({1: 2}, {1: 4}, 0.5),
    # All rounds of one machine hour are slow: medians would say 10 / 20.
    ({1: 1, 2: 10, 3: 30}, {1: 10, 2: 20, 3: 30}, 0.5),
    ({1: 1, 2: 100, 3: 30}, {1: 10, 2: 20, 3: 30}, 1),
    ({1: 3, 2: None}, {1: 2, 2: 2}, 1.5),
    ({1: 3, 2: 4}, {2: 2}, 2),
    ({1: 3}, {1: 0}, None),
    ({1: 3}, {}, None),
    ({1: 0}, {1: 5}, 0),
]

NUMBERS = [
    (None, "-"), (0, "0.00"), (0.126, "0.13"), (9.876, "9.88"), (12.34, "12.3"), (123.4, "123"),
    (98765.4, "98765"),
]


class Figures(unittest.TestCase):
    def test_median_of_what_is_there(self):
        for values, expected in MEDIANS:
            with self.subTest(values=values):
                self.assertEqual(report.median(values), expected)

    def test_ratio_is_the_median_over_same_rounds(self):
        for own, base, expected in RATIOS:
            with self.subTest(own=own, base=base):
                rounds, base_rounds = ({number: {"cpu": value} for number, value in side.items()}
                                       for side in (own, base))
                self.assertEqual(report.ratio(rounds, base_rounds, "cpu"), expected)

    def test_number_has_the_digits_that_matter(self):
        for value, expected in NUMBERS:
            with self.subTest(value=value):
                self.assertEqual(report.number(value), expected)


class Summaries(unittest.TestCase):
    def setUp(self):
        self.samples = [
            sample("get", "base", 1, proxy_cpu_us=10, p50_us=4),
            sample("get", "fast", 1, proxy_cpu_us=5, p50_us=2),
            sample("get", "base", 2, proxy_cpu_us=20, p50_us=4),
            sample("get", "fast", 2, proxy_cpu_us=4, p50_us=8),
            sample("mget", "fast", 1, proxy_cpu_us=7),
        ]

    def test_one_entry_for_each_work_and_target_in_order(self):
        found = report.summaries(self.samples, "base")
        self.assertEqual([(entry["work"], entry["target"], entry["rounds"]) for entry in found],
                         [("get", "base", 2), ("get", "fast", 2), ("mget", "fast", 1)])

    def test_medians_and_ratios(self):
        base, fast, alone = report.summaries(self.samples, "base")
        self.assertEqual(base["proxy_cpu_us"], 15)
        self.assertEqual(base["ratios"]["proxy_cpu_us"], 1)
        self.assertEqual(fast["ratios"]["proxy_cpu_us"], 0.35)
        self.assertEqual(fast["ratios"]["p50_us"], 1.25)
        self.assertIsNone(fast["syscalls"])
        self.assertEqual(alone["proxy_cpu_us"], 7)
        self.assertIsNone(alone["ratios"]["proxy_cpu_us"])

    def test_another_baseline_afterwards(self):
        again = report.with_medians(result(self.samples), "fast")
        self.assertEqual(again["settings"]["baseline"], "fast")
        self.assertEqual(again["medians"][0]["ratios"]["proxy_cpu_us"], 3.5)


class Text(unittest.TestCase):
    def test_table_is_markdown_with_even_columns(self):
        said = report.table(["name", "µs"], [["a", "1.00"], ["longer", "20"]], 1)
        self.assertEqual(said, "| name   |   µs |\n"
                               "|--------|-----:|\n"
                               "| a      | 1.00 |\n"
                               "| longer |   20 |\n")

    def test_columns_without_figures_are_left_out(self):
        head, rows = report.without_empty_columns(["work", "x", "y"], [["a", "-", "-"],
                                                                       ["b", "-", "2"]], 1)
        self.assertEqual(head, ["work", "y"])
        self.assertEqual(rows, [["a", "-"], ["b", "2"]])

    def test_report_names_titles_baseline_and_what_is_missing(self):
        left_out = [{"work": name, "target": "base", "reason": "cannot do it"}
                    for name in ("multi", "mget")]
        said = report.markdown(result([sample("get", "base", 1, proxy_cpu_us=10, rss_kib=2048)],
                                      left_out=left_out))
        self.assertIn("| the get | base   |     10.0 |    2.00 |    1.00 |\n", said)
        self.assertIn("| work    | target | proxy µs | RSS MiB | proxy × |\n", said)
        self.assertIn("ratio to base in the same round", said)
        self.assertIn("- base, cannot do it: multi, mget\n", said)
        self.assertNotIn("fixed rate", said)


class Json(unittest.TestCase):
    def test_what_is_written_is_read_again(self):
        whole = result([sample("get", "base", 1, proxy_cpu_us=10)])
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a.json")
            report.write_json(whole, path)
            self.assertEqual(report.read_json(path), whole)

    def test_something_else_is_refused(self):
        for text in ("[]", "{}", '{"format": 99}', "no json"):
            with self.subTest(text=text), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "a.json")
                with open(path, "w") as file:
                    file.write(text)
                with self.assertRaises(ValueError):
                    report.read_json(path)

    def test_it_is_plain_json(self):
        whole = result([sample("get", "base", 1, proxy_cpu_us=10)])
        self.assertEqual(json.loads(json.dumps(whole)), whole)


if __name__ == "__main__":
    unittest.main()
