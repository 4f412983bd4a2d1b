"""Provisioning a mesh: all zones, from the keys of the authority or from a provisioner's credentials."""

from nocmesh.bus.authority import Authority
from nocmesh.bus.credentials import Credentials
from nocmesh.bus.link import Link
from nocmesh.bus.plan import load_plan, reserved_mb
from nocmesh.bus.provisioning import provision_zone
from nocmesh.bus.rights import PROVISIONER
from nocmesh.errors import PreconditionError


async def provision(url: str, who: Authority | Credentials) -> None:
    """Make or update streams, buckets and consumers in every zone; doing it again changes nothing.

    Raises PreconditionError when the broker is too old or the plan does not fit, BusError, DeniedError.
    """
    plan = load_plan()
    for zone, limits in plan.zones.items():
        if reserved_mb(plan, zone) > limits.disk_mb:
            reserved = reserved_mb(plan, zone)
            raise PreconditionError(f"topology.toml reserves {reserved} MB in {zone}, which has {limits.disk_mb}")
    credentials = who if isinstance(who, Credentials) else who.issue(PROVISIONER, "provisioner")
    for zone in credentials.jwts:
        link = await Link.open(url, zone, credentials, lambda _: None)
        try:
            await provision_zone(link, zone, plan)
        finally:
            await link.close()
