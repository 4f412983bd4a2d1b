"""Fixes of addresses and ways out at a shell.

With the last address of an interface the kernel drops what leads out of it, so that is put back too.
"""

from collections.abc import Sequence
from ipaddress import ip_interface

from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import RootCause
from nocmesh.network import End
from nocmesh_agents.remediation import checks, interfaces
from nocmesh_agents.remediation.edits import Edit
from nocmesh_agents.remediation.shell import Answer, fix, interface_lines, no_shell, refused, routes_through, section_of

_DISCARDS = ("blackhole ", "unreachable ", "prohibit ")


def readdressed(scene: Scene, cause: RootCause) -> list[Answer]:
    """The interface gets its IPv4 addresses of the inventory, where they were lost: in the router or in the kernel."""
    _, device, name = cause.resource.split("/", 2)
    sight, end = scene.facts.sights[device], End(device=device, interface=name)
    wanted = _meant(sight, name)
    if sight.device.platform != "linux" and not _kept_by_router(sight, name, wanted):
        return interfaces.readdressed(scene, cause)
    why = no_shell(sight)
    held = [x.removeprefix("address ") for x in interface_lines(sight, name)[0] if x.startswith("address ")]
    held = [address for address in held if ":" not in address]
    gone, new = [a for a in held if a not in wanted], [a for a in wanted if a not in held]
    if why or not wanted or not (gone or new):
        return refused(cause, why or "the inventory gives it no other address")
    edit = _edit(sight, name, gone, new)
    routes = [line.removeprefix("ip route replace ") for line in edit.do if line.startswith("ip route ")]
    proof = [*(checks.addressed(name, address) for address in new), *checks.routed(routes)]
    proof += [checks.addressed(name, address, present=False) for address in gone]
    return [fix(sight, [edit], f"{end} has {', '.join(wanted)} again.", proof)]


def _edit(sight: Sight, name: str, gone: Sequence[str], new: Sequence[str]) -> Edit:
    """Out with the old, in with the new, then what leads out of the interface; and all of it backwards."""
    now, then = (section_of(c, "routes") for c in (sight.shell_config, sight.shell_config_before))
    present = routes_through(now, name)
    routes = routes_through(then, name) if sight.shell_config_before is not None else present
    do = [*(f"ip addr del {a} dev {name}" for a in gone), *(f"ip addr add {a} dev {name}" for a in new)]
    undo = [f"ip route del {route}" for route in reversed(routes) if route not in present]
    undo += [*(f"ip addr del {a} dev {name}" for a in new), *(f"ip addr add {a} dev {name}" for a in gone)]
    do += [f"ip route replace {route}" for route in routes]
    undo += [f"ip route replace {route}" for route in present]
    return Edit(f"interface {name}", tuple(do), tuple(undo))


def _meant(sight: Sight, name: str) -> list[str]:
    listed = [i for i in sight.device.interfaces if i.name == name]
    return [str(ip_interface(address)) for i in listed for address in i.addresses if ":" not in address]


def _kept_by_router(sight: Sight, name: str, wanted: Sequence[str]) -> bool:
    """The router's own configuration has the right addresses, and no others: it was the kernel that was changed."""
    lines = section_of(sight.config, f"interface {name}")
    have = {line.removeprefix("ip address ") for line in lines if line.startswith("ip address ")}
    return sight.device.platform == "frr" and have == set(wanted)


def gateway(scene: Scene, cause: RootCause) -> list[Answer]:
    """The default route leads where it led."""
    sight = scene.facts.sights[cause.resource.split("/")[1]]
    now, then = (_defaults(section_of(c, "routes")) for c in (sight.shell_config, sight.shell_config_before))
    why = no_shell(sight) or ("" if then else f"nobody knows where the default route of {sight.name} should lead")
    gone, new = [r for r in now if r not in then], [r for r in then if r not in now]
    if why or not (gone or new):
        return refused(cause, why) if why else []
    if len(gone) == len(new) == 1:
        edit = Edit("routes", (f"ip route replace {new[0]}",), (f"ip route replace {gone[0]}",))
    else:
        do = [*(f"ip route del {r}" for r in gone), *(f"ip route add {r}" for r in new)]
        undo = [*(f"ip route del {r}" for r in reversed(new)), *(f"ip route add {r}" for r in gone)]
        edit = Edit("routes", tuple(do), tuple(undo))
    summary = f"{sight.name}: {', '.join(new) or 'no default route'} again."
    return [fix(sight, [edit], summary, checks.routed(new))]


def _defaults(routes: Sequence[str]) -> list[str]:
    return [line for line in routes if line.startswith("default ")]


def blackhole(scene: Scene, cause: RootCause) -> list[Answer]:
    """The route that drops is taken away, where it was put: in the router's configuration, or in the kernel."""
    sight = scene.facts.sights[cause.resource.split("/")[1]]
    was = section_of(sight.shell_config_before, "routes")
    found = [r for r in section_of(sight.shell_config, "routes") if r.startswith(_DISCARDS) and r not in was]
    if sight.shell_config_before is None:
        found = [route for route in found if route.split()[1] in cause.summary]
    why = no_shell(sight)
    if why or not found:
        return refused(cause, why or f"no route that somebody typed into the kernel of {sight.name} drops it")
    edits = [Edit("routes", (f"ip route del {route}",), (f"ip route add {route}",)) for route in found]
    proof = [checks.undropped(route.split()[1]) for route in found]
    return [fix(sight, edits, f"{sight.name} no longer has {', '.join(found)}.", proof)]
