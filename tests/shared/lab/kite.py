"""A small lab that has room for every routing fault, and a ground that only keeps a ledger of what is done to it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from nocmesh.errors import DeviceRejectedError
from nocmesh.lab.build import build
from nocmesh.lab.graph import Graph, GraphNode
from nocmesh.lab.plan import LabPlan, Options
from nocmesh.lab.process import Ran
from nocmesh.network import Device, End, IntendedInterface, Link, Network

LINKS = [("r1", "r2"), ("r2", "r3"), ("r1", "r3"), ("r3", "r4"), ("r2", "r4"), ("h1", "r1"), ("h2", "r4")]


def kite(options: Options) -> LabPlan:
    """A triangle r1, r2, r3; r4 in a stub area with two ways to it; hosts behind r1 and r4."""
    routers = [GraphNode(name=f"r{n}", area="0.0.0.1" if n == 4 else "0.0.0.0") for n in range(1, 5)]
    hosts = [GraphNode(name=name, kind="host") for name in ("h1", "h2")]
    return build(Graph(name="kite", nodes=[*routers, *hosts], links=LINKS, areas={"0.0.0.1": "stub"}), options)


def port(plan: LabPlan, node: str, far: str) -> str:
    """The interface of a node towards another."""
    found = plan.node(node)
    assert found is not None
    return next(one.name for one in found.ports if one.description == f"to {far}")


def network(plan: LabPlan) -> Network:
    """What the inventory of the plan lists."""
    devices = [
        Device(
            name=node.name,
            platform="frr",
            address=node.management,
            interfaces=[IntendedInterface(name=one.name, addresses=one.addresses) for one in node.ports],
        )
        for node in plan.nodes
    ]
    ends = [tuple(End(device=e.split(":")[0], interface=e.split(":")[1]) for e in (c.a, c.b)) for c in plan.cables]
    return Network(devices=devices, links=[Link(a=a, b=b) for a, b in ends])


class Ledger:
    """Takes every order, writes it down, and answers questions from a table."""

    def __init__(self, plan: LabPlan, folder: Path, answers: Mapping[tuple[str, str], str] | None = None) -> None:
        self.plan = plan
        self.folder = folder
        self.answers = dict(answers or {})
        self.done: list[str] = []
        self.deviating: dict[str, list[str]] = {}
        self.refused = ""

    def _take(self, entry: str) -> None:
        if self.refused and self.refused in entry:
            raise DeviceRejectedError(f"refused: {entry}")
        self.done.append(entry)

    async def exec(self, node: str, *argv: str, stdin: str = "", check: bool = True, timeout: float = 20.0) -> Ran:
        self._take(f"{node}$ {' '.join(argv)}")
        return Ran(stdout="", stderr="", code=0)

    async def vtysh(self, node: str, *commands: str) -> str:
        if (node, commands[0]) in self.answers:
            return self.answers[node, commands[0]]
        self._take(f"{node}# {'; '.join(commands)}")
        return ""

    async def configure(self, node: str, lines: Sequence[str]) -> None:
        self._take(f"{node}(config)# {'; '.join(lines)}")

    async def start_daemon(self, node: str, daemon: str) -> None:
        self._take(f"{node} starts {daemon}")

    async def stop_daemon(self, node: str, daemon: str) -> None:
        self._take(f"{node} stops {daemon}")

    async def deviations(self) -> dict[str, list[str]]:
        return self.deviating

    async def reset(self, node: str) -> None:
        self._take(f"{node} is reset")
