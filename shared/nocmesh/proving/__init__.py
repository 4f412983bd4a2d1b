"""nocmesh.proving"""
