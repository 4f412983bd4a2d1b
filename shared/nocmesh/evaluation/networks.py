"""The networks that a case may name, and on which ground each is."""

from nocmesh.evaluation.case import Case

SIMULATED = ("demo", "pair")
"""Simulated devices."""
LAB = ("abilene", "campus", "clos", "dfn")
"""Routers, bridges and hosts in network namespaces."""


def ground_of(case: Case) -> str:
    """`sim` or `lab`: what the case says, else what its network is."""
    return case.ground or ("sim" if case.topology in SIMULATED else "lab")
