"""One BGP table from two sources: what is configured, and what the sessions do.

Pure. Configuration says what a neighbour is meant to be; the device's own account says what it is.
"""

from collections.abc import Sequence

import msgspec

from nocmesh.messages.state import Bgp, BgpNeighbor, Quote, SessionState
from nocmesh_bridges.platforms.bgpconfig import ConfiguredBgp

_STATES: tuple[SessionState, ...] = ("idle", "connect", "active", "opensent", "openconfirm", "established")

_NOTIFICATIONS = {
    "peer in wrong as": "Bad Peer AS",
    "bgp identifier wrong": "Bad BGP Identifier",
    "hold time expired": "Hold Timer Expired",
    "holdtimer expired": "Hold Timer Expired",
    "unacceptable hold time": "Unacceptable Hold Time",
    "authentication failure": "Authentication Failure",
    "administratively shutdown": "Administrative Shutdown",
    "administrative shutdown": "Administrative Shutdown",
    "administratively reset": "Administrative Reset",
    "administrative reset": "Administrative Reset",
    "maximum number of prefixes reached": "Maximum Number of Prefixes Reached",
    "peer unconfigured": "Peer De-configured",
    "unsupported/disjoint capability": "Unsupported Capability",
}
"""IOS's wording (lower case) to that of RFC 4271 §6 and RFC 4486, which FRR uses."""


_CODES = frozenset(
    [
        "Message Header Error",
        "OPEN Message Error",
        "UPDATE Message Error",
        "Hold Timer Expired",
        "Neighbor Events Error",
        "Cease",
        "ROUTE-REFRESH Message Error",
    ]
)
"""What FRR writes before the slash."""


def session_state(word: str) -> SessionState:
    """RFC 4271 §8.2.2's name of a state; `unknown` for what is none, such as FRR's `Clearing`."""
    lowered = word.lower().replace(" ", "")
    return next((state for state in _STATES if state == lowered), "unknown")


def notification(text: str) -> str:
    """The name of a notification: `OPEN Message Error/Bad Peer AS` and `peer in wrong AS` are both `Bad Peer AS`."""
    name = text.strip()
    code, _, subcode = name.partition("/")
    if code in _CODES:
        name = code if subcode in {"", "Unspecific"} else subcode
    return _NOTIFICATIONS.get(name.lower(), name)


def merged(configured: ConfiguredBgp, sessions: Sequence[BgpNeighbor], source: str, router_id: str = "") -> Bgp:
    """Both together; ``source`` is the command that the configuration came from.

    A session without configuration (a dynamic neighbour) is kept; a neighbour without a session is `unknown`.
    """
    by_address = {session.address: session for session in sessions}
    known = [_both(neighbor, by_address.pop(neighbor.address, None)) for neighbor in configured.neighbors]
    return Bgp(
        asn=configured.asn,
        router_id=configured.router_id or router_id,
        neighbors=[*known, *by_address.values()],
        networks=configured.networks,
        quote=Quote(command=source, text=configured.line) if configured.line else None,
    )


def _both(configured: BgpNeighbor, session: BgpNeighbor | None) -> BgpNeighbor:
    if session is None:
        return configured
    return msgspec.structs.replace(
        session,
        remote_as=session.remote_as if configured.remote_as is None else configured.remote_as,
        local_as=session.local_as if configured.local_as is None else configured.local_as,
        enabled=configured.enabled and session.enabled,
        description=configured.description or session.description,
        update_source=configured.update_source,
        has_password=configured.has_password or session.has_password,
        ebgp_multihop=configured.ebgp_multihop,
        maximum_prefix=configured.maximum_prefix,
        address_families=configured.address_families,
        quotes=[*session.quotes, *configured.quotes],
    )
