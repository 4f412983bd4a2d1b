"""FRRouting's running configuration: written from the model, read into it (FRR 8.4, vtysh integrated configuration)."""

from nocmesh.proving.simulated import editing, neighbors
from nocmesh.proving.simulated.editing import Act, Editor, Grammar, Section
from nocmesh.proving.simulated.grammar import Rule
from nocmesh.proving.simulated.model import Bgp, Configuration, Interface, Neighbor, PrefixRule

VERSION = "8.4.4"


def render(configuration: Configuration, version: str = VERSION) -> str:
    """The text of `show running-config` after its heading, from `frr version` to `end`."""
    lines = [f"frr version {version}", "frr defaults traditional", f"hostname {configuration.hostname}"]
    lines += ["log syslog informational", "no ipv6 forwarding", "service integrated-vtysh-config", "!"]
    if configuration.statics:
        lines += [*(f"ip route {r.prefix} {r.next_hop}" for r in configuration.statics), "!"]
    for interface in sorted(configuration.interfaces.values(), key=lambda i: i.name):
        lines += [*_interface(interface), "exit", "!"]
    if configuration.bgp is not None:
        lines += [*_bgp(configuration.bgp), "exit", "!"]
    for name, rules in sorted(configuration.prefix_lists.items()):
        lines += [*(f"ip prefix-list {name} {rule_text(rule)}" for rule in rules), "!"]
    return "\n".join([*lines, "end", ""])


def rule_text(rule: PrefixRule) -> str:
    """`seq 5 permit 10.0.0.0/8 le 24`."""
    le = "" if rule.le is None else f" le {rule.le}"
    return f"seq {rule.sequence} {'permit' if rule.permit else 'deny'} {rule.prefix}{le}"


def _interface(interface: Interface) -> list[str]:
    lines = [f"interface {interface.name}"]
    if not interface.enabled:
        lines.append(" shutdown")
    if interface.description:
        lines.append(f" description {interface.description}")
    return lines + [f" ip address {address}" for address in interface.addresses]


def _bgp(bgp: Bgp) -> list[str]:
    lines = [f"router bgp {bgp.asn}"]
    if bgp.router_id:
        lines.append(f" bgp router-id {bgp.router_id}")
    if not bgp.requires_policy:
        lines.append(" no bgp ebgp-requires-policy")
    if not bgp.default_ipv4:
        lines.append(" no bgp default ipv4-unicast")
    for neighbor in bgp.neighbors.values():
        lines += [f" {line}" for line in session_lines(neighbor, "passive")]
    family = [f"  network {prefix}" for prefix in bgp.networks]
    for neighbor in bgp.neighbors.values():
        family += [f"  {line}" for line in _activation(bgp, neighbor) + family_lines(neighbor)]
    if family:
        lines += [" !", " address-family ipv4 unicast", *family, " exit-address-family"]
    return lines


def _activation(bgp: Bgp, neighbor: Neighbor) -> list[str]:
    """Only what differs from the default is written."""
    if neighbor.activate == bgp.default_ipv4:
        return []
    return [f"{'' if neighbor.activate else 'no '}neighbor {neighbor.address} activate"]


def session_lines(neighbor: Neighbor, passive: str) -> list[str]:
    """The lines of one neighbour outside any address family; ``passive`` is how the dialect says it."""
    optional = {
        f"description {neighbor.description}": neighbor.description,
        "shutdown": neighbor.shutdown,
        f"password {neighbor.password}": neighbor.password,
        passive: neighbor.passive,
        f"ebgp-multihop {neighbor.ebgp_multihop}": neighbor.ebgp_multihop,
        f"ttl-security hops {neighbor.ttl_security}": neighbor.ttl_security,
        f"update-source {neighbor.update_source}": neighbor.update_source,
    }
    said = [f"remote-as {neighbor.remote_as}", *(text for text, given in optional.items() if given)]
    return [f"neighbor {neighbor.address} {text}" for text in said]


def family_lines(neighbor: Neighbor) -> list[str]:
    """The lines of one neighbour inside address family IPv4 unicast, without its activation."""
    optional = {
        "next-hop-self": neighbor.next_hop_self,
        f"maximum-prefix {neighbor.maximum_prefix}": neighbor.maximum_prefix is not None,
        f"prefix-list {neighbor.prefix_list_in} in": neighbor.prefix_list_in,
        f"prefix-list {neighbor.prefix_list_out} out": neighbor.prefix_list_out,
    }
    return [f"neighbor {neighbor.address} {text}" for text, given in optional.items() if given]


def _enter_interface(editor: Editor, name: str) -> None:
    editor.configuration.interfaces.setdefault(name, Interface(name=name))
    editor.section = Section("interface", name)


def _enter_bgp(editor: Editor, asn: str) -> None:
    editing.enter_bgp(editor, asn)
    if editor.configuration.bgp is None:
        editor.configuration.bgp = Bgp(asn=int(asn), requires_policy=True)


def _policy(required: bool) -> Act:
    def act(editor: Editor) -> None:
        editor.bgp.requires_policy = required

    return act


def set_default(active: bool) -> Act:
    """`[no] bgp default ipv4-unicast`."""

    def act(editor: Editor) -> None:
        editor.bgp.default_ipv4 = active

    return act


def set_router_id(editor: Editor, address: str = "") -> None:
    """`[no] bgp router-id`."""
    editor.bgp.router_id = address


_LISTS = "ip prefix-list {word} seq {int} {word} {prefix}"

NETWORKS: tuple[Rule[Act], ...] = (
    Rule("network {prefix}", editing.add_network),
    Rule("no network {prefix}", editing.no_network),
)
SHARED_BGP: tuple[Rule[Act], ...] = (
    Rule("exit", editing.leave),
    Rule("bgp router-id {ip}", set_router_id),
    Rule("no bgp router-id", set_router_id),
    Rule("bgp default ipv4-unicast", set_default(True)),
    Rule("no bgp default ipv4-unicast", set_default(False)),
    Rule("bgp log-neighbor-changes", editing.ignored),
    Rule("address-family ipv4", editing.enter_family),
    Rule("address-family ipv4 unicast", editing.enter_family),
    *neighbors.SESSION,
    *neighbors.FAMILY,
)
SHARED_FAMILY: tuple[Rule[Act], ...] = (
    Rule("exit", editing.leave),
    Rule("exit-address-family", editing.leave),
    *neighbors.FAMILY,
)
SHARED_INTERFACE: tuple[Rule[Act], ...] = (
    Rule("exit", editing.leave),
    Rule("description {rest}", editing.describe),
    Rule("no description [rest]", lambda editor, *_: editing.describe(editor)),
    Rule("shutdown", editing.disable),
    Rule("no shutdown", editing.enable),
)
SHARED_TOP: tuple[Rule[Act], ...] = (
    Rule("hostname {word}", editing.set_hostname),
    Rule("no router bgp", editing.no_bgp),
    Rule("no router bgp {asn}", editing.no_bgp),
    Rule(_LISTS, editing.add_rule),
    Rule(f"{_LISTS} le {{length}}", editing.add_rule),
    Rule("no ip prefix-list {word} [rest]", editing.no_rule),
)

GRAMMAR: Grammar = {
    "top": (
        *SHARED_TOP,
        Rule("frr version {rest}", editing.ignored),
        Rule("frr defaults {rest}", editing.ignored),
        Rule("log syslog {rest}", editing.ignored),
        Rule("no ipv6 forwarding", editing.ignored),
        Rule("service integrated-vtysh-config", editing.ignored),
        Rule("interface {word}", _enter_interface),
        Rule("router bgp {asn}", _enter_bgp),
        Rule("ip route {prefix} {ip}", editing.add_static),
        Rule("no ip route {prefix} {ip}", editing.no_static),
    ),
    "interface": (
        *SHARED_INTERFACE,
        Rule("ip address {prefix}", editing.add_address),
        Rule("no ip address {prefix}", editing.no_address),
    ),
    "bgp": (
        *SHARED_BGP,
        *NETWORKS,
        Rule("bgp ebgp-requires-policy", _policy(required=True)),
        Rule("no bgp ebgp-requires-policy", _policy(required=False)),
        Rule("neighbor {ip} passive", neighbors.PASSIVE),
        Rule("no neighbor {ip} passive", neighbors.NOT_PASSIVE),
    ),
    "family": (*SHARED_FAMILY, *NETWORKS),
    "vlan": (),
    "acl": (),
}
