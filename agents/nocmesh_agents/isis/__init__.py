"""The specialist for IS-IS: it judges by ``nocmesh_agents.judgement``."""

NAME = "isis"
