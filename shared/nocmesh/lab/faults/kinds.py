"""What a kind of fault is: where it fits on a plan, the steps that make it and undo it, and what the routers then show.

Everything here is data and pure functions, but for a symptom's check, which asks a running lab.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from nocmesh.errors import InvalidInputError
from nocmesh.lab.plan import LabPlan, Node
from nocmesh.messages.base import Message

Door = Literal["configure", "vtysh", "sh", "stop", "start"]
"""How a step is done: lines of configuration, commands of the router's CLI, one shell command a line inside the
node's namespace (node `patch`: the patch room), or daemons by name."""

Params = Mapping[str, str]
"""A kind's parameters by name; empty: worked out from the plan."""


Severity = Literal["critical", "warning"]


class Step(Message, frozen=True, kw_only=True):
    """One thing done on one node."""

    node: str
    door: Door
    lines: list[str]


class Injection(Message, frozen=True, kw_only=True):
    """A fault worked out for a place: nothing has been done yet."""

    steps: list[Step]
    undo: list[Step]
    """Back to the plan; each step harmless when somebody has repaired it already."""
    summary: str
    """What was done, for people who play with the lab; never part of an alert."""

    @property
    def nodes(self) -> list[str]:
        """The nodes that it touches."""
        return list(dict.fromkeys(step.node for step in [*self.steps, *self.undo]))


class Alarm(Message, frozen=True, kw_only=True):
    """What monitoring says of a fault: a symptom, seen where it is seen; never the cause."""

    name: str
    """`BgpSessionDown`."""
    instance: str
    """The device that monitoring names."""
    summary: str
    labels: dict[str, str] = {}
    severity: Severity = "critical"


class Output(Protocol):
    """What a command left behind."""

    @property
    def stdout(self) -> str:
        """What it printed."""

    @property
    def code(self) -> int:
        """How it ended."""


class Ground(Protocol):
    """What faults need of a running lab; `nocmesh.lab.lab.Lab` is one."""

    @property
    def plan(self) -> LabPlan:
        """What the lab consists of."""

    @property
    def folder(self) -> Path:
        """Where the lab keeps its files."""

    async def exec(self, node: str, *argv: str, stdin: str = "", check: bool = True, timeout: float = 20.0) -> Output:
        """Runs a command inside the node's namespace."""

    async def vtysh(self, node: str, *commands: str) -> str:
        """Runs commands of the router's CLI."""

    async def configure(self, node: str, lines: list[str]) -> None:
        """Enters lines of configuration."""

    async def start_daemon(self, node: str, daemon: str) -> None:
        """Starts one of the node's daemons."""

    async def stop_daemon(self, node: str, daemon: str) -> None:
        """Stops one of the node's daemons."""


Check = Callable[[Ground], Awaitable[bool]]
"""True: the routers show the fault."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One type of fault of the vocabulary, as the lab can make it."""

    fault_type: str
    places: Callable[[LabPlan], list[str]]
    """Resource ids where it fits and matters; the first is the default."""
    steps: Callable[[LabPlan, str, Params], Injection]
    """Takes the plan, the resource and all parameters."""
    symptom: Callable[[LabPlan, str, Params], Check]
    """The same; what the routers show, which is not the configuration itself."""
    alarm: Callable[[LabPlan, str, Params], Alarm]
    params: Mapping[str, str] = field(default_factory=dict)
    """The parameters that it takes, with their defaults."""
    seconds: float = 30.0
    """It shows within them, on a lab whose hello interval is two seconds."""


def configure(node: str, *lines: str) -> Step:
    """Lines of configuration."""
    return Step(node=node, door="configure", lines=list(lines))


def vtysh(node: str, *commands: str) -> Step:
    """Commands of the CLI, as `clear ip bgp *`."""
    return Step(node=node, door="vtysh", lines=list(commands))


def shell(node: str, *commands: str) -> Step:
    """Shell commands inside the namespace, one after another."""
    return Step(node=node, door="sh", lines=list(commands))


def by_shell(node: str, wrong: str, right: str, summary: str) -> Injection:
    """One shell command that makes a fault on a node, and the one that undoes it."""
    return Injection(steps=[shell(node, wrong)], undo=[shell(node, right)], summary=summary)


def stopped(node: str, daemon: str) -> Injection:
    """One of a node's daemons does not run."""
    return Injection(
        steps=[Step(node=node, door="stop", lines=[daemon])],
        undo=[Step(node=node, door="start", lines=[daemon])],
        summary=f"{daemon} of {node} does not run",
    )


def node_of(plan: LabPlan, resource: str) -> Node:
    """The node of `node/<name>` or `interface/<name>/<port>`. Raises: InvalidInputError."""
    parts = resource.split("/")
    found = plan.node(parts[1]) if len(parts) > 1 else None
    if found is None:
        names = ", ".join(node.name for node in plan.nodes)
        raise InvalidInputError(f"{resource[:80]!r} is on no node of this lab; its nodes: {names}", field="at")
    return found


def node_id(node: Node) -> str:
    """The node's resource id."""
    return f"node/{node.name}"


def routers(plan: LabPlan) -> list[Node]:
    """All routers, in the plan's order."""
    return [node for node in plan.nodes if node.kind == "router"]


def all_of(*checks: Check) -> Check:
    """Every check is true."""

    async def check(lab: Ground) -> bool:
        for one in checks:
            if not await one(lab):
                return False
        return True

    return check


def either(*checks: Check) -> Check:
    """At least one check is true."""

    async def check(lab: Ground) -> bool:
        for one in checks:
            if await one(lab):
                return True
        return False

    return check
