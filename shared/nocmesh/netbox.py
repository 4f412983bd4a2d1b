"""An inventory out of NetBox: the same model as a file's.

What is asked for is written down in a small file (`netbox:` with url, token_env, filters, credentials by platform,
role or tag), or given as an address by `nocmesh inventory from-netbox`. NetBox holds no secret of ours: credentials
are named there or here, and lie here.
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from nocmesh.errors import InvalidInputError, PreconditionError
from nocmesh.inventory_form import NetBoxEntry
from nocmesh.netbox_client import NetBoxClient
from nocmesh.netbox_model import Found, Mapped, Objects, found_in, ignored_filters
from nocmesh.yamlfile import Document, Mistake, Place, spelled, validated

AT_ONCE = 50
"""Devices whose interfaces are asked for in one question: an address has a length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetBoxDocument(Document):
    """Data that no file has lines for: a mistake names the device instead."""

    def mistake(self, place: Place, reason: str) -> Mistake:
        """``reason``, at ``place``."""
        return Mistake(line=0, path=self._named(place), reason=reason)

    def where(self, place: Place) -> str:
        """How a text points at ``place``."""
        return f"by {self._named(place)}"

    def refuse(self, mistakes: Iterable[Mistake]) -> None:
        """Raise InvalidInputError that names every mistake; none: return."""
        ordered = sorted(set(mistakes), key=lambda m: (m.path, m.reason))
        if ordered:
            lines = [f"{self.name}: {m.path}: {m.reason}" for m in ordered]
            raise InvalidInputError("\n".join(lines), field=ordered[0].path, reason=ordered[0].reason)

    def _named(self, place: Place) -> str:
        """`devices[r1].address` instead of `devices[17].address`."""
        if len(place) < 2 or place[0] != "devices" or not isinstance(place[1], int):
            return spelled(place)
        name = self.data["devices"][place[1]].get("name", place[1])
        return f"devices[{name}]" + (f".{spelled(place[2:])}" if place[2:] else "")


def read_netbox(entry: NetBoxEntry) -> Found:
    """What ``entry`` asks for. Raises PreconditionError when its token is not there, and what the client raises."""
    with client_of(entry) as client:
        return found_in(_objects(client, entry.filters), mapped_of(entry))


def client_of(entry: NetBoxEntry, *, most_seconds: float = 600.0) -> NetBoxClient:
    """A client for the NetBox of ``entry``, which waits ``most_seconds`` at most for an answer.

    Raises PreconditionError when its token is not there.
    """
    seconds = min(entry.timeout, most_seconds)
    return NetBoxClient(entry.url, _token(entry), verify=entry.verify, ca_file=entry.ca_file, seconds=seconds)


def document_of(data: Mapping[str, Any], entry: NetBoxEntry, found: Found) -> NetBoxDocument:
    """The inventory that ``data`` (the file with its credentials and users) and ``found`` make together."""
    own = {key: value for key, value in data.items() if key != "netbox"}
    whole = {**own, "devices": found.devices, "links": found.links}
    return NetBoxDocument(name=entry.url, data=whole, lines={})


def entry_of(address: str, token_env: str, credential: str) -> NetBoxEntry:
    """An address as `netbox+https://host/?site=ams&role=core` (also without `netbox+`) as what is asked for.

    Raises InvalidInputError.
    """
    parts = urlsplit(address.removeprefix("netbox+"))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInputError(f"{address!r} is no address; expected netbox+https://HOST/?site=NAME", field="url")
    if parts.username or parts.password:
        raise InvalidInputError(f"{parts.hostname}: no secret in an address; name a variable with --token-env")
    url = f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")
    filters = parse_qs(parts.query, keep_blank_values=True)
    data = {"url": url, "token_env": token_env, "filters": filters, "credential": credential}
    document = Document(name=address, data=data, lines={})
    entry, mistakes = validated(document, NetBoxEntry)
    document.refuse(mistakes)
    assert entry is not None
    return entry


def mapped_of(entry: NetBoxEntry) -> Mapped:
    """How devices become ours."""
    return Mapped(
        credential=entry.credential,
        by_platform=entry.credential_by.platform,
        by_role=entry.credential_by.role,
        by_tag=entry.credential_by.tag,
        platforms=entry.platforms,
        core_roles=entry.core_roles,
    )


def _token(entry: NetBoxEntry) -> str:
    token = os.environ.get(entry.token_env, "").strip()
    if not token:
        raise PreconditionError(f"{entry.url}: the variable {entry.token_env} holds no token; set it to one of NetBox")
    if not token.isascii() or any(c.isspace() for c in token):
        raise PreconditionError(f"{entry.url}: the variable {entry.token_env} holds no token: it has a blank in it")
    return token


def _objects(client: NetBoxClient, filters: Mapping[str, Sequence[str]]) -> Objects:
    chosen = [(key, value) for key, values in sorted(filters.items()) for value in values]
    devices = list(client.items("/api/dcim/devices/", [*chosen, ("ordering", "id")]))
    ignored = ignored_filters(devices, filters)
    if ignored:
        raise InvalidInputError(
            f"{client.url}: the answer does not keep to the filter {ignored[0]!r}; it should not have been ignored: "
            "check how this NetBox spells it",
            field=f"filters.{ignored[0]}",
        )
    ids = [str(device["id"]) for device in devices if isinstance(device.get("id"), int)]
    return Objects(
        devices=devices,
        interfaces=_of_devices(client, "/api/dcim/interfaces/", ids),
        addresses=_of_devices(client, "/api/ipam/ip-addresses/", ids),
        cables=_of_devices(client, "/api/dcim/cables/", ids),
    )


def _of_devices(client: NetBoxClient, path: str, ids: Sequence[str]) -> list[dict[str, Any]]:
    """The objects of so many devices, each once: a cable belongs to two."""
    found: dict[object, dict[str, Any]] = {}
    for some in _chunks(ids):
        for item in client.items(path, [*(("device_id", one) for one in some), ("ordering", "id")]):
            found[str(item.get("id"))] = item
    return list(found.values())


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for at in range(0, len(ids), AT_ONCE):
        yield ids[at : at + AT_ONCE]
