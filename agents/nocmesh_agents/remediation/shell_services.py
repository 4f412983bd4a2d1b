"""Fixes of what runs in a Linux system: daemons started again as they ran when all was well, forwarding turned on."""

import re
from collections.abc import Sequence

from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.change import Check
from nocmesh.messages.report import RootCause
from nocmesh.messages.state import Process
from nocmesh_agents.judgement.devices import ROUTING
from nocmesh_agents.remediation import checks
from nocmesh_agents.remediation.edits import Edit
from nocmesh_agents.remediation.shell import Answer, fix, no_shell, refused, section_of

_SPACE = re.compile(r" -N (?P<space>\S+)")
_PID_FILES = {
    "snmpd": ("-p", ""),
    "lldpd": ("-u", "/run/lldpd.pid"),
    "keepalived": ("-p", "/run/keepalived.pid"),
    "nginx": ("", "/run/nginx.pid"),
    "dnsmasq": ("-x", "/run/dnsmasq/dnsmasq.pid"),
    "chronyd": ("", "/run/chrony/chronyd.pid"),
    "rsyslogd": ("-i", "/run/rsyslogd.pid"),
    "ntpd": ("-p", "/run/ntpd.pid"),
}
"""Where a service writes its process id: the option that says so, and the place without it (as in Debian 12)."""
_STATE = "/var/run/frr"
"""Where FRR's daemons write theirs, below it the path space (lib/libfrr.c)."""


def forwarding(scene: Scene, cause: RootCause) -> list[Answer]:
    """The router forwards again."""
    sight = scene.facts.sights[cause.resource.split("/")[1]]
    why = no_shell(sight)
    if why or "net.ipv4.ip_forward 0" not in section_of(sight.shell_config, "system"):
        return refused(cause, why) if why else []
    edit = Edit("system", ("sysctl -w net.ipv4.ip_forward=1",), ("sysctl -w net.ipv4.ip_forward=0",))
    return [fix(sight, [edit], f"{sight.name} forwards packets again.", [checks.forwards()])]


def daemons(scene: Scene, cause: RootCause) -> list[Answer]:
    """The routing daemons that do not run are started, and given their part of the saved configuration."""
    return _started(scene, cause, [name for name in ROUTING if name in cause.summary])


def services(scene: Scene, cause: RootCause) -> list[Answer]:
    """The services that do not run are started."""
    sight = scene.facts.sights[cause.resource.split("/")[1]]
    known = sight.system.services if sight.system else {}
    return _started(scene, cause, [name for name in known if f" {name} " in cause.summary])


def _started(scene: Scene, cause: RootCause, names: Sequence[str]) -> list[Answer]:
    sight = scene.facts.sights[cause.resource.split("/")[1]]
    dead = [name for name in names if sight.system and sight.system.services.get(name) is False]
    why = no_shell(sight)
    if why or not dead:
        return refused(cause, why) if why else []
    found: list[Answer] = []
    for name in dead:
        args, obstacle = _command_line(sight, name)
        end = _pid_file(name, args)
        if obstacle or not end:
            found += refused(
                cause, obstacle or f"nothing says where {name} writes its process id, so it could not be ended"
            )
            continue
        do = (args, f"vtysh{_space(args)} -b -d {name}") if name in ROUTING and " -f " not in args else (args,)
        edit = Edit("daemons", do, (f"pkill -x -F {end} {name}",))
        summary = f"{sight.name} runs {name} again, as it did; its log says why it ended."
        found.append(fix(sight, [edit], summary, _proof(sight, name)))
    return found


def _command_line(sight: Sight, name: str) -> tuple[str, str]:
    """How the daemon ran when all was well, and why that is no way to start it (empty: it is)."""
    past = (sight.before.processes if sight.before else None) or []
    if any(process.pid == 1 and process.name == "systemd" for process in past):
        return "", f"systemd keeps its services: let a person run `systemctl restart {_unit(name)}` there"
    lines = {process.args for process in past if _is_daemon(process, name)}
    if len(lines) != 1:
        return "", f"nobody knows by which command line {name} ran on {sight.name} when all was well"
    return lines.pop(), ""


def _unit(name: str) -> str:
    return "frr" if name in ROUTING else name


def _is_daemon(process: Process, name: str) -> bool:
    """It went into the background by itself, and still says how it was called."""
    program = process.args.split(" ", 1)[0]
    return process.name == name and process.parent == 1 and program.startswith("/") and program.endswith(f"/{name}")


def _space(args: str) -> str:
    found = _SPACE.search(args)
    return f" -N {found['space']}" if found else ""


def _pid_file(name: str, args: str) -> str:
    space = _SPACE.search(args)
    state = "/".join([_STATE, *([space["space"]] if space else []), f"{name}.pid"])
    option, usual = ("-i", state) if name in ROUTING else _PID_FILES.get(name, ("", ""))
    named = re.search(rf" {option} (?P<file>/\S+)", args) if option else None
    return named["file"] if named else usual


def _proof(sight: Sight, name: str) -> list[Check]:
    """It runs, it has its configuration, and those that spoke to it do so again."""
    was, now = [line for line in sight.config_before if not line.section], sight.config or []
    lost = [line.text for line in was if line.text.startswith("router ") and line not in now]
    proof = [checks.running(name), *(checks.line("", text) for text in lost if name in ROUTING)]
    past = sight.before
    if past and past.bgp and name == "bgpd":
        proof += [checks.established(n.address) for n in past.bgp.neighbors if n.session_state == "established"]
    if past and past.ospf and name == "ospfd":
        full = [n.interface for n in past.ospf.neighbors if n.state == "full" and n.interface]
        proof += [checks.adjacent("ospf", interface) for interface in dict.fromkeys(full)]
    if past and past.isis and name == "isisd":
        up = [a.interface for a in past.isis.adjacencies if a.state == "up" and a.interface]
        proof += [checks.adjacent("isis", interface) for interface in dict.fromkeys(up)]
    return proof
