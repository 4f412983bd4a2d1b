"""The specialist for spanning tree: it judges by ``nocmesh_agents.judgement``."""

NAME = "stp"
