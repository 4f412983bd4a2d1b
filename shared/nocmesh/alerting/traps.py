"""What standard SNMP traps mean: which alert each is, whether it comes or goes, what it is about. Data.

RFC 3418 (starts, authentication), RFC 2863 (links), RFC 4273 and before it RFC 1657 (BGP), RFC 4750 (OSPF).
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from nocmesh.messages.alert import Severity

Subject = Literal["device", "interface", "bgp", "ospf", "objects"]
"""What a trap is about, and so what tells two of them apart; `objects`: the variables that it names."""

IF_TABLE, IF_X_TABLE = "1.3.6.1.2.1.2.2.1.", "1.3.6.1.2.1.31.1.1.1."
IF_INDEX, IF_DESCR = f"{IF_TABLE}1.", f"{IF_TABLE}2."
IF_NAME, IF_ALIAS = f"{IF_X_TABLE}1.", f"{IF_X_TABLE}18."
BGP_PEER = "1.3.6.1.2.1.15.3.1."
OSPF_NEIGHBOR = "1.3.6.1.2.1.14.10.1."
OSPF_NEIGHBOR_ADDRESS, OSPF_NEIGHBOR_ID, OSPF_NEIGHBOR_STATE = (f"{OSPF_NEIGHBOR}{column}." for column in (1, 3, 6))
OSPF_WELL = {"4": "twoWay", "8": "full"}
"""RFC 4750 §3.1: a trap tells a state that got worse, or that has come to one of these two."""
OSPF_STATES = {
    "1": "down",
    "2": "attempt",
    "3": "init",
    "5": "exchangeStart",
    "6": "exchange",
    "7": "loading",
    **OSPF_WELL,
}


class Meaning(NamedTuple):
    """One row."""

    name: str
    """The alert's name, as monitoring systems call it."""
    about: Subject
    status: Literal["firing", "resolved"]
    severity: Severity
    says: str
    """What happened, after the subject's name."""


_SNMP, _BGP, _OLD_BGP = "1.3.6.1.6.3.1.1.5", "1.3.6.1.2.1.15.0", "1.3.6.1.2.1.15.7"
_UP = Meaning("BgpSessionDown", "bgp", "resolved", "info", "is established")
_DOWN = Meaning("BgpSessionDown", "bgp", "firing", "critical", "is no longer established")

MEANINGS: Mapping[str, Meaning] = {
    f"{_SNMP}.1": Meaning("DeviceRestarted", "device", "firing", "warning", "has started anew (coldStart)"),
    f"{_SNMP}.2": Meaning("DeviceRestarted", "device", "firing", "warning", "has started anew (warmStart)"),
    f"{_SNMP}.3": Meaning("InterfaceDown", "interface", "firing", "critical", "is down"),
    f"{_SNMP}.4": Meaning("InterfaceDown", "interface", "resolved", "info", "is up"),
    f"{_SNMP}.5": Meaning(
        "SnmpAuthenticationFailure", "device", "firing", "warning", "was asked with wrong credentials"
    ),
    f"{_BGP}.1": _UP,
    f"{_BGP}.2": _DOWN,
    f"{_OLD_BGP}.1": _UP,
    f"{_OLD_BGP}.2": _DOWN,
    "1.3.6.1.2.1.14.16.2.2": Meaning("OspfNeighborDown", "ospf", "firing", "critical", "changed its state"),
}
"""By snmpTrapOID. An OSPF neighbour's status is in its state."""
ANYTHING_ELSE = Meaning("SnmpTrap", "objects", "firing", "warning", "sent the trap")
