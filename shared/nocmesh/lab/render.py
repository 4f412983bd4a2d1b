"""A router's frr.conf, from its plan. Pure.

Timers are short, so that a fault shows soon: BGP keeps alive every 3 s and holds 9 s, the IGP as the options say.
Syntax: FRRouting 8.4, `vtysh` integrated configuration.
"""

from collections.abc import Iterator

from nocmesh.lab.plan import BgpPlan, LabPlan, Node, Options, Peer, Port

VERSION = "8.4"
ISIS_TAG = "core"
KEEPALIVE, HOLD, CONNECT = 3, 9, 5
"""Seconds, of BGP."""


def frr_conf(plan: LabPlan, node: Node, log_file: str, *, snmp: bool = True) -> str:
    """All of the router's configuration. Takes the file that its daemons log to, and whether they join snmpd."""
    lines = [
        f"frr version {VERSION}",
        "frr defaults traditional",
        f"hostname {node.name}",
        f"log file {log_file} informational",
        "log timestamp precision 3",
        "service integrated-vtysh-config",
        "no ipv6 forwarding",
        *(["agentx"] if snmp else []),
    ]
    for port in node.ports:
        lines += _interface(plan.options, node, port)
    lines += _isis(plan.options, node) if plan.options.igp == "isis" else _ospf(node)
    if node.bgp is not None:
        lines += _bgp(node.bgp)
    return "\n".join([*lines, "end", ""])


def daemons(plan: LabPlan, node: Node) -> list[str]:
    """The daemons of a router, in the order in which they start."""
    if node.kind != "router":
        return []
    igp = "isisd" if plan.options.igp == "isis" else "ospfd"
    return ["zebra", "staticd", *(["bgpd"] if node.bgp is not None else []), igp]


def _interface(options: Options, node: Node, port: Port) -> list[str]:
    lines = [f"interface {port.name}"]
    if port.description:
        lines.append(f" description {port.description}")
    lines += [f" ip address {address}" for address in port.addresses]
    if port.igp:
        lines += isis_port(options, port) if options.igp == "isis" else _ospf_port(options, node, port)
    return [*lines, "exit"]


def _ospf_port(options: Options, node: Node, port: Port) -> Iterator[str]:
    yield f" ip ospf area {port.area or node.area}"
    if port.cost is not None:
        yield f" ip ospf cost {port.cost}"
    if port.passive:
        yield " ip ospf passive"
        return
    yield f" ip ospf dead-interval {options.dead_interval}"
    yield f" ip ospf hello-interval {options.hello_interval}"
    if port.key:
        yield " ip ospf authentication message-digest"
        yield f" ip ospf message-digest-key 1 md5 {port.key}"
    yield f" ip ospf network {port.network or 'point-to-point'}"


def isis_port(options: Options, port: Port) -> Iterator[str]:
    """An interface's lines of IS-IS; FRR forgets them all with `no ip router isis`."""
    yield f" ip router isis {ISIS_TAG}"
    if port.cost is not None:
        yield f" isis metric {port.cost}"
    if port.passive:
        yield " isis passive"
        return
    yield f" isis hello-interval {options.hello_interval}"
    yield f" isis hello-multiplier {max(2, round(options.dead_interval / options.hello_interval))}"
    if port.network != "broadcast":
        yield " isis network point-to-point"
    if port.key:
        yield f" isis password md5 {port.key}"


def _ospf(node: Node) -> Iterator[str]:
    yield "router ospf"
    yield f" ospf router-id {node.router_id}"
    yield " log-adjacency-changes"
    yield from (f" area {area} stub" for area in node.stub_areas)
    yield "exit"


def _isis(options: Options, node: Node) -> list[str]:
    return [
        f"router isis {ISIS_TAG}",
        f" is-type {node.level or options.isis_level}",
        f" net {node.net}",
        " lsp-gen-interval 1",
        " log-adjacency-changes",
        "exit",
    ]


def _bgp(bgp: BgpPlan) -> Iterator[str]:
    yield f"router bgp {bgp.asn}"
    yield f" bgp router-id {bgp.router_id}"
    yield " bgp log-neighbor-changes"
    yield " no bgp ebgp-requires-policy"
    yield f" timers bgp {KEEPALIVE} {HOLD}"
    for peer in bgp.peers:
        yield from (f" {line}" for line in peer_lines(peer))
    yield " address-family ipv4 unicast"
    yield from (f"  network {prefix}" for prefix in bgp.networks)
    yield from (f"  neighbor {peer.address} route-reflector-client" for peer in bgp.peers if peer.client)
    yield " exit-address-family"
    yield "exit"


def peer_lines(peer: Peer) -> Iterator[str]:
    """One neighbour's lines, without those of its address family."""
    yield f"neighbor {peer.address} remote-as {peer.remote_asn}"
    yield f"neighbor {peer.address} description {peer.node}"
    yield f"neighbor {peer.address} timers connect {CONNECT}"
    if peer.password:
        yield f"neighbor {peer.address} password {peer.password}"
    if peer.update_source:
        yield f"neighbor {peer.address} update-source {peer.update_source}"
    if peer.passive:
        yield f"neighbor {peer.address} passive"
