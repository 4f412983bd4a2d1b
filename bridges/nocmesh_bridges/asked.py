"""What the call of a bridge's tool is about."""

from collections.abc import Mapping
from typing import Any

from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.network import Device, Network


def device_asked(network: Network, arguments: Mapping[str, Any]) -> Device:
    """The device that ``arguments`` name. Raises InvalidInputError when none, NotFoundError for an unknown one."""
    name = str(arguments.get("device", ""))
    if not name:
        raise InvalidInputError("the argument 'device' is missing: the name of an inventory device", field="device")
    found = network.device(name)
    if found is None:
        known = ", ".join(device.name for device in network.devices[:50])
        raise NotFoundError(f"no device {name!r} in the inventory; known: {known}", device=name)
    return found
