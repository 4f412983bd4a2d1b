"""nocmesh.agent"""
