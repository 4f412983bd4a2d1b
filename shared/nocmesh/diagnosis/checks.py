"""Checks: statements about a device's typed state that code decides.

Pure. A change is verified by the very checks that proved the fault. What was not read, or not understood, is never
taken for a yes: not even for "there is none".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any, get_args

from nocmesh.diagnosis.shellparts import counted
from nocmesh.errors import InvalidInputError
from nocmesh.messages.base import Message
from nocmesh.messages.change import Check
from nocmesh.messages.state import (
    Bgp,
    BgpNeighbor,
    ConfigLine,
    DeviceState,
    FilterRule,
    Interface,
    Isis,
    Ospf,
    Route,
    SessionState,
    Stp,
    System,
    View,
)

STATES = tuple(state for state in get_args(SessionState) if state != "unknown")


class CheckResult(Message, frozen=True, kw_only=True):
    """Whether a check holds, and what the device showed."""

    passed: bool
    seen: str


Arguments = Mapping[str, Any]
Decide = Callable[[Any, Arguments], CheckResult]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of check: the view that it reads, its arguments with their types, and who decides."""

    view: View
    decide: Decide
    needs: Mapping[str, type]
    may: Mapping[str, type]


def evaluate(check: Check, state: DeviceState) -> CheckResult:
    """Decide ``check`` on ``state``.

    Raises InvalidInputError for a kind that does not exist or arguments that do not fit it.
    """
    kind = _kind(check)
    status = state.status.get(kind.view, "")
    value = getattr(state, kind.view)
    if status not in {"parsed", "empty"} or value is None:
        return CheckResult(passed=False, seen=f"{kind.view} of {state.device} not known: {status or 'not read'}")
    return kind.decide(value, check.arguments)


def views_for(checks: Sequence[Check]) -> list[View]:
    """The views that ``checks`` read, each once. Raises InvalidInputError as ``evaluate`` does."""
    return list(dict.fromkeys(_kind(check).view for check in checks))


def _kind(check: Check) -> Kind:
    kind = KINDS.get(check.kind)
    if kind is None:
        raise InvalidInputError(
            f"no check of kind {check.kind!r}; expected one of: {', '.join(sorted(KINDS))}", field="kind"
        )
    known = {**kind.needs, **kind.may}
    for name in [*check.arguments, *kind.needs]:
        if name not in known or name not in check.arguments:
            raise _wrong(check, name, f"takes {', '.join(known)} and needs {', '.join(kind.needs)}")
        if type(check.arguments[name]) is not known[name]:
            raise _wrong(check, name, f"expected {known[name].__name__}, found {check.arguments[name]!r}")
    if check.kind == "bgp_session" and str(check.arguments.get("state", STATES[0])).lower() not in STATES:
        raise _wrong(check, "state", f"expected one of: {', '.join(STATES)}")
    return kind


def _wrong(check: Check, name: str, reason: str) -> InvalidInputError:
    return InvalidInputError(f"check {check.kind}, argument {name!r}: {reason}", field=name)


def _result(passed: bool, seen: str) -> CheckResult:
    return CheckResult(passed=passed, seen=seen)


def _same_address(one: str, other: str) -> bool:
    try:
        return ip_address(one) == ip_address(other)
    except ValueError:
        return one == other


def _same_prefix(one: str, other: str) -> bool:
    try:
        return ip_network(one) == ip_network(other)
    except ValueError:
        return one == other


def _neighbor(bgp: Bgp, arguments: Arguments) -> BgpNeighbor | None:
    return next((n for n in bgp.neighbors if _same_address(n.address, arguments["neighbor"])), None)


def _of_neighbor(decide: Callable[[BgpNeighbor, Arguments], CheckResult]) -> Decide:
    def decided(bgp: Bgp, arguments: Arguments) -> CheckResult:
        neighbor = _neighbor(bgp, arguments)
        if neighbor is None:
            return _result(False, f"no BGP neighbor {arguments['neighbor']}")
        return decide(neighbor, arguments)

    return decided


def _of_interface(decide: Callable[[Interface, Arguments], CheckResult]) -> Decide:
    def decided(interfaces: Sequence[Interface], arguments: Arguments) -> CheckResult:
        found = next((i for i in interfaces if i.name == arguments["interface"]), None)
        if found is None:
            return _result(False, f"no interface {arguments['interface']}")
        return decide(found, arguments)

    return decided


def _bgp_session(neighbor: BgpNeighbor, arguments: Arguments) -> CheckResult:
    wanted = arguments["state"].lower()
    reason = neighbor.last_error or neighbor.last_reset_reason
    why = f" ({reason})" if reason and neighbor.session_state != "established" else ""
    return _result(neighbor.session_state == wanted, f"{neighbor.address} is {neighbor.session_state}{why}")


def _bgp_prefixes_received(neighbor: BgpNeighbor, arguments: Arguments) -> CheckResult:
    count = neighbor.prefixes_received
    up = neighbor.session_state == "established"
    seen = f"{neighbor.address} is {neighbor.session_state}, {'unknown' if count is None else count} prefixes received"
    return _result(up and count is not None and count >= arguments["min"], seen)


def _bgp_remote_as(neighbor: BgpNeighbor, arguments: Arguments) -> CheckResult:
    return _result(neighbor.remote_as == arguments["asn"], f"{neighbor.address} has remote AS {neighbor.remote_as}")


def _bgp_neighbor_enabled(neighbor: BgpNeighbor, arguments: Arguments) -> CheckResult:
    seen = f"{neighbor.address} is {'enabled' if neighbor.enabled else 'shut down by configuration'}"
    return _result(neighbor.enabled is arguments.get("enabled", True), seen)


def _bgp_family(neighbor: BgpNeighbor, arguments: Arguments) -> CheckResult:
    families = ", ".join(neighbor.address_families) or "no address family"
    present = arguments["family"] in neighbor.address_families
    return _result(present is arguments.get("present", True), f"{neighbor.address} has {families} active")


def _bgp_neighbor(bgp: Bgp, arguments: Arguments) -> CheckResult:
    present = _neighbor(bgp, arguments) is not None
    return _result(present is arguments.get("present", True), _there(present, f"BGP neighbor {arguments['neighbor']}"))


def _bgp_network(bgp: Bgp, arguments: Arguments) -> CheckResult:
    present = any(_same_prefix(network, arguments["prefix"]) for network in bgp.networks)
    return _result(present is arguments.get("present", True), _there(present, f"network {arguments['prefix']} in BGP"))


def _interface_enabled(interface: Interface, arguments: Arguments) -> CheckResult:
    word = {True: "enabled", False: "shut down", None: "of unknown administrative state"}[interface.enabled]
    return _result(interface.enabled is arguments.get("enabled", True), f"{interface.name} is {word}")


def _interface_oper(interface: Interface, arguments: Arguments) -> CheckResult:
    word = {True: "up", False: "down", None: "of unknown state"}[interface.oper_up]
    return _result(interface.oper_up is arguments.get("up", True), f"{interface.name} is {word}")


def _interface_mtu(interface: Interface, arguments: Arguments) -> CheckResult:
    return _result(interface.mtu == arguments["mtu"], f"{interface.name} has MTU {interface.mtu}")


def _interface_address(interface: Interface, arguments: Arguments) -> CheckResult:
    present = any(_same_interface(address, arguments["address"]) for address in interface.addresses)
    held = ", ".join(interface.addresses) or "no address"
    return _result(present is arguments.get("present", True), f"{interface.name} has {held}")


def _interface_mac(interface: Interface, arguments: Arguments) -> CheckResult:
    return _result(interface.mac == arguments["mac"].lower(), f"{interface.name} has the MAC address {interface.mac}")


def _interface_bridge(interface: Interface, arguments: Arguments) -> CheckResult:
    seen = f"{interface.name} is a port of {interface.bridge}" if interface.bridge else f"{interface.name} is no port"
    return _result(interface.bridge == arguments["bridge"], seen)


def _same_interface(one: str, other: str) -> bool:
    try:
        return ip_interface(one) == ip_interface(other)
    except ValueError:
        return one == other


def _route(routes: Sequence[Route], arguments: Arguments) -> CheckResult:
    protocol = arguments.get("protocol", "")
    found = [r for r in routes if _same_prefix(r.prefix, arguments["prefix"]) and protocol in {"", r.protocol}]
    if "discards" in arguments:
        found = [route for route in found if route.discards is arguments["discards"]]
    if "via" in arguments:
        found = [route for route in found if any(_same_address(hop, arguments["via"]) for hop in route.next_hops)]
    seen = f"{arguments['prefix']} by {found[0].protocol}" if found else f"no such route to {arguments['prefix']}"
    return _result(bool(found) is arguments.get("present", True), seen)


def _config_line(config: Sequence[ConfigLine], arguments: Arguments) -> CheckResult:
    section, text = arguments.get("section", ""), " ".join(arguments["text"].split())
    present = any(line.section == section and " ".join(line.text.split()) == text for line in config)
    where = f" under {section!r}" if section else ""
    return _result(present is arguments.get("present", True), _there(present, f"line {text!r}{where}"))


def _filter_rule(rules: Sequence[FilterRule], arguments: Arguments) -> CheckResult:
    name, text = arguments["name"], counted(arguments["text"])
    present = any(rule.name == name and counted(rule.text) == text for rule in rules)
    return _result(present is arguments.get("present", True), _there(present, f"rule {text!r} in {name}"))


def _service(system: System, arguments: Arguments) -> CheckResult:
    runs = system.services.get(arguments["name"], False)
    return _result(runs is arguments.get("running", True), f"{arguments['name']} {'runs' if runs else 'does not run'}")


def _ip_forwarding(system: System, arguments: Arguments) -> CheckResult:
    word = {True: "on", False: "off", None: "not told"}[system.ip_forwarding]
    return _result(system.ip_forwarding is arguments.get("enabled", True), f"IP forwarding is {word}")


def _stp_bridge(stp: Stp, arguments: Arguments) -> CheckResult:
    found = next((bridge for bridge in stp.bridges if bridge.name == arguments["bridge"]), None)
    if found is None:
        return _result(False, f"no bridge {arguments['bridge']}")
    state = "takes part" if found.enabled else "takes no part"
    wanted = {name: arguments[name] for name in ("enabled", "priority") if name in arguments}
    have = {name: getattr(found, name) for name in wanted}
    return _result(have == wanted, f"{found.name} {state} in spanning tree, priority {found.priority}")


def _stp_port(stp: Stp, arguments: Arguments) -> CheckResult:
    found = next((port for port in stp.ports if port.name == arguments["interface"]), None)
    if found is None:
        return _result(False, f"{arguments['interface']} is no port of a bridge")
    wanted = {name: arguments[name] for name in ("cost", "state") if name in arguments}
    have = {name: getattr(found, name) for name in wanted}
    return _result(have == wanted, f"{found.name} is {found.state}, cost {found.cost}")


def _ospf_adjacency(ospf: Ospf, arguments: Arguments) -> CheckResult:
    return _adjacency([n.state for n in ospf.neighbors if n.interface == arguments["interface"]], "full", arguments)


def _isis_adjacency(isis: Isis, arguments: Arguments) -> CheckResult:
    return _adjacency([a.state for a in isis.adjacencies if a.interface == arguments["interface"]], "up", arguments)


def _adjacency(states: Sequence[str], wanted: str, arguments: Arguments) -> CheckResult:
    seen = ", ".join(states) or "none"
    return _result(wanted in states, f"adjacency on {arguments['interface']}: {seen}")


def _there(present: bool, what: str) -> str:
    return f"{what} is there" if present else f"{what} is not there"


def _row(view: View, decide: Decide, needs: Mapping[str, type], may: Mapping[str, type] | None = None) -> Kind:
    return Kind(view=view, decide=decide, needs=needs, may=may or {})


KINDS: Mapping[str, Kind] = {
    "bgp_session": _row("bgp", _of_neighbor(_bgp_session), {"neighbor": str, "state": str}),
    "bgp_prefixes_received": _row("bgp", _of_neighbor(_bgp_prefixes_received), {"neighbor": str, "min": int}),
    "bgp_remote_as": _row("bgp", _of_neighbor(_bgp_remote_as), {"neighbor": str, "asn": int}),
    "bgp_neighbor_enabled": _row("bgp", _of_neighbor(_bgp_neighbor_enabled), {"neighbor": str}, {"enabled": bool}),
    "bgp_address_family": _row("bgp", _of_neighbor(_bgp_family), {"neighbor": str, "family": str}, {"present": bool}),
    "bgp_neighbor": _row("bgp", _bgp_neighbor, {"neighbor": str}, {"present": bool}),
    "bgp_network": _row("bgp", _bgp_network, {"prefix": str}, {"present": bool}),
    "interface_enabled": _row("interfaces", _of_interface(_interface_enabled), {"interface": str}, {"enabled": bool}),
    "interface_oper": _row("interfaces", _of_interface(_interface_oper), {"interface": str}, {"up": bool}),
    "interface_mtu": _row("interfaces", _of_interface(_interface_mtu), {"interface": str, "mtu": int}),
    "interface_address": _row(
        "interfaces", _of_interface(_interface_address), {"interface": str, "address": str}, {"present": bool}
    ),
    "interface_mac": _row("interfaces", _of_interface(_interface_mac), {"interface": str, "mac": str}),
    "interface_bridge": _row("interfaces", _of_interface(_interface_bridge), {"interface": str, "bridge": str}),
    "route": _row("routes", _route, {"prefix": str}, {"present": bool, "protocol": str, "via": str, "discards": bool}),
    "filter_rule": _row("filters", _filter_rule, {"name": str, "text": str}, {"present": bool}),
    "service": _row("system", _service, {"name": str}, {"running": bool}),
    "ip_forwarding": _row("system", _ip_forwarding, {}, {"enabled": bool}),
    "stp_bridge": _row("stp", _stp_bridge, {"bridge": str}, {"enabled": bool, "priority": int}),
    "stp_port": _row("stp", _stp_port, {"interface": str}, {"cost": int, "state": str}),
    "ospf_adjacency": _row("ospf", _ospf_adjacency, {"interface": str}),
    "isis_adjacency": _row("isis", _isis_adjacency, {"interface": str}),
    "config_line": _row("config", _config_line, {"text": str}, {"section": str, "present": bool}),
    "shell_config_line": _row("shell_config", _config_line, {"text": str}, {"section": str, "present": bool}),
}
"""Every kind; the documents' table of checks is this one."""
