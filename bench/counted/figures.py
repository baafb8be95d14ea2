"""figures.py - what was counted against what is committed. Pure.

Figures are {group: {name: instructions}}, as in bench/instructions.json.
"""

import json
from typing import NamedTuple

TOLERANCE = 0.10


class Row(NamedTuple):
    group: str
    name: str
    committed: float  # None: there is none
    counted: float

    @property
    def change(self):
        return None if not self.committed else self.counted / self.committed - 1

    @property
    def verdict(self):
        """What is to be said of it: "", "more", "less" or "new"."""
        if self.committed is None:
            return "new"
        if self.counted > self.committed * (1 + TOLERANCE):
            return "more"
        return "less" if self.counted < self.committed * (1 - TOLERANCE) else ""


def compare(committed, counted):
    return [Row(group, name, committed.get(group, {}).get(name), figure)
            for group, figures in counted.items() for name, figure in figures.items()]


def merge(committed, counted, known):
    """What to commit: what was counted, and of the rest what still is there: `known` is {group:
    names} of all that can be counted."""
    merged = {}
    for group, names in known.items():
        figures = {name: counted.get(group, {}).get(name, committed.get(group, {}).get(name))
                   for name in names}
        merged[group] = {name: figure for name, figure in figures.items() if figure is not None}
    return merged


def missing(committed, known):
    """["group: name"] of what is committed and cannot be counted any more."""
    return [f"{group}: {name}" for group, figures in committed.items() for name in figures
            if name not in known.get(group, ())]


def dump(figures):
    """The text of instructions.json: whole instructions for what has many."""
    rounded = {group: {name: round(figure, 1) if figure < 100 else round(figure)
                       for name, figure in rows.items()} for group, rows in figures.items()}
    return json.dumps(rounded, indent=4, ensure_ascii=False) + "\n"


def table(rows):
    """Lines for people."""
    width = max(len(row.name) for row in rows)
    lines, group = [], None
    for row in rows:
        if row.group != group:
            lines += ["", f"{row.group:{width + 2}} {'committed':>10} {'now':>10} {'change':>8}"]
            group = row.group
        committed = "-" if row.committed is None else f"{row.committed:.0f}"
        change = "" if row.change is None else f"{row.change:+.1%}"
        lines.append(f"  {row.name:{width}} {committed:>10} {row.counted:10.0f} {change:>8}"
                     f"{'  ' if row.verdict else ''}{row.verdict}")
    return lines[1:]
