"""What a node is made of, as facts that can be compared: links, addresses, routes, filters, settings, configuration.

A snapshot of a healthy lab is what `deviations` are measured against, and what `mending` goes back to. Pure;
consequences (carrier, learned routes, port states; the ageing time, which spanning tree itself changes) are no facts.
"""

import json
import shlex
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
_SLAVE = ("priority", "cost", "hairpin", "guard", "root_block", "fastleave", "learning", "flood", "isolated")


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


def facts(now: State) -> set[str]:
    """The state as lines, each of which can be compared."""
    found = {fact for link in now.links.values() for fact in _link_facts(link)}
    found |= {f"route {route}" for route in now.routes}
    found |= {f"neighbour {entry}" for entry in now.neighbours}
    found |= {f"filter {line.strip()}" for line in now.filters.splitlines()}
    found |= {f"qdisc {entry}" for entry in now.qdiscs}
    found |= {f"setting {name} = {value}" for name, value in now.settings.items()}
    found |= {f"process {command}" for command in now.processes}
    found |= {f"config {line}" for line in now.config}
    return found


def _link_facts(link: Link) -> Iterator[str]:
    yield f"link {link.name} {'up' if link.up else 'down'}"
    yield f"link {link.name} mtu {link.mtu}"
    yield f"link {link.name} mac {link.mac}"
    if link.master:
        yield f"link {link.name} master {link.master}"
    for name, value in (*link.options.items(), *link.slave.items()):
        yield f"link {link.name} {name} {value}"
    for address in link.addresses:
        yield f"address {link.name} {address}"


def deviations(healthy: State, now: State) -> list[str]:
    """What is gone (`- `) and what is new (`+ `), in order."""
    before, after = facts(healthy), facts(now)
    found = [f"- {fact}" for fact in sorted(before - after)] + [f"+ {fact}" for fact in sorted(after - before)]
    if now.saved not in (healthy.saved, healthy.config):
        found.append("+ saved configuration differs")
    return found


def rewired(healthy: State, now: State) -> list[str]:
    """Interfaces that are gone and must be cabled again."""
    return [name for name in healthy.links if name not in now.links]


def restart_needed(healthy: State, now: State) -> bool:
    """True: only a new start brings the router's configuration back."""
    missing = set(healthy.processes) - set(now.processes)
    return now.config != healthy.config or now.saved not in (healthy.saved, healthy.config) or bool(missing)


def mending(healthy: State, now: State) -> list[str]:
    """Shell commands that bring the node back to `healthy`, but for its configuration; each may fail alone."""
    lines = [
        f"kill -9 {' '.join(map(str, pids))}" for name, pids in now.processes.items() if name not in healthy.processes
    ]
    lines += _filters(healthy, now)
    lines += [f"tc qdisc del {' '.join(entry.split()[:3])}" for entry in now.qdiscs if entry not in healthy.qdiscs]
    lines += [f"ip link del {name}" for name in now.links if name not in healthy.links]
    for name, link in healthy.links.items():
        lines += _mended(link, now.links.get(name, link))
    lines += [f"ip neigh del {_bare(entry)}" for entry in now.neighbours if entry not in healthy.neighbours]
    lines += [f"ip neigh replace {entry}" for entry in healthy.neighbours if entry not in now.neighbours]
    lines += [f"ip route del {route}" for route in now.routes if route not in healthy.routes]
    lines += [f"ip route replace {route}" for route in healthy.routes]
    return lines + [f"echo {value} > /proc/sys/{name}" for name, value in healthy.settings.items()]


def _filters(healthy: State, now: State) -> list[str]:
    if healthy.filters == now.filters:
        return []
    back = [f"echo {shlex.quote(healthy.filters)} | nft -f -"] if healthy.filters else []
    return ["nft flush ruleset", *back]


def _bare(entry: str) -> str:
    words = entry.split()
    return f"{words[0]} dev {words[-1]}"


def _mended(healthy: Link, now: Link) -> Iterator[str]:
    name = healthy.name
    if healthy.mac != now.mac:
        yield f"ip link set {name} address {healthy.mac}"
    if healthy.mtu != now.mtu:
        yield f"ip link set {name} mtu {healthy.mtu}"
    if healthy.master != now.master:
        yield f"ip link set {name} {f'master {healthy.master}' if healthy.master else 'nomaster'}"
    if healthy.options != now.options:
        yield f"ip link set {name} type bridge {_spelled(healthy.options)}"
    if healthy.slave != now.slave and healthy.slave:
        yield f"ip link set {name} type bridge_slave {_spelled(healthy.slave)}"
    yield from (f"ip addr del {address} dev {name}" for address in now.addresses if address not in healthy.addresses)
    yield from (f"ip addr add {address} dev {name}" for address in healthy.addresses if address not in now.addresses)
    if healthy.up != now.up:
        yield f"ip link set {name} {'up' if healthy.up else 'down'}"


def _spelled(options: dict[str, str]) -> str:
    """As `ip link` takes them: switches of a port are `on` and `off`."""
    words = []
    for name, value in options.items():
        switch = name in _SLAVE[2:]
        words += [name, ("on" if value == "1" else "off") if switch else value]
    return " ".join(words)
