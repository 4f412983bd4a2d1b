"""The specialist for OSPF: it judges by ``nocmesh_agents.judgement``."""

NAME = "ospf"
