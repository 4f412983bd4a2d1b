"""nocmesh.store"""
