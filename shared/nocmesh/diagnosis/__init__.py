"""nocmesh.diagnosis"""
