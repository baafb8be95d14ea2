"""Proxies that a file names: bench/others.example.json shows how."""

import json
import os
import shutil

from .nodes import GROUPS
from .processes import Failure
from .targets import Proxy, standard
from .works import NEEDS

FIELDS = {"name", "about", "command", "fronts", "port", "config", "lacks", "version"}


def fill(text, values):
    """Puts values in place of {port}, {folder}, ...; other braces stay what they are."""
    for name, value in values.items():
        text = text.replace("{%s}" % name, str(value))
    return text


def fill_config(lines, values, addresses):
    """A line with {seed}, {seed_host} or {seed_port} comes once for each node."""
    filled = []
    for line in lines:
        if any(mark in line for mark in ("{seed}", "{seed_host}", "{seed_port}")):
            for address in addresses:
                host, port = address.rsplit(":", 1)
                filled.append(fill(line, {**values, "seed": address, "seed_host": host,
                                          "seed_port": port}))
        else:
            filled.append(fill(line, values))
    return "\n".join(filled) + "\n"


class Other(Proxy):
    """A proxy as its entry describes it."""

    # It may have children of its own to end.
    signal = "TERM"

    def __init__(self, entry, config):
        super().__init__(entry["name"], entry.get("fronts", "cluster"))
        self.lacks = (*entry.get("lacks", ()), "tls")  # its entry has no words for that
        self.words = entry["command"]
        self.fixed_port = entry.get("port")
        self.version_words = entry.get("version")
        self.config = config

    def command(self):
        self.port = self.fixed_port or self.port
        values = {"port": self.port, "folder": self.children.folder,
                  "seeds": ",".join(self.nodes.addresses())}
        if self.config is not None:
            values["config"] = self.write(
                "conf", fill_config(self.config, values, self.nodes.addresses()))
        if shutil.which(self.words[0]) is None:
            raise Failure(f"{self.name}: there is no program {self.words[0]}")
        return [fill(word, values) for word in self.words]

    def version(self):
        return self.version_words


def check(entry, where):
    """Says what is wrong with an entry, as a Failure."""
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise Failure(f"{where}: a proxy is an object with a name")
    name = entry["name"]
    unknown = set(entry) - FIELDS
    if unknown:
        raise Failure(f"{where}: {name} has a field '{min(unknown)}'; there are "
                      + ", ".join(sorted(FIELDS)))
    if standard(name) is not None:
        raise Failure(f"{where}: '{name}' is the name of a standard target")
    if not is_list_of_text(entry.get("command")) or not entry["command"]:
        raise Failure(f"{where}: {name} wants a command, as a list of words")
    if entry.get("fronts", "cluster") not in GROUPS:
        raise Failure(f"{where}: {name} fronts one of {', '.join(GROUPS)}")
    if not set(entry.get("lacks", ())) <= set(NEEDS):
        raise Failure(f"{where}: {name} lacks some of {', '.join(NEEDS)}")


def is_list_of_text(value):
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def config_of(entry, folder):
    """The lines of its config: said in the entry, or in a file beside; None if it has none."""
    config = entry.get("config")
    if config is None or is_list_of_text(config):
        return config
    with open(os.path.join(folder, config)) as file:
        return file.read().split("\n")


def read(path):
    """The proxies of a file, by name."""
    try:
        with open(path) as file:
            entries = json.load(file)["proxies"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Failure(f"{path} is no file of proxies: {error!r}") from error
    found = {}
    for entry in entries:
        check(entry, path)
        found[entry["name"]] = Other(entry, config_of(entry, os.path.dirname(path)))
    return found
