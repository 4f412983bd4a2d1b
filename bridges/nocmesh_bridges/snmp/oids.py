"""Which objects are asked for, by number, and which are never shown. Data.

SNMPv2-MIB (RFC 3418), HOST-RESOURCES-MIB (RFC 2790), IF-MIB (RFC 2863), BGP4-MIB (RFC 4273), OSPF-MIB (RFC 4750),
IP-MIB (RFC 4293, and RFC 1213 where that is not there).
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from nocmesh.errors import GuardError, InvalidInputError

MIB2 = "1.3.6.1.2.1"
ALLOWED = (MIB2, "1.3.6.1.4.1", "1.0.8802.1.1", "1.2.840.10006", "1.3.111.2")
"""What may be asked: mib-2, enterprises, IEEE (LLDP, LACP). Not snmpModules, where communities and users stand."""
HIDDEN = (
    f"{MIB2}.14.7.1.16.",  # ospfIfAuthKey
    f"{MIB2}.14.9.1.9.",  # ospfVirtIfAuthKey
    f"{MIB2}.23.3.1.5.",  # rip2IfConfAuthKey
    "1.3.6.1.4.1.9.2.1.",  # OLD-CISCO-SYS-MIB: host names and files of the configuration
)
"""Columns that hold secrets where an agent does not keep to the MIB, by which they read as empty."""
_OID = re.compile(r"(?:0|[1-9]\d{0,9})(?:\.(?:0|[1-9]\d{0,9})){1,127}")


def checked(oid: str) -> str:
    """``oid`` without a leading dot. Raises InvalidInputError for no OID, GuardError for one that may not be asked."""
    plain = oid.removeprefix(".")
    if not _OID.fullmatch(plain) or any(int(arc) >= 1 << 32 for arc in plain.split(".")):
        raise InvalidInputError(f"{oid[:80]!r} is no OID; expected numbers such as 1.3.6.1.2.1.1.5.0", field="oid")
    if not any(f"{plain}.".startswith(f"{root}.") for root in ALLOWED):
        raise GuardError(f"{plain} may not be asked; expected an OID under {', '.join(ALLOWED)}", oid=plain)
    if plain.startswith(HIDDEN):
        raise GuardError(f"{plain} may not be asked: it may hold a secret", oid=plain)
    return plain


def is_hidden(oid: str) -> bool:
    """Whether its value may not leave the bridge."""
    return oid.startswith(HIDDEN)


class Table(NamedTuple):
    """What one named table asks: single objects, and columns by the name that ``tables`` knows them by."""

    scalars: Mapping[str, str]
    columns: Mapping[str, str]


_SYSTEM = {"sysDescr": f"{MIB2}.1.1.0", "sysUpTime": f"{MIB2}.1.3.0", "sysName": f"{MIB2}.1.5.0"}
_IF, _IFX = f"{MIB2}.2.2.1", f"{MIB2}.31.1.1.1"
_IP, _IP_OLD = f"{MIB2}.4.34.1", f"{MIB2}.4.20.1"
_BGP, _OSPF = f"{MIB2}.15", f"{MIB2}.14"

TABLES: Mapping[str, Table] = {
    "system": Table({**_SYSTEM, "ipForwarding": f"{MIB2}.4.1.0", "hrSystemUptime": f"{MIB2}.25.1.1.0"}, {}),
    "interfaces": Table(
        {"ifNumber": f"{MIB2}.2.1.0", "sysUpTime": f"{MIB2}.1.3.0"},
        {
            "ifDescr": f"{_IF}.2",
            "ifType": f"{_IF}.3",
            "ifMtu": f"{_IF}.4",
            "ifSpeed": f"{_IF}.5",
            "ifPhysAddress": f"{_IF}.6",
            "ifAdminStatus": f"{_IF}.7",
            "ifOperStatus": f"{_IF}.8",
            "ifInDiscards": f"{_IF}.13",
            "ifInErrors": f"{_IF}.14",
            "ifOutDiscards": f"{_IF}.19",
            "ifOutErrors": f"{_IF}.20",
            "ifName": f"{_IFX}.1",
            "ifHighSpeed": f"{_IFX}.15",
            "ifAlias": f"{_IFX}.18",
        },
    ),
    "ip_addresses": Table(
        {"ipForwarding": f"{MIB2}.4.1.0"},
        {
            "ifName": f"{_IFX}.1",
            "ifDescr": f"{_IF}.2",
            "ipAddressIfIndex": f"{_IP}.3",
            "ipAddressType": f"{_IP}.4",
            "ipAddressPrefix": f"{_IP}.5",
            "ipAdEntIfIndex": f"{_IP_OLD}.2",
            "ipAdEntNetMask": f"{_IP_OLD}.3",
        },
    ),
    "bgp_peers": Table(
        {"bgpLocalAs": f"{_BGP}.2.0", "bgpIdentifier": f"{_BGP}.4.0"},
        {
            "bgpPeerState": f"{_BGP}.3.1.2",
            "bgpPeerAdminStatus": f"{_BGP}.3.1.3",
            "bgpPeerRemoteAs": f"{_BGP}.3.1.9",
            "bgpPeerLastError": f"{_BGP}.3.1.14",
            "bgpPeerFsmEstablishedTransitions": f"{_BGP}.3.1.15",
            "bgpPeerFsmEstablishedTime": f"{_BGP}.3.1.16",
        },
    ),
    "ospf_neighbors": Table(
        {"ospfRouterId": f"{_OSPF}.1.1.0", "ospfAdminStat": f"{_OSPF}.1.2.0"},
        {"ospfNbrRtrId": f"{_OSPF}.10.1.3", "ospfNbrState": f"{_OSPF}.10.1.6"},
    ),
}
