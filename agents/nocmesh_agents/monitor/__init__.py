"""The monitor watches the mesh and the network.

health  what makes a mesh healthy: pure
agent   ears and mouth
"""
