"""Ears and mouth of the specialist for layer 2."""

from nocmesh.agent import role_of
from nocmesh_agents.judgement.agent import Specialist


class Layer2(Specialist):
    """Finds what is wrong with links, ports, addresses and filters."""

    type = "layer2"
    capabilities = ("diagnose", "verify", "layer2")
    description = "Diagnoses devices, links, ports, VLANs, bundles, addresses and packet filters."


role = role_of(Layer2)
