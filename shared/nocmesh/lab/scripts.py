"""What is run and written to make a lab: shell scripts, lines for `ip -batch`, sshd's and snmpd's files. Pure."""

import shlex
import sys
from pathlib import Path

from nocmesh.lab.names import Names
from nocmesh.lab.patch import PATCH, joining, wiring
from nocmesh.lab.plan import LabPlan, Node, Port
from nocmesh.lab.render import daemons

FRR_BIN = "/usr/lib/frr"
MANAGEMENT = "eth0"
CLI_PORT, SHELL_PORT = 22, 2222
COMMUNITY = "public"
KEY_FILE = "id_ed25519"
SNMP_FOLDER = "snmp"
"""Beside a router's configuration: net-snmp's file for the routing daemons, which run as the user frr."""
_WITH_SNMP = ("zebra", "bgpd", "ospfd", "isisd")


def namespaces(plan: LabPlan, names: Names) -> dict[str, str]:
    """The namespace of every node, and of the patch room."""
    return {name: names.namespace(name) for name in [PATCH, *(node.name for node in plan.nodes)]}


def making(plan: LabPlan, names: Names) -> list[str]:
    """Lines for `ip -batch` in the root namespace: namespaces, the management network, all cables."""
    spaces = namespaces(plan, names)
    lines = [f"netns add {space}" for space in spaces.values()]
    lines += [f"link add {names.bridge} type bridge", f"link set {names.bridge} up"]
    lines.append(f"addr add {gateway(plan)}/24 dev {names.bridge}")
    for index, node in enumerate(plan.nodes):
        up = names.uplink(index)
        lines.append(f"link add {up} type veth peer name {MANAGEMENT} netns {spaces[node.name]}")
        lines.append(f"link set {up} master {names.bridge} up")
    return lines + wiring(plan, spaces)


def gateway(plan: LabPlan) -> str:
    """The machine's own address on the management network."""
    return plan.nodes[0].management.rpartition(".")[0] + ".1"


def patching(plan: LabPlan) -> list[str]:
    """Lines for `ip -batch` in the patch room."""
    return ["link set lo up", *joining(plan)]


INIT = """#!/bin/sh
# The first process of a node: gives it its name, adopts its orphans, ends when it is killed.
# FRRouting keeps crash logs by process id, and every node has its own process ids: so its own folder for them too.
hostname "$1"
mkdir -p /var/tmp/frr
mount -t tmpfs -o mode=1777 tmpfs /var/tmp/frr
: > "$2"
while :; do sleep 86400 & wait; done
"""


def birth(names: Names, node: Node, init: Path, ready: Path) -> list[str]:
    """The command that starts a node: a machine of its own by network, name, processes and mounts."""
    quiet = ["sh", "-c", 'exec "$@" < /dev/null > /dev/null 2>&1', "quiet"]
    space = ["setsid", "--fork", "ip", "netns", "exec", names.namespace(node.name)]
    alone = ["unshare", "--uts", "--pid", "--mount", "--fork", "--kill-child", "--mount-proc"]
    return [*quiet, *space, *alone, "sh", str(init), node.name, str(ready)]


def start(plan: LabPlan, node: Node, names: Names, folder: Path) -> str:
    """The script that brings a node up, run inside it."""
    lines = ["#!/bin/sh", "set -e", *_settings(node), "ip -batch - <<'END'", *_links(node), "END"]
    if node.kind == "router":
        lines += [daemon(names, node, name) for name in daemons(plan, node)]
        lines.append(f"vtysh -N {names.namespace(node.name)} -b")
    lines += [*services(node, folder).values(), ""]
    return "\n".join(lines)


def _settings(node: Node) -> list[str]:
    forward = 1 if node.kind == "router" else 0
    return [
        "for all in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $all; done",
        "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6",
        "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6",
        f"echo {forward} > /proc/sys/net/ipv4/ip_forward",
    ]


def _links(node: Node) -> list[str]:
    lines = ["link set lo up", f"addr add {node.management}/24 dev {MANAGEMENT}", f"link set {MANAGEMENT} up"]
    for port in sorted(node.ports, key=lambda port: port.kind != "bridge"):
        lines += _link(node, port)
    if node.gateway:
        lines.append(f"route add default via {node.gateway}")
    return lines


def _link(node: Node, port: Port) -> list[str]:
    if port.kind == "loopback":
        return []
    if port.kind == "bridge":
        return [f"link add {port.name} type bridge {bridging(node)}", f"link set {port.name} up"]
    mac = f" address {port.mac}" if port.mac else ""
    master = f" master {port.bridge}" if port.bridge else ""
    lines = [f"link set {port.name} mtu {port.mtu}{mac}{master}"]
    if node.kind != "router":  # a router's own daemon sets its addresses
        lines += [f"addr add {address} dev {port.name}" for address in port.addresses]
    return [*lines, f"link set {port.name} up"]


def bridging(node: Node) -> str:
    """The options of a switch's bridge: spanning tree as fast as the kernel allows (centiseconds).

    A learned address is forgotten soon: after a change of the tree it may point the wrong way until then.
    """
    times = "forward_delay 400 hello_time 100 max_age 600 ageing_time 1500"
    return f"stp_state 1 {times} priority {node.stp_priority}"


def daemon(names: Names, node: Node, name: str) -> str:
    """The command that starts one of FRRouting's daemons inside the node."""
    module = " -M snmp" if name in _WITH_SNMP else ""
    paths = f"SNMPCONFPATH={names.config(node.name)}/{SNMP_FOLDER} MIBS="
    return f"{paths} {FRR_BIN}/{name} -d -N {names.namespace(node.name)} -A 127.0.0.1{module}"


def services(node: Node, folder: Path) -> dict[str, str]:
    """The commands that start a node's services inside it, by their processes' names; its files lie in `folder`."""
    where = shlex.quote(str(folder))
    found = {
        "sshd": f"/usr/sbin/sshd -f {where}/sshd_config -E {where}/sshd.log",
        "snmpd": f"MIBS= SNMP_PERSISTENT_DIR={where} /usr/sbin/snmpd -C -c {where}/snmpd.conf -p {where}/snmpd.pid"
        f" -Lf {where}/snmpd.log",
    }
    if "http" in node.services:
        serve = f"exec setsid {shlex.quote(sys.executable)} -I -S -c {shlex.quote(_WEB)}"
        page = f"mkdir -p {where}/www && cd {where}/www && echo {node.name} > index.html"
        found["httpd"] = f"({page} && {serve}) < /dev/null > {where}/httpd.log 2>&1 &"
    return found


_WEB = """
import http.server, socketserver
open("/proc/self/comm", "w").write("httpd")
socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer.daemon_threads = True
socketserver.ThreadingTCPServer(("", 80), http.server.SimpleHTTPRequestHandler).serve_forever()
"""
"""A page on port 80; the process calls itself httpd, and asks no name server who it is."""


def sshd_config(node: Node, folder: Path, authorized: Path) -> str:
    """Root by key only; port 22 is the router's own CLI, port 2222 a shell. On other nodes both are the shell.

    SHLVL: bash would read root's startup files for every login, which costs more than all that it is asked.
    """
    cli = folder / ("cli.sh" if node.kind == "router" else "shell.sh")
    return f"""ListenAddress {node.management}:{CLI_PORT}
ListenAddress {node.management}:{SHELL_PORT}
HostKey {folder}/host_key
PidFile {folder}/sshd.pid
AuthorizedKeysFile {authorized}
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
AllowUsers root
UseDNS no
PrintMotd no
PrintLastLog no
X11Forwarding no
AllowTcpForwarding no
MaxStartups 200
MaxSessions 200
LoginGraceTime 30
LogLevel ERROR
SetEnv SHLVL=2
Match LocalPort {CLI_PORT}
    ForceCommand {cli}
Match LocalPort {SHELL_PORT}
    ForceCommand {folder}/shell.sh
"""


def cli_script(names: Names, node: Node) -> str:
    """What port 22 of a router runs: the CLI, or one command of it."""
    cli = f"vtysh -N {names.namespace(node.name)} -H /dev/null"
    return f"""#!/bin/sh
if [ -n "$SSH_ORIGINAL_COMMAND" ]; then exec {cli} -c "$SSH_ORIGINAL_COMMAND"; fi
exec {cli}
"""


def shell_script() -> str:
    """What the shell port runs: a plain shell whose prompt is the node's name, or one command of it."""
    return """#!/bin/sh
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PS1='\\h:\\w\\$ ' HISTFILE=
cd /
if [ -n "$SSH_ORIGINAL_COMMAND" ]; then exec bash --norc --noprofile -c "$SSH_ORIGINAL_COMMAND"; fi
exec bash --norc --noprofile -i
"""


def snmpd_conf(names: Names, node: Node) -> str:
    """The agent of a node; a router's daemons join it."""
    joined = ["master agentx", f"agentXSocket {agentx(names, node)}", "agentXPerms 0777 0777"]
    return "\n".join(
        [
            f"agentAddress udp:{node.management}:161,udp:127.0.0.1:161",
            f"rocommunity {COMMUNITY}",
            f"sysName {node.name}",
            f"sysLocation {node.site or 'lab'}",
            *(joined if node.kind == "router" else []),
            "",
        ]
    )


def agentx(names: Names, node: Node) -> str:
    """The socket where snmpd and the routing daemons meet."""
    return f"unix:{names.state(node.name)}/agentx"
