"""isis faults."""

from nocmesh.lab.faults.kinds import Kind

KINDS: tuple[Kind, ...] = ()
