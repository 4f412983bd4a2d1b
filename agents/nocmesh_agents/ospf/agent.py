"""Ears and mouth of the specialist for OSPF."""

from nocmesh.agent import role_of
from nocmesh_agents.judgement.agent import Specialist


class Ospf(Specialist):
    """Finds what is wrong with an OSPF adjacency, or below it."""

    type = "ospf"
    capabilities = ("diagnose", "verify", "ospf")
    description = "Diagnoses OSPF: adjacencies, areas, identities, costs, and the links that they stand on."


role = role_of(Ospf)
