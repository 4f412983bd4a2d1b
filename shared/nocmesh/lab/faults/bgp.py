"""Faults of BGP: sessions that do not come up, routes that are not told on, policies that tell them wrongly."""

from nocmesh.lab.faults.bgp_policies import POLICIES
from nocmesh.lab.faults.bgp_routes import ROUTES
from nocmesh.lab.faults.bgp_sessions import SESSIONS
from nocmesh.lab.faults.kinds import Kind

KINDS: tuple[Kind, ...] = (*SESSIONS, *ROUTES, *POLICIES)
