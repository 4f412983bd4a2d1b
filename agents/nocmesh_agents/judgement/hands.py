"""What no change mends, and what a person does about it."""

from collections.abc import Sequence

from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.messages.report import RootCause

_HANDS = {
    "link_down": "{at}: both ends are up and carry nothing. Look at the cable, the optics and the patch panel between "
    "them, or ask the provider of the circuit; no configuration brings it back.",
    "link_detach": "{at}: the device does not have the interface any more. Put the module, the card or the virtual "
    "port back, then give it its settings of the inventory.",
    "link_flap": "{at}: its carrier comes and goes. Reseat or exchange the cable and the optics at both ends; shut the "
    "link down meanwhile where there is another way.",
    "link_packet_loss": "{at}: the link loses packets. Clean or exchange the optics and the cable, or ask the provider "
    "of the circuit to measure it.",
    "link_packet_corruption": "{at}: packets arrive damaged. Exchange the cable and the optics, then the port; look at "
    "the errors that both ends count.",
    "interface_errors": "{at}: the interface counts errors. Exchange the cable and the optics, then the port.",
    "link_capacity_bottleneck": "{at}: an end is throttled. Find out who asked for the limit (a shaper, a contract, a "
    "test that was left behind) before it is taken away.",
    "device_unreachable": "{at}: it does not answer. Look at its power and its console, then at the management network "
    "and whether its address and its keys are still the inventory's.",
}
"""By fault type; `{at}` is the resource."""


def for_a_person(causes: Sequence[RootCause]) -> str:
    """What hands must do about those of ``causes`` that no change mends; empty: nothing."""
    return " ".join(_HANDS[c.fault_type].format(at=c.resource) for c in causes if c.fault_type in _HANDS)


def by_hand(cause: RootCause) -> str:
    """What a person does about ``cause``: in the words of ``for_a_person``, or of the vocabulary."""
    known = fault_types().get(cause.fault_type)
    otherwise = known.by_hand if known else f"{cause.fault_type} has no safe change; a person must look at it."
    return for_a_person([cause]) or f"{cause.resource}: {otherwise}"
