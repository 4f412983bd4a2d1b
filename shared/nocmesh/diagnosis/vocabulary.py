"""The closed vocabulary of faults, read from ``faults.toml``: a root cause is named by it or not at all."""

import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

import msgspec

from nocmesh.diagnosis.resources import ResourceKind, check_resource, kind_of
from nocmesh.errors import InvalidInputError
from nocmesh.messages.base import Message
from nocmesh.messages.report import RootCause
from nocmesh.network import Network

Reach = Literal["gone", "transit", "itself", "routing", "unknown", "kept"]
"""What of forwarding a fault takes away; the words are explained at the head of ``faults.toml``."""


class FaultType(Message, frozen=True, kw_only=True):
    """One row of the vocabulary."""

    name: str
    family: str
    resource: ResourceKind
    """The kind of resource that it is named on."""
    ground: Literal["lab", "sim"]
    """Where the type is proven: on real routers, bridges and links, or on simulated devices."""
    nika: bool = False
    """The id is the NIKA benchmark's own."""
    meaning: str
    effect: str
    """What it does to traffic, in a sentence for people."""
    by_hand: str
    """What a person does about it."""
    reach: Reach
    """What it takes away from who must be reached."""


@cache
def fault_types() -> Mapping[str, FaultType]:
    """Every fault type by its name, in the file's order: the families from the lowest layer up."""
    raw = tomllib.loads(files("nocmesh.diagnosis").joinpath("faults.toml").read_text("utf-8"))
    rows = ({"name": name, **row} for name, row in raw.items())
    return MappingProxyType({row["name"]: msgspec.convert(row, FaultType) for row in rows})


def fault_type(name: str) -> FaultType:
    """The type of that name. Raises InvalidInputError with the nearest known one."""
    known = fault_types()
    if name in known:
        return known[name]
    near = get_close_matches(name[:100], known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "docs/reference/faults.md lists them"
    raise InvalidInputError(
        f"unknown fault type {name[:100]!r}: expected one of the {len(known)} of the closed vocabulary; {hint}",
        field="fault_type",
        reason="not in the vocabulary",
    )


def check_root_cause(cause: RootCause, network: Network) -> RootCause:
    """``cause`` itself, when type and resource are known and fit each other.

    Raises InvalidInputError that says what was wrong and what was expected.
    """
    kind = fault_type(cause.fault_type).resource
    check_resource(cause.resource, network)
    if kind_of(cause.resource) != kind:
        raise InvalidInputError(
            f"{cause.fault_type} is named on a {kind}, not on {cause.resource!r}; expected an id that starts "
            f"with '{kind}/'",
            field="resource",
            reason=f"expected a {kind}",
        )
    return cause


_HEAD = """# Faults

What a root cause may be named. This page is generated from `shared/nocmesh/diagnosis/faults.toml`
(`nocmesh.diagnosis.vocabulary.render_page`); a new type is a new row there.

A root cause is a fault type on a resource: `node/<device>`, `interface/<device>/<interface>` or
`link/<a>:<if>--<b>:<if>` (ends in alphabetical order), as the inventory knows them. Anything else is refused.
`healthy` is an answer, not a fault: no root cause and the verdict `false_positive`.

*Ground* says where a type is proven: `lab`, on real routers, bridges and links; `sim`, on simulated devices, where
the lab's kernel cannot produce it. Types marked * bear the id of the NIKA benchmark (arXiv 2512.16381).
"""


def render_page() -> str:
    """docs/reference/faults.md: the vocabulary as tables, a family each."""
    families: dict[str, list[FaultType]] = {}
    for fault in fault_types().values():
        families.setdefault(fault.family, []).append(fault)
    return "\n".join([_HEAD, *(_section(family, rows) for family, rows in families.items())])


def _section(family: str, rows: list[FaultType]) -> str:
    lines = [
        f"## {family.replace('_', ' ')}",
        "",
        "| fault type | resource | ground | what it is | what it does | by hand |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*lines, *map(_row, rows), ""])


def _row(fault: FaultType) -> str:
    name = f"`{fault.name}`{'*' if fault.nika else ''}"
    cells = (name, fault.resource, fault.ground, fault.meaning, fault.effect, fault.by_hand)
    return f"| {' | '.join(cells)} |"
