"""Faults of BGP: sessions that do not come up (`bgp_sessions`), and routes that are wrong over those that do."""

from nocmesh.lab.faults.bgp_routes import ROUTES
from nocmesh.lab.faults.bgp_sessions import SESSIONS
from nocmesh.lab.faults.kinds import Kind

KINDS: tuple[Kind, ...] = (*SESSIONS, *ROUTES)
