"""SNMP access of a device, resolved; its secrets are looked up by whoever uses them, and show in no log.

A secret may lie in an environment variable or a file that the SNMP bridge alone has: other processes read the same
inventory.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nocmesh.secret import Secret

if TYPE_CHECKING:
    from nocmesh.inventory_form import SnmpEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Snmp:
    """SNMP access: a community, or for version 3 a user with two passwords."""

    version: str
    port: int
    community: Secret
    user: str = ""
    auth: str = ""
    """`sha` or `sha256`."""
    auth_password: Secret | None = None
    privacy_password: Secret | None = None


def snmp_of(device: str, entry: "SnmpEntry", folder: Path) -> Snmp:
    """``entry`` of ``device``; files are looked for in ``folder``."""

    def secret(name: str) -> Secret:
        given = getattr(entry, name)
        file = getattr(entry, f"{name}_file")
        return Secret(
            of=f"{device}: snmp.{name}",
            value=given.get_secret_value() if given else "",
            env=getattr(entry, f"{name}_env"),
            file=folder / Path(file).expanduser() if file else None,
            store=getattr(entry, f"{name}_store"),
        )

    third = entry.version == "3"
    return Snmp(
        version=entry.version,
        port=entry.port,
        community=secret("community"),
        user=entry.user,
        auth=entry.auth if third else "",
        auth_password=secret("auth_password") if third else None,
        privacy_password=secret("privacy_password") if third else None,
    )
