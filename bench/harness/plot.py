"""The picture: CPU time per request, proxy and servers, one panel per work. SVG by hand."""

from xml.sax.saxutils import escape

from .report import number, rounds_of

WIDTH = 980
PANEL = 460  # width of a panel; two stand side by side
MARGIN = 20
LABEL = 100  # for the name of a target
VALUE = 130  # for its figures
ROW = 18
BAR = 12
HEAD = 30  # a panel's title
TOP = 84  # title and legend

# Own background, and colours for either mode, so that it reads wherever it is shown.
STYLE = """\
  .ground { fill: #ffffff } .text { fill: #1f2328 } .faint { fill: #59636e }
  .proxy { fill: #0969da } .servers { fill: #afb8c1 } .line { stroke: #d1d9e0 }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117 } .text { fill: #f0f6fc } .faint { fill: #9198a1 }
    .proxy { fill: #4493f8 } .servers { fill: #57606a } .line { stroke: #3d444d }
  }
  text { font: 12px system-ui, sans-serif } .title { font-size: 16px; font-weight: 600 }
  .work { font-weight: 600 } .value { font-variant-numeric: tabular-nums }"""


def text(x, y, words, kinds, anchor="start"):
    return (f'<text class="{kinds}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">'
            f"{escape(words)}</text>")


def bar(x, y, width, kind):
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{BAR}"/>'


def spent(entry):
    """CPU time of proxy and servers, as numbers."""
    return entry["proxy_cpu_us"] or 0, entry["servers_cpu_us"] or 0


def row(x, y, entry, most):
    """One target: its name, a bar in two parts, its figures."""
    proxy, servers = spent(entry)
    scale = (PANEL - LABEL - VALUE) / most
    at = x + LABEL
    said = f"{number(servers)}" if entry["proxy_cpu_us"] is None \
        else f"{number(proxy)} + {number(servers)}"
    middle = y + BAR - 2
    return [text(at - 8, middle, entry["target"], "text", "end"),
            bar(at, y, proxy * scale, "proxy"),
            bar(at + proxy * scale, y, servers * scale, "servers"),
            text(at + (proxy + servers) * scale + 6, middle, said, "faint value")]


def panel(x, y, title, entries):
    """A work: its targets below each other, the longest bar as wide as there is room."""
    most = max([sum(spent(entry)) for entry in entries] + [1e-9])
    parts = [text(x, y + 16, title, "text work"),
             f'<line class="line" x1="{x + LABEL}" y1="{y + HEAD - 6}" x2="{x + LABEL}" '
             f'y2="{y + HEAD + ROW * len(entries) - 8}"/>']
    for place, entry in enumerate(entries):
        parts += row(x, y + HEAD - 4 + ROW * place, entry, most)
    return parts


def legend(y):
    return [bar(MARGIN, y - 10, 12, "proxy"), text(MARGIN + 18, y, "proxy", "text"),
            bar(MARGIN + 70, y - 10, 12, "servers"),
            text(MARGIN + 88, y, "servers, all together", "text"),
            text(WIDTH - MARGIN, y, "each panel has a scale of its own; less is better", "faint",
                 "end")]


def grouped(result):
    """(title, entries) of each work that was measured."""
    titles = {work["name"]: work["title"] for work in result["works"]}
    groups = {}
    for entry in result["medians"]:
        groups.setdefault(entry["work"], []).append(entry)
    return [(titles[name], entries) for name, entries in groups.items()]


def svg(result):
    """The picture of a result with medians."""
    settings = result["settings"]
    parts = []
    y = TOP
    groups = grouped(result)
    for at in range(0, len(groups), 2):
        pair = groups[at : at + 2]
        for column, (title, entries) in enumerate(pair):
            parts += panel(MARGIN + column * (WIDTH - 2 * MARGIN - PANEL), y, title, entries)
        y += HEAD + ROW * max(len(entries) for _, entries in pair) + 14
    said = (f"commit {result['commit']}, {result['machine']['cpus']} x "
            f"{result['machine']['model']}, cores {settings['cores']}, "
            f"median of {rounds_of(settings)}")
    title = "CPU time per request, in microseconds"
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" '
        f'viewBox="0 0 {WIDTH} {y}" role="img">',
        f"<title>{title}</title>", f"<style>\n{STYLE}\n</style>",
        f'<rect class="ground" width="{WIDTH}" height="{y}"/>',
        text(MARGIN, 30, title, "text title"), text(MARGIN, 50, said, "faint"), *legend(72),
        *parts, "</svg>"]) + "\n"
