"""SNMP traps as the SNMP bridge puts them into the stream: decoded, without the community, with the device's name."""

from datetime import datetime
from typing import Literal

from nocmesh.messages.base import Message


class Bound(Message, frozen=True, kw_only=True):
    """One variable of a trap."""

    oid: str
    kind: str
    """`INTEGER`, `STRING`, `OID`, `IpAddress`, `Gauge32`, …"""
    value: str
    """Bytes that are no text are in hexadecimal, `52 54 00`."""


class TrapSeen(Message, frozen=True, kw_only=True):
    """One trap, or several in a row that say the same."""

    device: str
    """By the inventory's name; the address that it came from where the inventory does not know it."""
    source: str
    """The address that sent it."""
    version: Literal["1", "2c", "3"]
    trap: str
    """snmpTrapOID."""
    uptime: int | None = None
    """sysUpTime, in hundredths of a second."""
    varbinds: list[Bound] = []
    """Without sysUpTime and snmpTrapOID."""
    interface: str = ""
    """ifName of the interface that it is about, by the trap's own word or by the device's when asked."""
    description: str = ""
    """ifDescr, likewise."""
    alias: str = ""
    """ifAlias, likewise."""
    at: datetime
    """When the bridge received it; the first, where there are several."""
    count: int = 1


class Traps(Message, frozen=True, kw_only=True):
    """The body of one message."""

    traps: list[TrapSeen]
