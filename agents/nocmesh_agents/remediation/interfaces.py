"""Fixes of interfaces: brought up again, or given the address that the inventory lists."""

from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.network import End
from nocmesh_agents.remediation import checks
from nocmesh_agents.remediation.edits import Edit, Fix, Refusal
from nocmesh_agents.remediation.templates import address_line

Answer = Fix | Refusal


def up(scene: Scene, cause: RootCause) -> list[Answer]:
    """The interface is brought up again."""
    end = _end(cause)
    seen = scene.facts.interface(end)
    if seen is None or seen.enabled is not False:
        return []
    edit = Edit(f"interface {end.interface}", ("no shutdown",), ("shutdown",))
    return [
        Fix(
            device=end.device,
            edits=(edit,),
            summary=f"{end.device}: {end.interface} is no longer shut down.",
            routing=False,
            checks=tuple(checks.interface_up(end.interface)),
            configured=(checks.enabled(end.interface),),
            far=_far(scene, end),
        )
    ]


def readdressed(scene: Scene, cause: RootCause) -> list[Answer]:
    """The interface gets its IPv4 address of the inventory; what stands in its place goes first."""
    end = _end(cause)
    device, sight = scene.facts.network.device(end.device), scene.facts.sights[end.device]
    listed = [i for i in (device.interfaces if device else []) if i.name == end.interface]
    wanted = next((address for i in listed for address in i.addresses if ":" not in address), "")
    if not scene.facts.misaddressed(end) or not wanted:
        return []
    section = f"interface {end.interface}"
    held = [x.text for x in sight.config or [] if x.section == section and x.text.startswith("ip address ")]
    line = address_line(sight.device.platform, wanted)
    gone = [Edit(section, (f"no {old}",), (old,)) for old in held]
    return [
        Fix(
            device=end.device,
            edits=(*gone, Edit(section, (line,), (f"no {line}",))),
            summary=f"{end} has {wanted} again.",
            checks=(checks.addressed(end.interface, wanted),),
            configured=(checks.addressed(end.interface, wanted),),
            far=_far(scene, end),
        )
    ]


def _end(cause: RootCause) -> End:
    _, device, name = cause.resource.split("/", 2)
    return End(device=device, interface=name)


def _far(scene: Scene, end: End) -> str:
    ends = scene.facts.network.neighbours(end.device)
    return next((far.device for _, own, far in ends if own == end), "")
