"""What fixes at a Linux shell are made of: settings put back to what they were, the way in, the order of two doors."""

from collections.abc import Iterable, Mapping, Sequence

from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.shellmerge import Rules
from nocmesh.messages.change import Check
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import ConfigLine, Door, View
from nocmesh.network import Device
from nocmesh_agents.remediation.edits import Edit, Fix, Refusal

Answer = Fix | Refusal
BRIDGING = "bridging"
"""What an edit of a bridge or of its ports is about."""
_COMMANDS = (
    ("mtu ", "ip link set dev {name} mtu {value}"),
    ("mac ", "ip link set dev {name} address {value}"),
    ("master ", "ip link set dev {name} master {value}"),
    ("bridge ", "ip link set dev {name} type bridge {value}"),
    ("bridge-port ", "bridge link set dev {name} {value}"),
    ("up", "ip link set dev {name} up"),
    ("down", "ip link set dev {name} down"),
)
"""What brings a line of an interface's section about."""
_OF_TWO = ("bgp_session", "ospf_adjacency", "isis_adjacency")
_SWITCHES = ("guard", "root_block")


def more_views(device: Device) -> list[View]:
    """What must be seen of a device besides, before its Linux system is changed."""
    if device.platform == "linux":
        return ["config", "system"]
    return ["shell_config", "system"] if device.platform == "frr" else []


def door_of(sight: Sight) -> Door:
    """The door behind which the device's Linux system is."""
    return "cli" if sight.device.platform == "linux" else "shell"


def no_shell(sight: Sight) -> str:
    """Why nothing can be done at a shell of the device; empty: it can."""
    if sight.shell_config and sight.shell_sha256:
        return ""
    if sight.device.platform not in ("linux", "frr"):
        return f"there is no template for the system of {sight.device.platform}"
    return (
        f"the Linux system of {sight.name} could not be read: the inventory must name a shell that can be signed in to"
    )


def refused(cause: RootCause, why: str) -> list[Answer]:
    """Words for a person."""
    return [Refusal(f"{cause.resource}: no change was made for {cause.fault_type}, for {why}.")]


def section_of(config: Sequence[ConfigLine] | None, header: str) -> list[str]:
    """The lines of a section."""
    return [line.text for line in config or [] if line.section == header]


def interface_lines(sight: Sight, name: str) -> tuple[list[str], list[str]]:
    """What the interface is set to, and what it was set to when all was well (empty: nobody knows)."""
    header = f"interface {name}"
    return section_of(sight.shell_config, header), section_of(sight.shell_config_before, header)


def command_for(name: str, line: str) -> str:
    """The command that brings ``line`` about on interface ``name``; empty: there is none."""
    for beginning, command in _COMMANDS:
        if line == beginning or (beginning.endswith(" ") and line.startswith(beginning)):
            return command.format(name=name, value=_spelled(line.removeprefix(beginning)))
    return ""


def _spelled(value: str) -> str:
    key, _, state = value.partition(" ")
    return f"{key} {'on' if state == '1' else 'off'}" if key in _SWITCHES else value


def put_back(name: str, now: Sequence[str], then: Sequence[str], keys: Sequence[str], about: str = "") -> list[Edit]:
    """An edit for each of ``keys`` that both sides have, and differently."""
    found = []
    for key in keys:
        old, new = _line(then, key), _line(now, key)
        if old and new and old != new:
            found.append(Edit(about or f"interface {name}", (command_for(name, old),), (command_for(name, new),)))
    return found


def _line(lines: Sequence[str], key: str) -> str:
    return next((line for line in lines if line.startswith(f"{key} ")), "")


def routes_through(lines: Iterable[str], name: str) -> list[str]:
    """The typed routes that lead out of an interface."""
    return [line for line in lines if f" dev {name} " in f"{line} "]


def fix(
    sight: Sight, edits: Sequence[Edit], summary: str, checks: Sequence[Check], *, routing: bool = True, far: str = ""
) -> Fix:
    """A fix at the shell. What takes two (a session, an adjacency) proves it only where nothing else is in the way."""
    return Fix(
        device=sight.name,
        edits=tuple(edits),
        summary=summary,
        routing=routing,
        checks=tuple(checks),
        configured=tuple(check for check in checks if check.kind not in _OF_TWO),
        far=far,
        door=door_of(sight),
    )


def rules_of(sight: Sight) -> Rules:
    """Which filter rule has which handle."""
    return {(rule.name, str(rule.handle)): rule.text for rule in sight.filters or [] if rule.handle is not None}


def in_turn(
    fixes: Mapping[tuple[str, Door], Sequence[tuple[RootCause, Fix]]],
) -> tuple[list[tuple[str, Door]], list[Refusal]]:
    """The changes in the order in which they go, and those that must wait for another round.

    Each door of a device has a state of its own that its approval is bound to, and the first change may move the
    other's: forwarding and daemons show in the router's configuration, its addresses and shutdowns in the kernel's.
    While a daemon does not run nothing may be saved: its part would be lost.
    """
    ready: list[tuple[str, Door]] = []
    waiting: list[Refusal] = []
    for device in dict.fromkeys(device for device, _ in fixes):
        both: tuple[Door, ...] = ("shell", "cli")
        doors = {door: _lines(fixes[device, door]) for door in both if (device, door) in fixes}
        order = _order(doors)
        ready += [(device, door) for door in order]
        if len(order) < len(doors):
            words = "what is wrong in its own configuration waits until its Linux system is mended; then look again."
            waiting.append(Refusal(f"{device}: {words}"))
    return ready, waiting


def _order(doors: Mapping[Door, Sequence[str]]) -> list[Door]:
    if "shell" not in doors or "cli" not in doors:
        return list(doors)
    shell, cli = doors["shell"], doors["cli"]
    if not any(line.startswith(("/", "sysctl ")) for line in shell):
        return ["shell", "cli"]
    if any(line.startswith("/") for line in shell) or _moves_kernel(cli):
        return ["shell"]
    return ["cli", "shell"]


def _lines(found: Sequence[tuple[RootCause, Fix]]) -> list[str]:
    return [line for _, fix in found for edit in fix.edits for line in edit.do]


def _moves_kernel(lines: Sequence[str]) -> bool:
    words = ("shutdown", "no shutdown", "ip address ", "no ip address ", "ip route ", "no ip route ")
    return any(line.startswith(words) for line in lines)
