"""What the lints share: the C files of a tree, read apart into code and comments, and findings.

A line that is right although a lint says otherwise carries the reason: a comment of the form
"lint: why" on that line or the one above. Such a finding is counted and not reported; a whole
file's finding is excused by such a comment in its first three lines.
"""

import os
import re
import subprocess
import sys

FOLDERS = ("common", "config", "proxy", "tests", "bench")
PRODUCT = ("common", "config", "proxy")

TOKENS = re.compile(
    r"""(?P<comment>/\*.*?\*/|//[^\n]*)
      | (?P<string>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL | re.VERBOSE,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)
EXCUSE = re.compile(r"/\*\s*lint: \S.*\*/")


def blank(text):
    return re.sub(r"[^\n]", " ", text)


class Comment:
    def __init__(self, line, text, own_line):
        self.line = line
        self.text = text
        self.own_line = own_line  # nothing but blanks before it


class Source:
    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        self.comments = []
        self.code = TOKENS.sub(self._take, text)  # same places, comments and strings blank
        self.statements = DIRECTIVE.sub(lambda found: blank(found.group()), self.code)

    def _take(self, found):
        if found.group("comment") is None:
            quote = found.group()[0]
            return quote + blank(found.group()[1:-1]) + quote
        line = self.text.count("\n", 0, found.start()) + 1
        start = self.text.rfind("\n", 0, found.start()) + 1
        own_line = self.text[start : found.start()].strip() == ""
        self.comments.append(Comment(line, found.group(), own_line))
        return blank(found.group())

    def line_of(self, offset):
        return self.text.count("\n", 0, offset) + 1

    def line_count(self):
        return len(self.lines) - (self.lines[-1] == "")

    def is_excused(self, line):
        near = self.lines[max(line - 2, 0) : line] if line > 0 else self.lines[:3]
        return any(EXCUSE.search(text) for text in near)


class Function:
    """A function body at the top level of a file."""

    def __init__(self, source, name, parameters, start, opening, closing):
        self.source = source
        self.name = name
        self.parameters = parameters
        self.opening = opening
        self.closing = closing
        self.line = source.line_of(start)
        self.lines = source.line_of(closing) - self.line + 1

    def body(self):
        return self.source.statements[self.opening : self.closing + 1]


def matching(text, offset, opening, closing):
    depth = 0
    for at in range(offset, len(text)):
        if text[at] == opening:
            depth += 1
        elif text[at] == closing:
            depth -= 1
            if depth == 0:
                return at
    return len(text) - 1


def count_parameters(text):
    """Commas at the top level of a parameter list, and one; none for () and (void)."""
    if text.strip() in ("", "void"):
        return 0
    depth = count = 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        count += letter == "," and depth == 0
    return count + 1


SIGNATURE = re.compile(r"(\w+)\s*\(")


def functions(source):
    """Every function defined in a file: a top-level brace behind a closing parenthesis."""
    text = source.statements
    found = []
    at = 0
    start = 0  # of the declaration that a brace may belong to
    while at < len(text):
        if text[at] == ";":
            start = at + 1
        elif text[at] == "{":
            closing = matching(text, at, "{", "}")
            head = text[start:at]
            if head.rstrip().endswith(")"):
                found.append(_function(source, head, start, at, closing))
            at = closing
            start = closing + 1
        at += 1
    return found


def _function(source, head, start, opening, closing):
    begin = start + len(head) - len(head.lstrip())
    named = SIGNATURE.search(head)
    end = matching(head, named.end() - 1, "(", ")")
    parameters = count_parameters(head[named.end() : end])
    return Function(source, named.group(1), parameters, begin, opening, closing)


def paths(root):
    """C files and tables under version control or about to be; any, where there is no git."""
    suffixes = (".c", ".h", ".def")
    listing = subprocess.run(
        ["git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listing.returncode == 0:
        names = listing.stdout.decode().split("\0")
    else:
        names = [
            os.path.relpath(os.path.join(folder, name), root)
            for folder, _, files in os.walk(root)
            for name in files
        ]
    return sorted(
        name
        for name in set(names)
        if name.endswith(suffixes)
        and name.split("/")[0] in FOLDERS
        and os.path.isfile(os.path.join(root, name))
    )


def read_tree(root):
    sources = []
    for path in paths(root):
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            sources.append(Source(path, file.read()))
    return sources


def is_product(source):
    return source.path.split("/")[0] in PRODUCT


class Findings:
    def __init__(self):
        self.lines = []
        self.excused = 0

    def add(self, source, line, what):
        """Line 0 is the whole file."""
        if source.is_excused(line):
            self.excused += 1
        else:
            self.lines.append(f"{source.path}:{max(line, 1)}: {what}")

    def add_tree(self, what):
        self.lines.append(what)


def root():
    """The tree named on the command line, or this one."""
    here = os.path.dirname(os.path.abspath(__file__))
    return sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "..", "..")


def run(name, check):
    """Runs check(sources, findings) over the tree."""
    findings = Findings()
    sources = read_tree(root())
    check(sources, findings)
    for line in findings.lines:
        print(line)
    print(
        f"{name}: {len(sources)} files, {len(findings.lines)} findings, "
        f"{findings.excused} excused"
    )
    if not sources:
        print(f"{name}: there is nothing to look at in {root}")
    sys.exit(0 if sources and not findings.lines else 1)
