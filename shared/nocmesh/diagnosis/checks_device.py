"""Checks of a device's interfaces, of the device itself, and of the lines of its configuration."""

from collections.abc import Mapping, Sequence

from nocmesh.diagnosis.checkkinds import (
    Arguments,
    CheckResult,
    Decide,
    Kind,
    kind,
    one_of,
    result,
    same_interface,
    there,
)
from nocmesh.diagnosis.shellparts import counted
from nocmesh.messages.state import ConfigLine, FilterRule, Interface, System


def _find(interfaces: Sequence[Interface], arguments: Arguments) -> Interface | None:
    return next((i for i in interfaces if i.name == arguments["interface"]), None)


def _of_interface(decide: Decide) -> Decide:
    return one_of(_find, "interface {interface}", decide)


def _enabled(interface: Interface, arguments: Arguments) -> CheckResult:
    word = {True: "enabled", False: "shut down", None: "of unknown administrative state"}[interface.enabled]
    return result(interface.enabled is arguments.get("enabled", True), f"{interface.name} is {word}")


def _oper(interface: Interface, arguments: Arguments) -> CheckResult:
    word = {True: "up", False: "down", None: "of unknown state"}[interface.oper_up]
    return result(interface.oper_up is arguments.get("up", True), f"{interface.name} is {word}")


def _mtu(interface: Interface, arguments: Arguments) -> CheckResult:
    return result(interface.mtu == arguments["mtu"], f"{interface.name} has MTU {interface.mtu}")


def _duplex(interface: Interface, arguments: Arguments) -> CheckResult:
    told = interface.duplex or "unknown"
    return result(interface.duplex == arguments["duplex"], f"{interface.name} has duplex {told}")


def _address(interface: Interface, arguments: Arguments) -> CheckResult:
    present = any(same_interface(address, arguments["address"]) for address in interface.addresses)
    held = ", ".join(interface.addresses) or "no address"
    return result(present is arguments.get("present", True), f"{interface.name} has {held}")


def _mac(interface: Interface, arguments: Arguments) -> CheckResult:
    seen = f"{interface.name} has the MAC address {interface.mac or 'unknown'}"
    return result(interface.mac == arguments["mac"].lower(), seen)


def _bridge(interface: Interface, arguments: Arguments) -> CheckResult:
    seen = f"{interface.name} is a port of {interface.bridge}" if interface.bridge else f"{interface.name} is no port"
    return result(interface.bridge == arguments["bridge"], seen)


def _service(system: System, arguments: Arguments) -> CheckResult:
    runs = system.services.get(arguments["name"], False)
    return result(runs is arguments.get("running", True), f"{arguments['name']} {'runs' if runs else 'does not run'}")


def _forwarding(system: System, arguments: Arguments) -> CheckResult:
    word = {True: "forwards", False: "does not forward", None: "does not tell whether it forwards"}
    seen = f"the device {word[system.ip_forwarding]}"
    return result(system.ip_forwarding is arguments.get("enabled", True), seen)


def _filter(filters: Sequence[FilterRule], arguments: Arguments) -> CheckResult:
    name, text = arguments["name"], counted(arguments.get("text", ""))
    present = any(rule.name == name and text in ("", counted(rule.text)) for rule in filters)
    what = f"filter {name}{f': {text}' if text else ''}"
    return result(present is arguments.get("present", True), there(present, what))


def _config_line(config: Sequence[ConfigLine], arguments: Arguments) -> CheckResult:
    section, text = arguments.get("section", ""), " ".join(arguments["text"].split())
    present = any(line.section == section and " ".join(line.text.split()) == text for line in config)
    where = f" under {section!r}" if section else ""
    return result(present is arguments.get("present", True), there(present, f"line {text!r}{where}"))


DEVICE: Mapping[str, Kind] = {
    "interface_enabled": kind("interfaces", _of_interface(_enabled), {"interface": str}, {"enabled": bool}),
    "interface_oper": kind("interfaces", _of_interface(_oper), {"interface": str}, {"up": bool}),
    "interface_mtu": kind("interfaces", _of_interface(_mtu), {"interface": str, "mtu": int}),
    "interface_duplex": kind("interfaces", _of_interface(_duplex), {"interface": str, "duplex": str}),
    "interface_address": kind(
        "interfaces", _of_interface(_address), {"interface": str, "address": str}, {"present": bool}
    ),
    "interface_mac": kind("interfaces", _of_interface(_mac), {"interface": str, "mac": str}),
    "interface_bridge": kind("interfaces", _of_interface(_bridge), {"interface": str, "bridge": str}),
    "service": kind("system", _service, {"name": str}, {"running": bool}),
    "ip_forwarding": kind("system", _forwarding, {}, {"enabled": bool}),
    "filter_rule": kind("filters", _filter, {"name": str}, {"text": str, "present": bool}),
    "config_line": kind("config", _config_line, {"text": str}, {"section": str, "present": bool}),
    "shell_config_line": kind("shell_config", _config_line, {"text": str}, {"section": str, "present": bool}),
}
"""Kinds by name."""
