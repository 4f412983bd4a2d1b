"""The patch room: every cable of a lab passes through one namespace, where it can be pulled without touching its ends.

A veth loses its carrier only when its peer goes down, and a directly joined peer would then be administratively down.
So a cable is two veth pairs, one per end, joined by a bridge that learns nothing and keeps nothing back: a wire. What
happens to a wire (pulled, lossy, slow, damaged) happens here, and neither end's configuration knows of it.
"""

from typing import NamedTuple

from nocmesh.errors import NotFoundError
from nocmesh.lab.plan import Cable, LabPlan

PATCH = "patch"
"""Its name beside the nodes' names: no node may be called so."""
WIRE_MTU = 9000
"""More than any end has: a wire cuts nothing off, ends do."""
LLDP = 1 << 0x0E
"""Bit of LLDP's group address, that a bridge keeps back unless told; spanning tree passes a bridge without it."""


class Wire(NamedTuple):
    """The interfaces of one cable in the patch room."""

    bridge: str
    a: str
    """Faces the cable's end `a`."""
    b: str

    def facing(self, cable: Cable, end: str) -> str:
        """The side that faces `end`, as `node:interface`. Raises: NotFoundError."""
        if end not in (cable.a, cable.b):
            raise NotFoundError(f"{end} is no end of {cable.resource}: expected {cable.a} or {cable.b}")
        return self.a if end == cable.a else self.b


def wire(plan: LabPlan, cable: Cable) -> Wire:
    """The cable's interfaces in the patch room, by its place in the plan (names are short: 15 letters at most)."""
    number = plan.cables.index(cable)
    return Wire(bridge=f"w{number}", a=f"w{number}a", b=f"w{number}b")


def wiring(plan: LabPlan, namespace_of: dict[str, str]) -> list[str]:
    """Lines for `ip -batch`: all cables, the ends inside their nodes' namespaces and still down.

    Takes the namespace of every node and of `patch`. Run in the root namespace, then `joining` in the patch room.
    """
    lines = []
    for cable in plan.cables:
        here = wire(plan, cable)
        for end, side in ((cable.a, here.a), (cable.b, here.b)):
            node, _, interface = end.partition(":")
            near, far = f"{interface} netns {namespace_of[node]}", f"{side} netns {namespace_of[PATCH]}"
            lines.append(f"link add {near} type veth peer name {far}")
    return lines


def joining(plan: LabPlan) -> list[str]:
    """Lines for `ip -n <patch> -batch`: the bridges that make two pairs one wire, all up."""
    lines = []
    for cable in plan.cables:
        here = wire(plan, cable)
        lines += joined(here)
    return lines


def joined(here: Wire) -> list[str]:
    """One wire: no learning (a hub of two ports), no spanning tree of its own, no snooping, LLDP let through."""
    options = f"stp_state 0 ageing_time 0 mcast_snooping 0 group_fwd_mask {LLDP:#x}"
    lines = [f"link add {here.bridge} type bridge {options}"]
    lines += [f"link set {side} master {here.bridge}" for side in (here.a, here.b)]
    return lines + [f"link set {name} mtu {WIRE_MTU} up" for name in here]


def pull(here: Wire) -> list[str]:
    """Both ends lose their carrier and stay up."""
    return [f"ip link set {side} down" for side in (here.a, here.b)]


def plug(here: Wire) -> list[str]:
    """The cable is in again."""
    return [f"ip link set {side} up" for side in (here.a, here.b)]


def filtered(here: Wire, rule: str) -> str:
    """A rule of nftables for what leaves the wire, on both sides."""
    hook = f"type filter hook egress devices = {{ {here.a}, {here.b} }} priority 0;"
    return f"nft 'table netdev {here.bridge} {{ chain wire {{ {hook} {rule}; }}; }}'"


def unfiltered(here: Wire) -> str:
    """The wire has no rule, whether it had one or not."""
    return f"nft 'add table netdev {here.bridge}; delete table netdev {here.bridge}'"
