#!/usr/bin/env python3
"""The picture of script/bench."""

import re
import unittest
import xml.etree.ElementTree as xml

from result import result, sample

from harness import plot

SPACE = "{http://www.w3.org/2000/svg}"


def picture():
    samples = []
    for work in ("get", "set", "a<b&c"):
        samples += [sample(work, "direct", 1, servers_cpu_us=6),
                    sample(work, "base", 1, proxy_cpu_us=9, servers_cpu_us=3),
                    sample(work, "fast", 1, proxy_cpu_us=2, servers_cpu_us=1)]
    samples.append(sample("none", "direct", 1))
    return xml.fromstring(plot.svg(result(samples)))


def bars(root, kind):
    """Widths of the bars of a kind, without the legend's."""
    return [float(bar.get("width")) for bar in root.iter(f"{SPACE}rect")
            if bar.get("class") == kind][1:]


class Picture(unittest.TestCase):
    def setUp(self):
        self.root = picture()
        self.words = [text.text for text in self.root.iter(f"{SPACE}text")]

    def test_each_work_has_a_panel_and_each_target_a_row(self):
        for title in ("the get", "the set", "the a<b&c", "the none"):
            self.assertEqual(self.words.count(title), 1)
        self.assertEqual(self.words.count("direct"), 4)
        self.assertEqual(self.words.count("fast"), 3)

    def test_figures_stand_beside_the_bars(self):
        self.assertEqual(self.words.count("9.00 + 3.00"), 3)
        self.assertEqual(self.words.count("6.00"), 3)

    def test_bars_are_in_proportion_and_the_longest_fills_its_panel(self):
        proxy, servers = bars(self.root, "proxy"), bars(self.root, "servers")
        room = plot.PANEL - plot.LABEL - plot.VALUE
        for at in range(0, 9, 3):
            self.assertEqual(proxy[at], 0)
            self.assertAlmostEqual(servers[at], room * 6 / 12, delta=0.1)
            self.assertAlmostEqual(proxy[at + 1] + servers[at + 1], room, delta=0.2)
            self.assertAlmostEqual(proxy[at + 2], room * 2 / 12, delta=0.1)

    def test_everything_is_inside(self):
        width, height = float(self.root.get("width")), float(self.root.get("height"))
        for shape in self.root.iter(f"{SPACE}rect"):
            right = float(shape.get("x", 0)) + float(shape.get("width"))
            bottom = float(shape.get("y", 0)) + float(shape.get("height"))
            self.assertLessEqual(right, width)
            self.assertLessEqual(bottom, height)
        for text in self.root.iter(f"{SPACE}text"):
            self.assertLess(float(text.get("y")), height)

    def test_every_colour_has_one_for_the_dark(self):
        style = self.root.find(f"{SPACE}style").text
        light, dark = style.split("@media (prefers-color-scheme: dark)")
        coloured = r"\.(\w+) \{ (fill|stroke): #"
        self.assertEqual(re.findall(coloured, light), re.findall(coloured, dark))
        used = {kind for shape in self.root.iter() for kind in (shape.get("class") or "").split()}
        for kind, _ in re.findall(coloured, light):
            self.assertIn(kind, used)


if __name__ == "__main__":
    unittest.main()
