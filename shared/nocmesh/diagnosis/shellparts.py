"""The parts of a Linux system's configuration, and what one command does to one of them. Pure."""

import re
from collections.abc import Sequence

from nocmesh.messages.state import ConfigLine

Tree = dict[str, list[str]]
"""Sections by their headers, each with its lines in order."""
SYSTEM, ROUTES, DAEMONS = "system", "routes", "daemons"
_COUNTER = re.compile(r"\bcounter packets \d+ bytes \d+\s?")
_KINDS = ("blackhole", "unreachable", "prohibit")


def tree_of(lines: Sequence[ConfigLine]) -> Tree:
    """``lines`` by section."""
    tree: Tree = {}
    for line in lines:
        if line.section:
            tree.setdefault(line.section, []).append(line.text)
        else:
            tree.setdefault(line.text, [])
    return tree


def interface(tree: Tree, name: str) -> list[str]:
    """The lines of an interface; a list of its own when there is no such interface, so that nothing happens."""
    return tree.get(f"interface {name}", [])


def setting(lines: list[str], key: str, value: str) -> None:
    """``key`` has ``value``, in its old place or at the end."""
    line = f"{key} {value}"
    place = next((i for i, text in enumerate(lines) if text.startswith(f"{key} ")), None)
    if place is None:
        lines.append(line)
    else:
        lines[place] = line


def addressed(lines: list[str], line: str) -> None:
    """The address stands among the others, in order."""
    if line not in lines:
        behind = [i for i, text in enumerate(lines) if text.startswith("mac ") or text in ("up", "down")]
        before = [i for i, text in enumerate(lines) if text.startswith("address ") and text < line]
        lines.insert(max([*behind, *before], default=-1) + 1, line)


def switched(lines: list[str], states: Sequence[str], state: str) -> None:
    """The one of ``states`` that stands there is ``state`` now."""
    lines[:] = [state if line in states else line for line in lines]


def added(tree: Tree, header: str, line: str) -> None:
    """``line`` stands in the section, once."""
    lines = tree.setdefault(header, [])
    if line not in lines:
        lines.append(line)


def removed(tree: Tree, header: str, line: str) -> None:
    """``line`` stands there once less."""
    if line in tree.get(header, []):
        tree[header].remove(line)


def dropped_routes(tree: Tree, name: str) -> None:
    """What leads out of an interface that is down, or has no address, is no route (net/ipv4/fib_frontend.c)."""
    tree[ROUTES] = [line for line in tree.get(ROUTES, []) if f" dev {name} " not in f"{line} "]


def route_key(text: str) -> tuple[str, str]:
    """What tells a route from the others: its destination and its metric."""
    words = [word for word in text.split() if word not in _KINDS]
    metric = words[words.index("metric") + 1] if "metric" in words[:-1] else ""
    return words[0] if words else "", metric


def is_route(line: str, words: Sequence[str]) -> bool:
    """Whether ``words`` (a destination, and any of what is said of it) name the route ``line``."""
    kinds = [[word for word in text if word in _KINDS] for text in (line.split(), words)]
    if kinds[0] != kinds[1]:
        return False
    have, asked = ([w for w in text if w not in _KINDS] for text in (line.split(), words))
    told = list(zip(have[1::2], have[2::2], strict=False))
    return have[:1] == list(asked[:1]) and all(pair in told for pair in zip(asked[1::2], asked[2::2], strict=False))


def chain_of(tree: Tree, family: str, table: str, chain: str) -> str:
    """The header of the chain's section; one without hook when the chain shows no rule."""
    stem = f"filter {family} {table} {chain}"
    return next((header for header in tree if header == stem or header.startswith(f"{stem} ")), stem)


def counted(text: str) -> str:
    """A rule without what it has counted, as the configuration shows it."""
    return _COUNTER.sub("counter ", text).strip()


def started(program: str) -> str:
    """What a process is called whose program is ``program``."""
    return program.rpartition("/")[2]
