"""What tables of labs show: nodes with what they have of what they should, topologies, faults."""

from typing import Any

from nocmesh.cli.output import Format, show_list
from nocmesh.lab.graph import named, names
from nocmesh.lab.plan import LabPlan
from nocmesh.lab.status import NodeStatus


def node_row(node: NodeStatus) -> dict[str, Any]:
    """One node of `lab status`."""
    wanted, seen = node.expected, node.seen

    def share(name: str) -> str | None:
        expected = getattr(wanted, name)
        return f"{sum(item in getattr(seen, name) for item in expected)}/{len(expected)}" if expected else None

    return {
        "node": node.node,
        "kind": node.kind,
        "neighbours": share("adjacencies"),
        "sessions": share("sessions"),
        "routes": share("prefixes"),
        "daemons": share("daemons"),
        "answers": share("pings"),
        "ports": seen.ports,
        "root": seen.root,
        "state": "; ".join(node.wrong) or "ok",
    }


def topologies(form: Format) -> None:
    """Print the named topologies."""
    rows = []
    for name in names():
        graph = named(name)
        kinds = [node.kind for node in graph.nodes]
        counts = {f"{kind}s" if kind != "switch" else "switches": kinds.count(kind) for kind in sorted(set(kinds))}
        rows.append({"name": name, "links": len(graph.links), **counts})
    show_list(rows, ["name", "routers", "switches", "hosts", "links"], "name", form)


def fault_rows(plan: LabPlan | None) -> list[dict[str, Any]]:
    """Every kind; with a plan, where it fits."""
    from nocmesh.lab.faults.catalogue import kinds

    rows: list[dict[str, Any]] = []
    for name, kind in kinds().items():
        places = kind.places(plan) if plan else []
        fits = {"fits": len(places), "first": places[0] if places else None, "places": places} if plan else {}
        rows.append({"fault_type": name, "params": dict(kind.params), **fits})
    return rows
