"""Fixes of interfaces and bridges at a shell: brought up, set as they were, put back into their bridge."""

from collections.abc import Callable

from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.change import Check
from nocmesh.messages.report import RootCause
from nocmesh.network import End
from nocmesh_agents.remediation import checks, interfaces
from nocmesh_agents.remediation.edits import Edit
from nocmesh_agents.remediation.shell import (
    BRIDGING,
    Answer,
    command_for,
    fix,
    interface_lines,
    no_shell,
    put_back,
    refused,
    routes_through,
    section_of,
)

Remedy = Callable[[Scene, RootCause], list[Answer]]
_OWN_COSTS = ("2", "4", "19", "100")
"""What the kernel gives a port by its speed (net/bridge/br_if.c, port_cost)."""
_FRESH = ("priority 32", "guard 0", "root_block 0")
"""What a port has when it comes into a bridge."""


def up(scene: Scene, cause: RootCause) -> list[Answer]:
    """The interface is brought up where it was shut down: in the router's configuration, else in the kernel."""
    sight, end = _place(scene, cause)
    if sight.device.platform != "linux" and _shut_by_router(sight, end.interface):
        return interfaces.up(scene, cause)
    why = no_shell(sight)
    now, then = interface_lines(sight, end.interface)
    if why or "down" not in now:
        return refused(cause, why) if why else []
    lost = [line for line in then if line.startswith("address ") and ":" in line and line not in now]
    had = routes_through(section_of(sight.shell_config_before, "routes"), end.interface)
    routes = [line for line in had if line not in section_of(sight.shell_config, "routes")]
    do = [f"ip link set dev {end.interface} up"]
    do += [f"ip addr replace {line.removeprefix('address ')} dev {end.interface}" for line in lost]
    do += [f"ip route replace {line}" for line in routes]
    edit = Edit(f"interface {end.interface}", tuple(do), (f"ip link set dev {end.interface} down",))
    proof = [*checks.interface_up(end.interface), *checks.routed(routes)]
    summary = f"{end.device}: {end.interface} is no longer shut down."
    return [fix(sight, [edit], summary, proof, routing=bool(lost or routes))]


def _shut_by_router(sight: Sight, name: str) -> bool:
    return "shutdown" in section_of(sight.config, f"interface {name}") or sight.device.platform != "frr"


def mtu(scene: Scene, cause: RootCause) -> list[Answer]:
    """The MTU that the interface had, else the one that the inventory gives it."""
    sight, end = _place(scene, cause)
    now, then = interface_lines(sight, end.interface)
    meant = next((i.mtu for i in sight.device.interfaces if i.name == end.interface and i.mtu), None)
    wanted = [line for line in then if line.startswith("mtu ")] or ([f"mtu {meant}"] if meant else [])
    edits = put_back(end.interface, now, wanted, ("mtu",))
    proof = [checks.mtu(end.interface, int(line.removeprefix("mtu "))) for line in wanted]
    return _fixed(scene, cause, edits, f"{end} has {', '.join(wanted)} again.", proof)


def mac(scene: Scene, cause: RootCause) -> list[Answer]:
    """The MAC address that the interface had."""
    sight, end = _place(scene, cause)
    now, then = interface_lines(sight, end.interface)
    told = _announced(sight, end.interface)
    edits = [Edit(e.section, (*e.do, *told), (*e.undo, *told)) for e in put_back(end.interface, now, then, ("mac",))]
    own = next((line.removeprefix("mac ") for line in then if line.startswith("mac ")), "")
    return _fixed(scene, cause, edits, f"{end} has its MAC address {own} again.", [checks.mac(end.interface, own)])


def _announced(sight: Sight, name: str) -> tuple[str, ...]:
    """What makes the neighbours learn the new address: the next thing that is said to one asks all of them for it.

    Whoever hears the question puts the asker's address into its table (RFC 826, "Packet Reception").
    """
    routes = routes_through(section_of(sight.shell_config, "routes"), name)
    gateways = [line.split(" via ")[1].split()[0] for line in routes if " via " in line]
    known = [entry.address for entry in (sight.neighbors.entries if sight.neighbors else []) if entry.interface == name]
    far = next(iter([*gateways, *known]), "")
    return (f"ip neigh flush dev {name}", *([f"ping -c 1 -W 1 {far}"] if far else []))


def member(scene: Scene, cause: RootCause) -> list[Answer]:
    """The port is in its bridge again, with the settings that it had there."""
    sight, end = _place(scene, cause)
    now, then = interface_lines(sight, end.interface)
    master = next((line for line in then if line.startswith("master ")), "")
    if not master or any(line.startswith("master ") for line in now):
        return _fixed(scene, cause, [], "", [])
    settings = [line.removeprefix("bridge-port ") for line in then if line.startswith("bridge-port ")]
    own = [s for s in settings if s not in _FRESH and s.split()[0] != "isolated" and s.split()[-1] not in _own(s)]
    do = [command_for(end.interface, line) for line in (master, *(f"bridge-port {setting}" for setting in own))]
    edit = Edit(BRIDGING, tuple(do), (f"ip link set dev {end.interface} nomaster",))
    bridge = master.removeprefix("master ")
    return _fixed(
        scene, cause, [edit], f"{end} is a port of {bridge} again.", [checks.in_bridge(end.interface, bridge)]
    )


def _own(setting: str) -> tuple[str, ...]:
    return _OWN_COSTS if setting.startswith("cost ") else ()


def tree(setting: str) -> Remedy:
    """The remedy that gives the device's bridges their ``setting`` of before."""

    def remedy(scene: Scene, cause: RootCause) -> list[Answer]:
        device = cause.resource.split("/")[1]
        sight = scene.facts.sights[device]
        found: list[tuple[str, list[Edit], str]] = []
        for name in [line.text for line in sight.shell_config or [] if not line.section]:
            now, then = interface_lines(sight, name.removeprefix("interface "))
            edits = put_back(name.removeprefix("interface "), now, then, (f"bridge {setting}",), BRIDGING)
            was = next((line for line in then if line.startswith(f"bridge {setting} ")), "")
            found += [(name.removeprefix("interface "), edits, was)] if edits else []
        edits = [edit for _, several, _ in found for edit in several]
        proof = [checks.bridge_set(name, setting, int(was.split()[-1])) for name, _, was in found]
        words = "; ".join(f"{name} has {was.removeprefix('bridge ')}" for name, _, was in found)
        return _fixed(scene, cause, edits, f"{device}: {words} again.", proof)

    return remedy


def retuned(*settings: str) -> Remedy:
    """The remedy that gives a port its ``settings`` of before."""

    def remedy(scene: Scene, cause: RootCause) -> list[Answer]:
        sight, end = _place(scene, cause)
        now, then = interface_lines(sight, end.interface)
        edits = put_back(end.interface, now, then, [f"bridge-port {setting}" for setting in settings], BRIDGING)
        was = [line for line in then if line not in now and line.startswith("bridge-port ")]
        header = f"interface {end.interface}"
        proof = [_settled(sight, header, line) for line in was if line.split()[1] in settings]
        words = ", ".join(line.removeprefix("bridge-port ") for line in was)
        return _fixed(scene, cause, edits, f"{end} has {words} again.", proof)

    return remedy


def _settled(sight: Sight, header: str, line: str) -> Check:
    return checks.line(header, line) if sight.device.platform == "linux" else checks.shell_line(header, line)


def loop(scene: Scene, cause: RootCause) -> list[Answer]:
    """The end that spanning tree blocked is shut down: frames go round no more, and no way is lost."""
    ends = [End(device=d, interface=i) for d, i in (e.split(":", 1) for e in cause.resource[5:].split("--"))]
    found: list[Answer] = []
    for end in ends:
        sight = scene.facts.sight(end.device)
        past = sight.before.stp.ports if sight and sight.before and sight.before.stp else []
        blocked = any(port.name == end.interface and port.state == "blocking" for port in past)
        if sight is None or not blocked or found or no_shell(sight):
            continue
        down = f"ip link set dev {end.interface} down"
        edit = Edit(BRIDGING, (down,), (f"ip link set dev {end.interface} up",))
        summary = (
            f"{end} is shut down, which spanning tree blocked when all was well: that ends the loop and costs no way. "
            "Something in the link keeps spanning tree's messages back: find it, then bring the interface up again."
        )
        found.append(fix(sight, [edit], summary, [checks.enabled(end.interface, enabled=False)], routing=False))
    return found or refused(cause, "neither end blocked when all was well: a person must choose which one is shut down")


def _place(scene: Scene, cause: RootCause) -> tuple[Sight, End]:
    _, device, name = cause.resource.split("/", 2)
    return scene.facts.sights[device], End(device=device, interface=name)


def _fixed(scene: Scene, cause: RootCause, edits: list[Edit], summary: str, proof: list[Check]) -> list[Answer]:
    """The fix; where nothing moved, or nothing is known, what a person should look at."""
    device = cause.resource.split("/")[1]
    sight = scene.facts.sights[device]
    why = no_shell(sight) or ("" if edits else _unmoved(sight))
    if why:
        return refused(cause, why)
    return [fix(sight, edits, summary, proof, routing=False, far=_far(scene, cause))]


def _unmoved(sight: Sight) -> str:
    if sight.shell_config_before is None:
        return f"nobody knows what {sight.name} was set to when all was well"
    return f"none of the settings of {sight.name} has moved; something else brings it about"


def _far(scene: Scene, cause: RootCause) -> str:
    parts = cause.resource.split("/", 2)
    own = End(device=parts[1], interface=parts[2]) if len(parts) == 3 else None
    ends = scene.facts.network.neighbours(parts[1]) if own else []
    return next((far.device for _, near, far in ends if near == own), "")
