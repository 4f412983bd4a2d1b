"""nocmesh.cli"""
