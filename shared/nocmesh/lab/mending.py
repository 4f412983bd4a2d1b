"""How a node differs from its healthy state, and the commands that bring it back. Pure."""

import shlex
from collections.abc import Iterator

from nocmesh.lab.pristine import SWITCHES, Link, State


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
        switch = name in SWITCHES
        words += [name, ("on" if value == "1" else "off") if switch else value]
    return " ".join(words)
