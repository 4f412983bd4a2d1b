"""The monitor watches the mesh and the network.

health  what makes a mesh healthy: pure
sight   reads one device whole, as a snapshot
keeper  keeps the snapshots, and says which one is known good
historian  keeps the histories: what turned, by the clock
verdicts  which changes were proved good: pure
agent   ears and mouth
"""
