"""A Linux system's configuration in one form: what somebody set, without what counts or ages.

So its hash moves only when the configuration moves. Pure.
"""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from nocmesh.diagnosis.configlines import rendered
from nocmesh.diagnosis.configtext import sha256_of
from nocmesh.messages.state import ConfigLine, Output, ViewStatus
from nocmesh_bridges.platforms.linux_links import links_of, rates_of
from nocmesh_bridges.platforms.linux_routes import DISCARDS, protocol_of
from nocmesh_bridges.platforms.linux_system import facts_of, services_of
from nocmesh_bridges.platforms.nftables import read_ruleset, without_counters
from nocmesh_bridges.platforms.protocol import Parsed
from nocmesh_bridges.platforms.spans import Span, read_spans
from nocmesh_bridges.platforms.telling import items, texts

_BRIDGE = ("stp_state", "priority", "vlan_filtering")
"""Not its timers: while it is not the root it shows the root's, and ages faster after a change of the topology."""
_PORT = ("cost", "priority", "guard", "root_block", "isolated")


def config(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `config` from LINKS, ROUTES, RULESET, FACTS and, where they are understood, SHAPERS and PROCESSES."""
    links, routes, ruleset, facts, shapers, table = answers
    lines = [
        *_system(facts),
        *_section("daemons", sorted(name for name, runs in services_of(table).items() if runs)),
        *(line for name, entry in sorted(links_of(links).items()) for line in _link(name, entry, rates_of(shapers))),
        *_routes(routes),
        *_filters(ruleset),
    ]
    return Parsed(status=status, value=lines, config_sha256=sha256_of("linux", "\n".join(rendered(lines))))


def _section(header: str, lines: Sequence[str]) -> Iterator[ConfigLine]:
    yield ConfigLine(section="", text=header)
    for line in lines:
        yield ConfigLine(section=header, text=line)


def _system(output: Output) -> Iterator[ConfigLine]:
    found = facts_of(output)
    lines = [f"net.ipv4.ip_forward {int(bool(found.ip_forwarding))}"]
    yield from _section("system", [f"hostname {found.hostname}", *lines] if found.hostname else lines)


def _link(name: str, entry: Span, rates: dict[str, int]) -> Iterator[ConfigLine]:
    lines = [f"mtu {entry.number('mtu')}", "up" if "UP" in texts(entry, "flags") else "down"]
    if entry.text("link_type") == "ether":
        lines.append(f"mac {entry.text('address').lower()}")
    lines += [f"address {item}" for item in sorted(_addresses(entry))]
    lines += [f"master {entry.text('master')}"] if entry.text("master") else []
    lines += [f"rate {rates[name]}"] if name in rates else []
    info = entry.members.get("linkinfo", Span({}, 0, 0))
    lines += _settings("bridge", info.members.get("info_data"), _BRIDGE if info.text("info_kind") == "bridge" else ())
    slave = info.text("info_slave_kind") == "bridge"
    lines += _settings("bridge-port", info.members.get("info_slave_data"), _PORT if slave else ())
    yield from _section(f"interface {name}", lines)


def _addresses(entry: Span) -> Iterator[str]:
    """Those that somebody set: not the ones that the kernel makes itself or that a lease or an advertisement gave."""
    for item in items(entry, "addr_info"):
        local = item.text("local")
        if local and not item.flag("dynamic") and not _is_made(local):
            yield f"{local}/{item.number('prefixlen')}"


def _is_made(address: str) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return True
    return found.version == 6 and (found.is_link_local or found.is_loopback)


def _settings(what: str, data: Span | None, keys: Sequence[str]) -> list[str]:
    found = [(key, data.members[key].value) for key in keys if data is not None and key in data.members]
    return [f"{what} {key} {int(value) if isinstance(value, bool) else value}" for key, value in found]


def _routes(output: Output) -> Iterator[ConfigLine]:
    """What somebody typed: neither what comes with an address nor what a routing daemon put there."""
    typed = [entry for entry in items(read_spans(output.text)) if protocol_of(entry) == "static"]
    yield from _section("routes", sorted(_route(entry) for entry in typed))


def _route(entry: Span) -> str:
    kind = f"{entry.text('type')} " if entry.text("type") in DISCARDS else ""
    hops = [*items(entry, "nexthops"), entry]
    ways = [f"via {hop.text('gateway')}" for hop in hops if hop.text("gateway")]
    ways += [f"dev {hop.text('dev')}" for hop in hops if hop.text("dev")]
    metric = entry.number("metric")
    return " ".join([f"{kind}{entry.text('dst')}", *ways, *([f"metric {metric}"] if metric is not None else [])])


def _filters(output: Output) -> Iterator[ConfigLine]:
    chains: dict[str, list[str]] = {}
    for rule in read_ruleset(output.text):
        header = " ".join(filter(None, ["filter", rule.chain.name, rule.chain.hook, *rule.chain.devices]))
        chains.setdefault(header, []).append(without_counters(rule.text))
    for header, lines in chains.items():
        yield from _section(header, lines)
