"""`neighbor …` lines: the part of the grammar that FRRouting and IOS-XE spell alike."""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

from nocmesh.proving.simulated.editing import Act, Editor
from nocmesh.proving.simulated.grammar import Mismatch, Rule
from nocmesh.proving.simulated.model import Neighbor


def remote_as(editor: Editor, address: str, asn: str) -> None:
    """`neighbor A remote-as N`: the line that a neighbour begins with."""
    bgp = editor.bgp
    if address in bgp.neighbors:
        bgp.neighbors[address].remote_as = int(asn)
        return
    bgp.neighbors[address] = Neighbor(address=address, remote_as=int(asn), activate=bgp.default_ipv4)
    bgp.neighbors = dict(sorted(bgp.neighbors.items(), key=lambda item: IPv4Address(item[0])))


def forget(editor: Editor, address: str, *_: str) -> None:
    """`no neighbor A [remote-as N]`: the whole statement goes."""
    editor.neighbor(address)
    del editor.bgp.neighbors[address]


def prefix_list(editor: Editor, address: str, name: str, direction: str) -> None:
    """`neighbor A prefix-list NAME in|out`."""
    if direction not in {"in", "out"}:
        raise Mismatch("unknown", 0)
    setattr(editor.neighbor(address), f"prefix_list_{direction}", name)


def no_prefix_list(editor: Editor, address: str, _: str, direction: str) -> None:
    """`no neighbor A prefix-list NAME in|out`."""
    prefix_list(editor, address, "", direction)


def _set(attribute: str, convert: Callable[[str], Any] = str) -> Act:
    def act(editor: Editor, address: str, value: str) -> None:
        setattr(editor.neighbor(address), attribute, convert(value))

    return act


def _put(attribute: str, value: Any) -> Act:
    def act(editor: Editor, address: str, *_: str) -> None:
        setattr(editor.neighbor(address), attribute, value)

    return act


PASSIVE = _put("passive", True)
NOT_PASSIVE = _put("passive", False)

SESSION: tuple[Rule[Act], ...] = (
    Rule("neighbor {ip} remote-as {asn}", remote_as),
    Rule("no neighbor {ip}", forget),
    Rule("no neighbor {ip} remote-as [rest]", forget),
    Rule("neighbor {ip} description {rest}", _set("description")),
    Rule("no neighbor {ip} description [rest]", _put("description", "")),
    Rule("neighbor {ip} shutdown", _put("shutdown", True)),
    Rule("no neighbor {ip} shutdown", _put("shutdown", False)),
    Rule("neighbor {ip} password {word}", _set("password")),
    Rule("no neighbor {ip} password [rest]", _put("password", "")),
    Rule("neighbor {ip} update-source {word}", _set("update_source")),
    Rule("no neighbor {ip} update-source [rest]", _put("update_source", "")),
    Rule("neighbor {ip} ebgp-multihop", _put("ebgp_multihop", 255)),
    Rule("neighbor {ip} ebgp-multihop {hops}", _set("ebgp_multihop", int)),
    Rule("no neighbor {ip} ebgp-multihop [rest]", _put("ebgp_multihop", None)),
    Rule("neighbor {ip} ttl-security hops {hops}", _set("ttl_security", int)),
    Rule("no neighbor {ip} ttl-security [rest]", _put("ttl_security", None)),
)

FAMILY: tuple[Rule[Act], ...] = (
    Rule("neighbor {ip} activate", _put("activate", True)),
    Rule("no neighbor {ip} activate", _put("activate", False)),
    Rule("neighbor {ip} next-hop-self", _put("next_hop_self", True)),
    Rule("no neighbor {ip} next-hop-self", _put("next_hop_self", False)),
    Rule("neighbor {ip} maximum-prefix {int}", _set("maximum_prefix", int)),
    Rule("no neighbor {ip} maximum-prefix [rest]", _put("maximum_prefix", None)),
    Rule("neighbor {ip} prefix-list {word} {word}", prefix_list),
    Rule("no neighbor {ip} prefix-list {word} {word}", no_prefix_list),
)
