"""The specialist for layer 2: it judges by ``nocmesh_agents.judgement``."""

NAME = "layer2"
