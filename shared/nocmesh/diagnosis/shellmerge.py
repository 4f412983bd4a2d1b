"""What shell commands will do to a Linux system's configuration, before anybody sends them.

Pure. Configuration here is the view `config` of a Linux system: sections `system`, `daemons`, `interface X`, `routes`,
`filter FAMILY TABLE CHAIN …`. A command that is not known, or finds nothing to act on, changes nothing.
Sources: ip-link(8), ip-address(8), ip-route(8), bridge(8), nft(8), sysctl(8).
"""

import shlex
from collections.abc import Callable, Mapping, Sequence

from nocmesh.diagnosis.configlines import sections
from nocmesh.diagnosis.configtext import unified_diff
from nocmesh.diagnosis.shellparts import (
    DAEMONS,
    ROUTES,
    SYSTEM,
    Tree,
    added,
    addressed,
    chain_of,
    counted,
    dropped_routes,
    interface,
    is_route,
    removed,
    route_key,
    setting,
    started,
    switched,
    tree_of,
)

Rules = Mapping[tuple[str, str], str]
"""(`FAMILY TABLE CHAIN`, handle) to the rule's text: what a handle means on the device just now."""
Act = Callable[[Tree, list[str]], None]


def merged(running: str, commands: Sequence[str], rules: Rules | None = None) -> Tree:
    """The configuration ``running`` after ``commands``, by section; ``rules`` says which rule has which handle."""
    tree = tree_of(sections(running))
    for command in commands:
        _apply(tree, command, rules or {})
    return _bare(tree)


def affected_diff(running: str, commands: Sequence[str], rules: Rules | None = None) -> str:
    """The unified diff that ``commands`` make in the sections that they change; empty: no effect."""
    old, new = merged(running, ()), merged(running, commands, rules)
    touched = [header for header in dict.fromkeys([*old, *new]) if old.get(header) != new.get(header)]
    before, after = (_text(tree, touched) for tree in (old, new))
    return unified_diff(before, after, "config")


def undoes(running: str, commands: Sequence[str], rollback: Sequence[str], rules: Rules | None = None) -> bool:
    """Whether ``rollback`` leads back to ``running`` from where ``commands`` lead."""
    tree = tree_of(sections(running))
    for command in [*commands, *rollback]:
        _apply(tree, command, rules or {})
    return _same(tree, merged(running, ()))


def remaining(running: str, commands: Sequence[str], rules: Rules | None = None) -> list[str]:
    """Those of ``commands`` that still have something to do on ``running``, in order; none when they lead nowhere."""
    tree, found = tree_of(sections(running)), []
    start = _copy(tree)
    for command in commands:
        before = _copy(tree)
        _apply(tree, command, rules or {})
        if tree != before:
            found.append(command)
    return [] if _same(tree, start) else found


def _apply(tree: Tree, command: str, rules: Rules) -> None:
    words = _words(command)
    for beginning, act in _ACTS.items():
        if tuple(words[: len(beginning)]) == beginning:
            act(tree, words[len(beginning) :])
            return
    if words[:1] == ["nft"]:
        _filter(tree, command, rules)
    elif words and words[0].startswith("/"):
        added(tree, DAEMONS, started(words[0]))
        tree[DAEMONS].sort()


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []


def _link(tree: Tree, words: list[str]) -> None:
    """`ip link set dev X …`."""
    name, *rest = words or [""]
    lines = interface(tree, name)
    match rest:
        case ["up" | "down" as state]:
            switched(lines, ("up", "down"), state)
            if state == "down":  # and with it go its IPv6 addresses (net/ipv6/addrconf.c)
                dropped_routes(tree, name)
                lines[:] = [line for line in lines if not (line.startswith("address ") and ":" in line)]
        case ["mtu", value]:
            setting(lines, "mtu", value)
        case ["address", mac]:
            setting(lines, "mac", mac.lower())
        case ["master", bridge]:
            setting(lines, "master", bridge)
        case ["nomaster"]:
            lines[:] = [line for line in lines if not line.startswith(("master ", "bridge-port "))]
        case ["type", "bridge", "stp_state" | "priority" as key, value]:
            setting(lines, f"bridge {key}", value)


def _port(tree: Tree, words: list[str]) -> None:
    """`bridge link set dev X …`."""
    if len(words) == 3:
        name, key, value = words
        setting(interface(tree, name), f"bridge-port {key}", {"on": "1", "off": "0"}.get(value, value))


def _address(add: bool) -> Act:
    """`ip addr … dev X`. With the last address of an interface go the routes that lead out of it."""

    def act(tree: Tree, words: list[str]) -> None:
        if len(words) != 3 or words[1] != "dev":
            return
        address, _, name = words
        lines, line = interface(tree, name), f"address {address}"
        if add:
            addressed(lines, line)
        elif line in lines:
            lines.remove(line)
            if not any(text.startswith("address ") and ":" not in text for text in lines):
                dropped_routes(tree, name)

    return act


def _route(replace: bool) -> Act:
    def act(tree: Tree, words: list[str]) -> None:
        text = " ".join(words)
        lines = tree.setdefault(ROUTES, [])
        same = [line for line in lines if route_key(line) == route_key(text)]
        if text in lines or (same and not replace):
            return
        for line in same[:1]:
            lines.remove(line)
        lines.append(text)
        lines.sort()

    return act


def _unroute(tree: Tree, words: list[str]) -> None:
    found = next((line for line in tree.get(ROUTES, []) if is_route(line, words)), None)
    if found is not None:
        tree[ROUTES].remove(found)


def _sysctl(tree: Tree, words: list[str]) -> None:
    if len(words) == 1 and "=" in words[0]:
        key, _, value = words[0].partition("=")
        setting(tree.setdefault(SYSTEM, []), key, value)


def _ended(tree: Tree, words: list[str]) -> None:
    """`pkill -x -F FILE NAME`."""
    if words:
        removed(tree, DAEMONS, words[-1])


_ACTS: Mapping[tuple[str, ...], Act] = {
    ("ip", "link", "set", "dev"): _link,
    ("bridge", "link", "set", "dev"): _port,
    ("ip", "addr", "add"): _address(add=True),
    ("ip", "addr", "replace"): _address(add=True),
    ("ip", "addr", "del"): _address(add=False),
    ("ip", "route", "add"): _route(replace=False),
    ("ip", "route", "replace"): _route(replace=True),
    ("ip", "route", "del"): _unroute,
    ("sysctl", "-w"): _sysctl,
    ("pkill", "-x", "-F"): _ended,
}


def _filter(tree: Tree, command: str, rules: Rules) -> None:
    """`nft delete …`, and `nft 'insert rule …'` with the rule as the device shows it."""
    words = command.removeprefix("nft ").strip("'").split(" ")
    match words:
        case ["delete", "rule", family, table, chain, "handle", handle]:
            text = rules.get((f"{family} {table} {chain}", handle))
            if text is not None:
                removed(tree, chain_of(tree, family, table, chain), counted(text))
        case ["delete", "chain", family, table, chain]:
            tree.pop(chain_of(tree, family, table, chain), None)
        case ["delete", "table", family, table]:
            for header in [one for one in tree if one.startswith(f"filter {family} {table} ")]:
                del tree[header]
        case ["add", "rule", family, table, chain, *rest]:
            _ruled(tree, chain_of(tree, family, table, chain), None, " ".join(rest))
        case ["insert", "rule", family, table, chain, "index", index, *rest] if index.isdecimal():
            _ruled(tree, chain_of(tree, family, table, chain), int(index), " ".join(rest))


def _ruled(tree: Tree, header: str, index: int | None, text: str) -> None:
    lines, rule = tree.setdefault(header, []), counted(text)
    place = len(lines) if index is None else index
    there = lines[-1:] if index is None else lines[place : place + 1]
    if there != [rule] and place <= len(lines):
        lines.insert(place, rule)


def _bare(tree: Tree) -> Tree:
    """Without chains and lists that hold nothing: the device does not show them."""
    return {header: list(lines) for header, lines in tree.items() if lines}


def _same(one: Tree, other: Tree) -> bool:
    """Whether they say the same; what an interface has, it has in any order."""
    return _ordered(one) == _ordered(other)


def _ordered(tree: Tree) -> Tree:
    bare = _bare(tree)
    return {name: sorted(lines) if name.startswith("interface ") else lines for name, lines in bare.items()}


def _copy(tree: Tree) -> Tree:
    return {header: list(lines) for header, lines in tree.items()}


def _text(tree: Tree, headers: Sequence[str]) -> str:
    return "\n".join(
        line for header in headers if header in tree for line in (header, *(f" {x}" for x in tree[header]))
    )
