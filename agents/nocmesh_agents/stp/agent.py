"""Ears and mouth of the specialist for spanning tree."""

from nocmesh.agent import role_of
from nocmesh_agents.judgement.agent import Specialist


class Stp(Specialist):
    """Finds what is wrong with a spanning tree."""

    type = "stp"
    capabilities = ("diagnose", "verify", "stp")
    description = "Diagnoses spanning tree: roots, ports, costs, loops."


role = role_of(Stp)
