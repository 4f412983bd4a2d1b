"""A change as a policy sees it: what proposes it and what carries it out must judge the same. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from nocmesh.messages.policy import Way
from nocmesh.network import Device, Network
from nocmesh.policy.blast import cut_off
from nocmesh.policy.judge import Asked

WAYS: Mapping[str, Way] = {"linux": "shell", "postgresql": "sql", "http": "http", "local": "local"}
"""How a platform is reached, where it is not a device's command line."""


def asked_of(
    device: Device,
    network: Network,
    commands: Sequence[str],
    rollback: Sequence[str],
    *,
    spoken: str,
    requested_by: str,
    at: datetime | None = None,
) -> Asked:
    """What a policy is asked about ``commands`` on ``device``, with what undoes them.

    ``spoken``: the platform behind the door.
    """
    door: Way = WAYS.get(spoken, "cli")
    return Asked(
        lines=[*commands, *rollback],
        door=door,
        device=device.name,
        platform=spoken,
        role=device.role,
        site=device.site,
        core=device.core,
        cut_off=cut_off(network, device.name, commands, door),
        reversible=device.undoes_by_itself,
        requested_by=requested_by,
        at=at,
    )
