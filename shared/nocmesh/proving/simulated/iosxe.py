"""The IOS-XE-like command line: its exec commands, and its answers to what it does not know."""

from nocmesh.proving.simulated import iosxe_bgp, iosxe_filters, iosxe_health, iosxe_layer2, iosxe_ports, iosxe_trees
from nocmesh.proving.simulated import iosxe_show as show
from nocmesh.proving.simulated.frr import clear, refresh, shows
from nocmesh.proving.simulated.grammar import Mismatch, Rule
from nocmesh.proving.simulated.iosxe_config import full_name
from nocmesh.proving.simulated.shell import Command, Dialect, Question, Shell

HEADS_CONFIG = "Enter configuration commands, one per line.  End with CNTL/Z.\n"


def _complaint(shell: Shell, line: str, mismatch: Mismatch) -> str:
    if mismatch.problem == "incomplete":
        return "% Incomplete command.\n\n"
    if mismatch.problem == "ambiguous":
        return f'% Ambiguous command:  "{line.strip()}"\n'
    indent = len(line) - len(line.lstrip())
    return f"{' ' * (len(shell.prompt) + indent + mismatch.position)}^\n% Invalid input detected at '^' marker.\n\n"


def _save(shell: Shell) -> str:
    shell.view.node.save()
    return "Building configuration...\n[OK]\n"


def _copy(shell: Shell) -> str:
    shell.question = Question("Destination filename [startup-config]? ", lambda _: _save(shell))
    return ""


def _interface(shell: Shell, name: str) -> str:
    """`show interfaces X`, the name shortened or not."""
    wanted = full_name(name.replace(" ", ""))
    if wanted not in shell.view.node.running.interfaces:
        raise Mismatch("unknown", len("show interfaces "))
    return show.interfaces(shell.view, wanted)


def _privilege(shell: Shell) -> str:
    return f"Current privilege level is {15 if shell.privileged else 1}\n"


ABSENT = (
    "show ip ospf",
    "show ip ospf interface",
    "show ip ospf neighbor",
    "show isis neighbors",
)
"""What is not configured has nothing to show: IOS prints no line at all."""


def _nothing(_: Shell) -> str:
    return ""


def _start(shell: Shell) -> str:
    return shell.start_config()


USER: tuple[Rule[Command], ...] = (
    Rule("show version", shows(show.version)),
    Rule("show clock", shows(show.clock)),
    Rule("show privilege", _privilege),
    Rule("show interfaces", shows(show.interfaces)),
    Rule("show interfaces description", shows(show.interface_descriptions)),
    Rule("show interfaces {rest}", _interface),
    Rule("show ip interface brief", shows(show.interface_brief)),
    Rule("show ip route", shows(show.ip_route)),
    Rule("show ip access-lists", shows(lambda view: iosxe_filters.shown(view.node.running))),
    Rule("show interfaces switchport", shows(iosxe_layer2.switchports)),
    Rule("show interfaces status", shows(iosxe_ports.status)),
    Rule("show spanning-tree", shows(iosxe_trees.spanning_tree)),
    Rule("show spanning-tree vlan {vlans}", shows(iosxe_trees.spanning_tree)),
    Rule("show spanning-tree detail", shows(iosxe_trees.spanning_tree_detail)),
    Rule("show vlan brief", shows(iosxe_layer2.vlan_brief)),
    Rule("show etherchannel summary", shows(iosxe_layer2.etherchannel)),
    Rule("show mac address-table", shows(iosxe_layer2.mac_table)),
    Rule("show mac address-table vlan {vlans}", shows(iosxe_layer2.mac_table)),
    Rule("show ip arp", shows(iosxe_health.ip_arp)),
    Rule("show arp", shows(iosxe_health.ip_arp)),
    Rule("show lldp neighbors", shows(iosxe_health.lldp_neighbors)),
    Rule("show processes cpu", shows(iosxe_health.processes_cpu)),
    Rule("show processes memory sorted", shows(iosxe_health.processes_memory)),
    Rule("show install summary", shows(iosxe_health.install_summary)),
    *(Rule(command, _nothing) for command in ABSENT),
    Rule("show ip bgp", shows(iosxe_bgp.bgp_table)),
    Rule("show ip bgp summary", shows(iosxe_bgp.bgp_summary)),
    Rule("show ip bgp neighbors", shows(iosxe_bgp.bgp_neighbors)),
    Rule("show ip bgp neighbors {ip}", shows(iosxe_bgp.bgp_neighbors)),
    Rule("show bgp ipv4 unicast", shows(iosxe_bgp.bgp_table)),
    Rule("show bgp ipv4 unicast summary", shows(iosxe_bgp.bgp_summary)),
    Rule("show bgp ipv4 unicast neighbors", shows(iosxe_bgp.bgp_neighbors)),
    Rule("show bgp ipv4 unicast neighbors {ip}", shows(iosxe_bgp.bgp_neighbors)),
    Rule("terminal length {int}", Shell.set_length),
    Rule("terminal no length", Shell.set_length),
    Rule("terminal width {int}", lambda _shell, _columns: ""),
    Rule("enable", Shell.enable),
    Rule("disable", Shell.disable),
    Rule("exit", Shell.leave),
    Rule("quit", Shell.leave),
    Rule("logout", Shell.leave),
)

PRIVILEGED: tuple[Rule[Command], ...] = (
    *USER,
    Rule("show running-config", shows(show.running_config)),
    Rule("show startup-config", shows(show.startup_config)),
    Rule("show logging", shows(show.logging)),
    Rule("configure terminal", _start),
    Rule("clear ip bgp *", clear),
    Rule("clear ip bgp {ip}", clear),
    Rule("clear ip bgp {ip} soft [rest]", refresh),
    Rule("write", _save),
    Rule("write memory", _save),
    Rule("copy running-config startup-config", _copy),
)

DIALECT = Dialect(
    name="cisco_iosxe",
    exec_rules=PRIVILEGED,
    user_rules=USER,
    complaint=_complaint,
    heads_config=HEADS_CONFIG,
    enables=True,
)
