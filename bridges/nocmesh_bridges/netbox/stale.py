"""Where the network that the mesh works with differs from the one that NetBox has now. Pure."""

from nocmesh.network import Network

TOLD = 20


def differences(known: Network, now: Network) -> list[str]:
    """A sentence for each device that differs, and one for the links; none: the mesh knows all of it."""
    before = {device.name: device for device in known.devices}
    after = {device.name: device for device in now.devices}
    found = [f"{name} is new in NetBox" for name in sorted(after.keys() - before.keys())]
    found += [f"{name} is gone from NetBox" for name in sorted(before.keys() - after.keys())]
    both = sorted(before.keys() & after.keys())
    found += [f"{name} is another in NetBox" for name in both if before[name] != after[name]]
    # A link has no direction, and no order among links.
    links = [{frozenset((link.a, link.b)) for link in network.links} for network in (known, now)]
    found += ["the links are others in NetBox"] if links[0] != links[1] else []
    return found if len(found) <= TOLD else [*found[:TOLD], f"and {len(found) - TOLD} more"]
