"""The networks that a case may name, and on which ground each is."""

import re

from nocmesh.evaluation.case import Case
from nocmesh.lab import graph

SIMULATED = ("campus", "demo", "pair")
"""Simulated devices."""
_SYNTHETIC = re.compile(r"synthetic-\d{1,6}-\d{1,2}")


def lab_names() -> list[str]:
    """Routers, bridges and hosts in network namespaces."""
    return graph.names()


def known_names() -> list[str]:
    """Every topology."""
    return sorted({*lab_names(), *SIMULATED})


def is_simulated(topology: str) -> bool:
    """Whether simulated devices can be it; `synthetic-SEED-DEVICES` is made of two numbers."""
    return topology in SIMULATED or bool(_SYNTHETIC.fullmatch(topology))


def ground_of(case: Case) -> str:
    """`sim` or `lab`: what the case says, else where its network is at home; real routers go before simulated ones."""
    return case.ground or ("lab" if case.graph or case.topology in lab_names() else "sim")
