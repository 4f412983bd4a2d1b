"""``python -m nocmesh.cli``."""

from nocmesh.cli import main

main()
