"""The switching lines of IOS-XE's configuration, read into the model: what may be typed, and what each line does."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any, get_args

from nocmesh.proving.simulated import editing
from nocmesh.proving.simulated.cabling import members
from nocmesh.proving.simulated.editing import Act, Editor, Refused, Section
from nocmesh.proving.simulated.grammar import Mismatch, Rule
from nocmesh.proving.simulated.model import Configuration, Interface, Node
from nocmesh.proving.simulated.switching import EVERY, Channel, ChannelMode, Mode, Spanning, Switchport, numbers

PRIORITY_STEP = 4096
"""The extended system id leaves four bits (IEEE 802.1D-2004 §9.2.5)."""


def _spanning(editor: Editor) -> Spanning:
    """The switch's spanning tree; a router knows no such line."""
    if editor.configuration.spanning is None:
        raise Mismatch("unknown", 0)
    return editor.configuration.spanning


def _vlans(text: str) -> tuple[int, ...]:
    try:
        return numbers(text)
    except ValueError as error:
        raise Refused("Command rejected: Bad VLAN list") from error


def _enter_vlan(editor: Editor, number: str) -> None:
    spanning = _spanning(editor)
    for vlan in _vlans(number):
        spanning.vlans.setdefault(vlan, f"VLAN{vlan:04d}")
    editor.section = Section("vlan", number)


def _no_vlan(editor: Editor, number: str) -> None:
    spanning, unwanted = _spanning(editor), _vlans(number)
    if 1 in unwanted:
        raise Refused("Default VLAN 1 may not be deleted.")
    for vlan in unwanted:
        spanning.vlans.pop(vlan, None)


def _name_vlan(editor: Editor, name: str = "") -> None:
    spanning = _spanning(editor)
    for vlan in _vlans(editor.section.name):
        spanning.vlans[vlan] = name or f"VLAN{vlan:04d}"


def _enable_tree(editor: Editor, vlans: str) -> None:
    _spanning(editor).disabled -= set(_vlans(vlans))


def _disable_tree(editor: Editor, vlans: str) -> None:
    _spanning(editor).disabled |= set(_vlans(vlans))


def _set_priority(editor: Editor, vlans: str, priority: str) -> None:
    if int(priority) % PRIORITY_STEP or int(priority) > 61440:
        allowed = "  0     4096  8192  12288 16384 20480 24576 28672\n  32768 36864 40960 45056 49152 53248 57344 61440"
        raise Refused(f"% Bridge Priority must be in increments of 4096.\n% Allowed values are:\n{allowed}")
    _spanning(editor).priorities |= dict.fromkeys(_vlans(vlans), int(priority))


def _no_priority(editor: Editor, vlans: str, *_: str) -> None:
    for vlan in _vlans(vlans):
        _spanning(editor).priorities.pop(vlan, None)


def _port(editor: Editor) -> Switchport:
    _spanning(editor)
    if editor.interface.switchport is None:
        raise Refused(f"% Command rejected: {editor.interface.name} is not a switching port.")
    return editor.interface.switchport


def _ports(editor: Editor) -> list[Switchport]:
    """The port, and for a bundle its members too: what is said of the whole is said of each."""
    own, interface = _port(editor), editor.interface
    if not interface.bundle:
        return [own]
    inside = _members(editor.configuration, interface.name)
    return [own, *(i.switchport for i in inside if i.switchport is not None)]


def _members(configuration: Configuration, bundle: str) -> list[Interface]:
    return list(members(Node(name="", dialect="cisco_iosxe", running=configuration), bundle))


def _put(attribute: str, convert: Callable[[str], Any]) -> Act:
    def act(editor: Editor, value: str) -> None:
        for port in _ports(editor):
            setattr(port, attribute, convert(value))

    return act


def _reset(attribute: str, value: Any) -> Act:
    def act(editor: Editor, *_: str) -> None:
        for port in _ports(editor):
            setattr(port, attribute, value)

    return act


def _mode(text: str) -> Mode:
    for mode in get_args(Mode):
        if text == mode:
            return mode  # type: ignore[no-any-return]
    raise Mismatch("unknown", len("switchport mode "))


def _one_vlan(text: str) -> int:
    found = _vlans(text)
    if len(found) != 1:
        raise Refused("Command rejected: Bad VLAN list")
    return found[0]


def _access(editor: Editor, text: str) -> None:
    vlan, spanning = _one_vlan(text), _spanning(editor)
    _put("access_vlan", int)(editor, str(vlan))
    spanning.vlans.setdefault(vlan, f"VLAN{vlan:04d}")


def _allow(how: str) -> Act:
    """`switchport trunk allowed vlan [add|remove] LIST`, or all, or none."""

    def act(editor: Editor, text: str) -> None:
        for port in _ports(editor):
            before = set(range(1, 4095)) if port.allowed is None else set(port.allowed)
            if how == "set" and text == "all":
                port.allowed = None
            elif how == "set":
                port.allowed = () if text == "none" else _vlans(text)
            else:
                after = before | set(_vlans(text)) if how == "add" else before - set(_vlans(text))
                port.allowed = tuple(sorted(after))

    return act


def _by_vlan(attribute: str) -> Act:
    """`spanning-tree [vlan LIST] cost N` and its like."""

    def act(editor: Editor, *words: str) -> None:
        vlans, value = (_vlans(words[0]), words[1:]) if len(words) == 2 else ((EVERY,), words)
        for port in _ports(editor):
            getattr(port, attribute).update(dict.fromkeys(vlans, int(value[0])))

    return act


def _drop(attribute: str) -> Act:
    """`no spanning-tree [vlan LIST] cost`."""

    def act(editor: Editor, vlans: str = "") -> None:
        for port in _ports(editor):
            for vlan in _vlans(vlans) if vlans else (EVERY,):
                getattr(port, attribute).pop(vlan, None)

    return act


def _bridge(editor: Editor) -> None:
    """`switchport`: the port is bridged again, as it came from the factory."""
    _spanning(editor)
    if editor.interface.switchport is None:
        editor.interface.switchport = Switchport()
        editor.interface.addresses = []


def _route(editor: Editor) -> None:
    """`no switchport`: the port is routed, its switching lines are gone."""
    _port(editor)
    editor.interface.switchport = None
    editor.interface.channel = None


def _join(editor: Editor, group: str, mode: str) -> None:
    """`channel-group N mode M`."""
    _spanning(editor)
    if mode not in get_args(ChannelMode):
        raise Mismatch("unknown", 0)
    wanted = Channel(group=int(group), mode=mode)  # type: ignore[arg-type]
    inside = [i for i in _members(editor.configuration, wanted.bundle) if i is not editor.interface]
    if any(i.channel is not None and i.channel.lacp != wanted.lacp for i in inside):
        text = f"Command rejected (Channel protocol mismatch for interface {editor.interface.name} in group {group})"
        raise Refused(f"{text}: the interface can not be added to the channel group")
    editor.configuration.interfaces.setdefault(
        wanted.bundle, Interface(name=wanted.bundle, switchport=deepcopy(editor.interface.switchport))
    )
    editor.interface.channel = wanted


def _leave(editor: Editor, *_: str) -> None:
    editor.interface.channel = None


def _speed(editor: Editor, value: str = "auto") -> None:
    if value not in {"auto", "10", "100", "1000"}:
        raise Mismatch("unknown", len("speed "))
    editor.interface.speed = value
    if value in {"auto", "1000"} and editor.interface.duplex == "half":
        editor.interface.duplex = "auto"


def _duplex(editor: Editor, value: str = "auto") -> None:
    if value not in {"auto", "full", "half"}:
        raise Mismatch("unknown", len("duplex "))
    if value == "half" and editor.interface.speed in {"auto", "1000"}:
        raise Refused("Duplex cannot be set to half when speed autonegotiation subset contains 1Gbps")
    editor.interface.duplex = value


def _service(editor: Editor, text: str) -> None:
    editor.configuration.services = sorted({*editor.configuration.services, text})


def _no_service(editor: Editor, text: str) -> None:
    if text not in editor.configuration.services:
        raise Refused(f"% {text.split()[0]}: no such line")
    editor.configuration.services.remove(text)


SERVICES = ("ntp server {rest}", "snmp-server {rest}", "logging host {rest}", "ip domain name {rest}", "lldp run")
"""Lines that are kept as they are typed."""


def _kept(pattern: str) -> Iterator[Rule[Act]]:
    words = pattern.removesuffix(" {rest}")
    yield Rule(pattern, lambda editor, rest="": _service(editor, f"{words} {rest}".strip()))
    yield Rule(f"no {pattern}", lambda editor, rest="": _no_service(editor, f"{words} {rest}".strip()))


TOP: tuple[Rule[Act], ...] = (
    *(rule for pattern in SERVICES for rule in _kept(pattern)),
    Rule("vlan {vlans}", _enter_vlan),
    Rule("no vlan {vlans}", _no_vlan),
    Rule("spanning-tree mode rapid-pvst", editing.ignored),
    Rule("spanning-tree extend system-id", editing.ignored),
    Rule("spanning-tree vlan {vlans}", _enable_tree),
    Rule("no spanning-tree vlan {vlans}", _disable_tree),
    Rule("spanning-tree vlan {vlans} priority {int}", _set_priority),
    Rule("no spanning-tree vlan {vlans} priority [rest]", _no_priority),
)
VLAN: tuple[Rule[Act], ...] = (
    Rule("exit", editing.leave),
    Rule("name {word}", _name_vlan),
    Rule("no name [rest]", lambda editor, *_: _name_vlan(editor)),
)
PHYSICAL: tuple[Rule[Act], ...] = (
    Rule("speed {word}", _speed),
    Rule("no speed [rest]", lambda editor, *_: _speed(editor)),
    Rule("duplex {word}", _duplex),
    Rule("no duplex [rest]", lambda editor, *_: _duplex(editor)),
    Rule("no negotiation auto", editing.ignored),
)
INTERFACE: tuple[Rule[Act], ...] = (
    *PHYSICAL,
    Rule("switchport", _bridge),
    Rule("no switchport", _route),
    Rule("switchport mode {rest}", _put("mode", _mode)),
    Rule("no switchport mode [rest]", _reset("mode", "dynamic auto")),
    Rule("switchport access vlan {vlans}", _access),
    Rule("no switchport access vlan [rest]", _reset("access_vlan", 1)),
    Rule("switchport trunk native vlan {vlans}", _put("native_vlan", _one_vlan)),
    Rule("no switchport trunk native vlan [rest]", _reset("native_vlan", 1)),
    Rule("switchport trunk allowed vlan {vlans}", _allow("set")),
    Rule("switchport trunk allowed vlan all", lambda editor: _allow("set")(editor, "all")),
    Rule("switchport trunk allowed vlan none", lambda editor: _allow("set")(editor, "none")),
    Rule("switchport trunk allowed vlan add {vlans}", _allow("add")),
    Rule("switchport trunk allowed vlan remove {vlans}", _allow("remove")),
    Rule("no switchport trunk allowed vlan [rest]", _reset("allowed", None)),
    Rule("channel-group {group} mode {word}", _join),
    Rule("no channel-group [rest]", _leave),
    Rule("spanning-tree portfast", _reset("portfast", True)),
    Rule("no spanning-tree portfast", _reset("portfast", False)),
    Rule("spanning-tree bpdufilter enable", _reset("bpdufilter", True)),
    Rule("spanning-tree bpdufilter disable", _reset("bpdufilter", False)),
    Rule("no spanning-tree bpdufilter [rest]", _reset("bpdufilter", False)),
    Rule("spanning-tree guard root", _reset("guard_root", True)),
    Rule("spanning-tree guard none", _reset("guard_root", False)),
    Rule("no spanning-tree guard [rest]", _reset("guard_root", False)),
    Rule("spanning-tree cost {int}", _by_vlan("costs")),
    Rule("spanning-tree vlan {vlans} cost {int}", _by_vlan("costs")),
    Rule("no spanning-tree cost [rest]", lambda editor, *_: _drop("costs")(editor)),
    Rule("no spanning-tree vlan {vlans} cost [rest]", lambda editor, vlans, *_: _drop("costs")(editor, vlans)),
    Rule("spanning-tree port-priority {int}", _by_vlan("priorities")),
    Rule("spanning-tree vlan {vlans} port-priority {int}", _by_vlan("priorities")),
    Rule("no spanning-tree port-priority [rest]", lambda editor, *_: _drop("priorities")(editor)),
    Rule(
        "no spanning-tree vlan {vlans} port-priority [rest]",
        lambda editor, vlans, *_: _drop("priorities")(editor, vlans),
    ),
)
