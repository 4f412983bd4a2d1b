"""A fault of the IGP that is some lines on one interface. Pure."""

from collections.abc import Callable
from typing import NamedTuple

from nocmesh.lab.faults.igp import Adjacency, adjacency, adjacent, detour, detoured
from nocmesh.lab.faults.igp_signs import Sign
from nocmesh.lab.faults.kinds import Injection, Kind, Params, configure
from nocmesh.lab.plan import Igp, LabPlan


class Lines(NamedTuple):
    """Lines of the interface that make a fault and that undo it, and what it is."""

    wrong: list[str]
    right: list[str]
    what: str
    at_once: bool = False
    """What undoes it is entered in one step, and not line by line."""


Worded = Callable[[LabPlan, Adjacency, Params], Lines]
"""The lines for one adjacency and the fault's parameters."""


def on_interface(
    igp: Igp, fault_type: str, worded: Worded, sign: Sign, /, *, moved: bool = False, **params: str
) -> Kind:
    """A kind that is some lines on one interface, chosen by parameter `interface`.

    Takes how the lines are worded and what is seen of them; `moved`: it needs a link that traffic can go around.
    """
    choose, places = (detour, detoured) if moved else (adjacency, adjacent)

    def steps(plan: LabPlan, resource: str, given: Params) -> Injection:
        one = choose(plan, resource, given)
        return _entered(one, worded(plan, one, given))

    return Kind(
        fault_type=fault_type,
        places=lambda plan: places(plan, igp),
        steps=steps,
        symptom=lambda plan, resource, given: sign.symptom(choose(plan, resource, given)),
        alarm=lambda plan, resource, given: sign.alarm(choose(plan, resource, given)),
        params={"interface": "", **params},
    )


def _entered(one: Adjacency, lines: Lines) -> Injection:
    node, enter = one.node.name, f"interface {one.port.name}"
    back = [lines.right] if lines.at_once else [[line] for line in lines.right]
    return Injection(
        steps=[configure(node, enter, *lines.wrong)],
        undo=[configure(node, enter, *right) for right in back],
        summary=f"{node}: {lines.what} on {one.port.name}, towards {one.far.name}",
    )
