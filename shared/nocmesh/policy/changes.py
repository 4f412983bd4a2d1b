"""A change as a policy sees it: what proposes it and what carries it out must judge the same. Pure."""

from collections.abc import Sequence
from datetime import datetime

from nocmesh.messages.state import Door
from nocmesh.network import Device, Network
from nocmesh.policy.blast import cut_off
from nocmesh.policy.judge import Asked


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
    door: Door = "shell" if spoken == "linux" else "cli"
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
