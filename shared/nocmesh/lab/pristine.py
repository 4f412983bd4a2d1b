"""What a node is made of, as somebody set it: links, addresses, routes, filters, settings, configuration.

A snapshot of a healthy lab is what `mending` measures deviations against, and goes back to. Pure; consequences
(carrier, learned routes, port states; the ageing time, which spanning tree itself changes) are left out.
"""

import json
from collections.abc import Iterator
from typing import Any

from nocmesh.lab.names import Names
from nocmesh.lab.plan import Node
from nocmesh.messages.base import Message

MARK = "=-=-="
PATIENCE = 5
"""Seconds that a CLI may take: it waits for ever for a daemon that is halted."""
SETTINGS = ("net/ipv4/ip_forward", "net/ipv4/conf/all/rp_filter", "net/ipv4/icmp_echo_ignore_all")
_LEARNED = {"kernel", "bgp", "ospf", "isis", "zebra", "redirect"}
_OWN_QDISCS = {"noqueue", "pfifo_fast", "fq_codel"}
_BRIDGE = ("stp_state", "forward_delay", "hello_time", "max_age", "priority", "mcast_snooping")
SWITCHES = ("hairpin", "guard", "root_block", "fastleave", "learning", "flood", "isolated")
"""Of a bridge's port: what is on or off."""
_SLAVE = ("priority", "cost", *SWITCHES)


class Link(Message, frozen=True, kw_only=True):
    """One interface as it is set."""

    name: str
    up: bool = True
    mtu: int = 1500
    mac: str = ""
    master: str = ""
    kind: str = ""
    options: dict[str, str] = {}
    """Of a bridge."""
    slave: dict[str, str] = {}
    """Of a bridge's port."""
    addresses: list[str] = []


class State(Message, frozen=True, kw_only=True):
    """One node."""

    links: dict[str, Link] = {}
    routes: list[str] = []
    """As `ip route add` takes them, without those that the kernel or a protocol made."""
    neighbours: list[str] = []
    """Those that somebody wrote by hand."""
    filters: str = ""
    """nftables' ruleset."""
    qdiscs: list[str] = []
    settings: dict[str, str] = {}
    processes: dict[str, list[int]] = {}
    """Of the node's own services: command to process ids."""
    config: list[str] = []
    """A router's running configuration, each line with what it stands under."""
    saved: list[str] = []
    """Its saved configuration, as the next start would read it."""


def looking(node: Node | None, names: Names) -> str:
    """The shell script that asks a node, run inside it (no node: the patch room)."""
    asks = [
        "ip -j -d addr",
        "ip -j route show table main",
        "ip -j neigh show nud permanent",
        "nft list ruleset",
        "tc -j qdisc show",
        "cd /proc/sys && head -n 1 " + " ".join(SETTINGS) + " && cd /",
    ]
    asks.append("ps -eo ppid=,pid=,comm=" if node is not None else "true")
    if node is not None and node.kind == "router":
        space = names.namespace(node.name)
        asks += [
            f"timeout {PATIENCE} vtysh -N {space} -c 'show running-config'",
            f"cat {names.config(node.name)}/frr.conf",
        ]
    return "\n".join(f"{ask} 2> /dev/null; echo '{MARK}'" for ask in asks)


def state(text: str) -> State:
    """What the script printed. Raises: ValueError when it is cut short."""
    parts = [part.strip() for part in text.split(MARK)]
    if len(parts) < 8:
        raise ValueError(f"{len(parts)} answers of 8")
    config = configuration(parts[7])
    saved = configuration(parts[8]) if len(parts) > 8 else []
    return State(
        links={link["ifname"]: _link(link) for link in _data(parts[0])},
        routes=sorted(filter(None, map(_route, _data(parts[1])))),
        neighbours=sorted(f"{n['dst']} lladdr {n.get('lladdr', '')} dev {n['dev']}" for n in _data(parts[2])),
        filters=parts[3],
        qdiscs=sorted(filter(None, map(_qdisc, _data(parts[4])))),
        settings=dict(_settings(parts[5])),
        processes=_processes(parts[6]),
        config=config,
        saved=saved,
    )


def _data(text: str) -> list[dict[str, Any]]:
    return [entry for entry in json.loads(text or "[]") if entry]


def _link(entry: dict[str, Any]) -> Link:
    info = entry.get("linkinfo", {})
    return Link(
        name=entry["ifname"],
        up="UP" in entry.get("flags", []),
        mtu=entry.get("mtu", 0),
        mac=entry.get("address", ""),
        master=entry.get("master", ""),
        kind=info.get("info_kind", ""),
        options=_picked(info.get("info_data", {}), _BRIDGE) if info.get("info_kind") == "bridge" else {},
        slave=_picked(info.get("info_slave_data", {}), _SLAVE) if info.get("info_slave_kind") == "bridge" else {},
        addresses=sorted(f"{a['local']}/{a['prefixlen']}" for a in entry.get("addr_info", []) if a["family"] == "inet"),
    )


def _picked(data: dict[str, Any], names: tuple[str, ...]) -> dict[str, str]:
    return {name: _word(data[name]) for name in names if name in data}


def _word(value: Any) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)


def _route(entry: dict[str, Any]) -> str:
    if entry.get("protocol") in _LEARNED:
        return ""
    kind = entry.get("type", "")
    words = [kind] if kind and kind != "unicast" else []
    words.append(str(entry.get("dst", "")))
    for key, word in (("gateway", "via"), ("dev", "dev"), ("metric", "metric")):
        if entry.get(key):
            words += [word, str(entry[key])]
    return " ".join(words)


def _qdisc(entry: dict[str, Any]) -> str:
    if entry.get("kind") in _OWN_QDISCS:
        return ""
    place = "root" if entry.get("root") else str(entry.get("parent", "root"))
    return f"dev {entry.get('dev')} {place} {entry.get('kind')} {json.dumps(entry.get('options', {}), sort_keys=True)}"


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """`head` prints `==> name <==` and the first line of each."""
    name = ""
    for line in text.splitlines():
        if line.startswith("==> "):
            name = line.removeprefix("==> ").removesuffix(" <==")
        elif line:
            yield name, line


def _processes(text: str) -> dict[str, list[int]]:
    """Children of the first process: the node's services, and what somebody left running in it."""
    found: dict[str, list[int]] = {}
    for line in text.splitlines():
        parent, pid, command = line.split(maxsplit=2)
        if parent == "1" and command != "sleep":
            found.setdefault(command, []).append(int(pid))
    return {command: sorted(pids) for command, pids in sorted(found.items())}


def configuration(text: str) -> list[str]:
    """The lines of a configuration, each with the headings that it stands under; order inside a block is kept out."""
    found, above = [], list[tuple[int, str]]()
    for line in text.splitlines():
        word = line.strip()
        if not word or word.startswith("!") or word in _FILLING:
            continue
        depth = len(line) - len(line.lstrip())
        while above and above[-1][0] >= depth:
            above.pop()
        found.append(" > ".join([*(heading for _, heading in above), word]))
        above.append((depth, word))
    return sorted(found)


_FILLING = {"exit", "end", "exit-address-family", "Building configuration...", "Current configuration:"}
