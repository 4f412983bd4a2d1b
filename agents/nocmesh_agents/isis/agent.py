"""Ears and mouth of the specialist for IS-IS."""

from nocmesh.agent import role_of
from nocmesh_agents.judgement.agent import Specialist


class Isis(Specialist):
    """Finds what is wrong with an IS-IS adjacency, or below it."""

    type = "isis"
    capabilities = ("diagnose", "verify", "isis")
    description = "Diagnoses IS-IS: adjacencies, levels, identities, metrics, and the links that they stand on."


role = role_of(Isis)
