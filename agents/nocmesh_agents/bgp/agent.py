"""Ears and mouth of the specialist for BGP."""

from nocmesh.agent import role_of
from nocmesh_agents.judgement.agent import Specialist


class Bgp(Specialist):
    """Finds what is wrong with a BGP session, or below it."""

    type = "bgp"
    capabilities = ("diagnose", "verify", "bgp")
    description = "Diagnoses BGP sessions, and the links and interfaces that they stand on."


role = role_of(Bgp)
