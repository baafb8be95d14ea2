"""From samples to what people read: medians, ratios, tables, JSON."""

import json
import statistics

FORMAT = 1
# Figures that a run may have; None where it has none.
FIGURES = ("requests_per_second", "mean_us", "p50_us", "p99_us", "p99_9_us", "max_us",
           "proxy_cpu_us", "servers_cpu_us", "client_cpu_us", "syscalls", "rss_kib",
           "idle_client_kib")
# Column, its figure, what to divide it by, and whether it is a ratio to the baseline.
COLUMNS = (
    ("requests/s", "requests_per_second", 1, False),
    ("p50 µs", "p50_us", 1, False),
    ("p99 µs", "p99_us", 1, False),
    ("p99.9 µs", "p99_9_us", 1, False),
    ("proxy µs", "proxy_cpu_us", 1, False),
    ("servers µs", "servers_cpu_us", 1, False),
    ("client µs", "client_cpu_us", 1, False),
    ("calls", "syscalls", 1, False),
    ("RSS MiB", "rss_kib", 1024, False),
    ("KiB/idle", "idle_client_kib", 1, False),
    ("proxy ×", "proxy_cpu_us", 1, True),
    ("servers ×", "servers_cpu_us", 1, True),
    ("p99 ×", "p99_us", 1, True),
)
MEANING = """\
`proxy`, `servers` and `client` µs are CPU time per request, user and system, of all threads; \
`calls` are system calls of the proxy per request. `×` is the ratio to {baseline} in the same \
round. Every figure is the median of {rounds}.
"""


def median(values):
    """Of those that are there; None if none is."""
    there = [value for value in values if value is not None]
    return statistics.median(there) if there else None


def ratio(rounds, base_rounds, figure):
    """The median of the ratios of same rounds; both are {round: sample}."""
    ratios = []
    for number, sample in rounds.items():
        own, base = sample.get(figure), base_rounds.get(number, {}).get(figure)
        if own is not None and base:
            ratios.append(own / base)
    return median(ratios)


def summaries(samples, baseline):
    """One entry per work and target, in the order of the samples."""
    groups = {}
    for sample in samples:
        group = groups.setdefault((sample["work"], sample["target"]), {})
        group[sample["round"]] = sample
    found = []
    for (work, target), rounds in groups.items():
        base = groups.get((work, baseline), {})
        found.append({
            "work": work, "target": target, "rounds": len(rounds),
            **{figure: median(sample.get(figure) for sample in rounds.values())
               for figure in FIGURES},
            "ratios": {figure: ratio(rounds, base, figure) for figure in FIGURES},
        })
    return found


def with_medians(result, baseline=None):
    """The result with medians and ratios to the baseline, or to the one it had."""
    baseline = baseline or result["settings"]["baseline"]
    return {**result, "settings": {**result["settings"], "baseline": baseline},
            "medians": summaries(result["samples"], baseline)}


# --- text ---

def number(value):
    """Three digits or so that matter."""
    if value is None:
        return "-"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def rounds_of(settings):
    return "1 round" if settings["rounds"] == 1 else f"{settings['rounds']} rounds"


def cells(entry):
    found = []
    for _, figure, unit, is_ratio in COLUMNS:
        value = (entry["ratios"] if is_ratio else entry)[figure]
        found.append(number(None if value is None else value / unit))
    return found


def table(head, rows, left):
    """A table in Markdown that also reads well as text; the first `left` columns are words."""
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]

    def line(row):
        padded = [cell.ljust(width) if at < left else cell.rjust(width)
                  for at, (cell, width) in enumerate(zip(row, widths))]
        return "| " + " | ".join(padded) + " |"

    rule = ["-" * (width + 2) if at < left else "-" * (width + 1) + ":"
            for at, width in enumerate(widths)]
    return "\n".join([line(head), "|" + "|".join(rule) + "|", *map(line, rows)]) + "\n"


def without_empty_columns(head, rows, left):
    """A column in which nobody has a figure says nothing."""
    kept = [at for at in range(len(head))
            if at < left or any(row[at] != "-" for row in rows)]
    return [head[at] for at in kept], [[row[at] for at in kept] for row in rows]


def markdown(result):
    """What was measured where, the table, and what it means."""
    titles = {work["name"]: work["title"] for work in result["works"]}
    head = ["work", "target", *(column[0] for column in COLUMNS)]
    rows = [[titles[entry["work"]], entry["target"], *cells(entry)] for entry in result["medians"]]
    head, rows = without_empty_columns(head, rows, 2)
    settings = result["settings"]
    parts = [preamble(result), table(head, rows, 2),
             MEANING.format(baseline=settings["baseline"], rounds=rounds_of(settings))]
    if result["left_out"]:
        parts.append(left_out(result["left_out"]))
    return "\n".join(parts)


def left_out(entries):
    """Why works are missing, those with the same reason on one line."""
    works = {}
    for entry in entries:
        works.setdefault((entry["target"], entry["reason"]), []).append(entry["work"])
    return "Left out:\n\n" + "".join(f"- {target}, {reason}: {', '.join(names)}\n"
                                     for (target, reason), names in works.items())


def preamble(result):
    machine, settings = result["machine"], result["settings"]
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    rate = f", fixed rate {settings['rate']}/s" if any(
        work["at_rate"] for work in result["works"]) else ""
    return (f"- machine: {machine['cpus']} x {machine['model']}, {machine['memory_gib']} GiB, "
            f"{machine['kernel']}\n"
            f"- versions: {versions}; commit {result['commit']}\n"
            f"- run: {result['started']}, {rounds_of(settings)} of {settings['requests']} "
            f"requests, cores {settings['cores']}{rate}, load by {settings['generator']}, system "
            f"calls counted by {settings['counter']}\n"
            f"- command: `{result['command']}`\n")


# --- JSON ---

def write_json(result, path):
    with open(path, "w") as file:
        json.dump(result, file, indent=1, ensure_ascii=False)
        file.write("\n")


def read_json(path):
    """A result that write_json wrote; ValueError if the file is something else."""
    with open(path) as file:
        result = json.load(file)
    if not isinstance(result, dict) or result.get("format") != FORMAT:
        raise ValueError(f"{path} is no result of script/bench")
    return result
