"""nocmesh.bus"""
