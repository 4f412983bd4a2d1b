"""NetBox's objects as plain rows: names and slugs instead of nested objects. Pure.

The shapes of 3.0 to 4.x. What is not there, or of another shape, is None: a row never fails. Config contexts, custom
fields and comments are left out, where people put what is nobody's business here.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from nocmesh_bridges.redact import redact

Item = Mapping[str, Any]
Row = dict[str, Any]
LONGEST, MOST = 200, 20
"""Letters of a text, entries of a list."""
_WORDS = ("slug", "name", "address", "cid", "model", "display", "id")
"""Under which a nested object is known; its slug first, because that is what filters take."""


def row_of(what: str, item: Item) -> Row:
    """``item`` of NetBox's list ``what``, as a row."""
    return {"id": shown(item.get("id")), **{name: read(item) for name, read in _COLUMNS[what].items()}}


def lines_of(rows: Iterable[Row]) -> str:
    """``rows`` as they are recorded, one a line: what is quoted occurs in it letter for letter."""
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


def shown(value: Any) -> Any:
    """``value`` as a scalar or a list of them: a choice by its value, a nested object by its slug or name."""
    if isinstance(value, Mapping):
        word = value.get("value") if "label" in value else next((value[w] for w in _WORDS if value.get(w)), None)
        return _scalar(word)
    if isinstance(value, list):
        return [shown(one) if isinstance(one, Mapping) else _scalar(one) for one in value[:MOST]]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        line = "".join(c if c.isprintable() else " " for c in value[: 4 * LONGEST])
        line = redact("", " ".join(line.split()))
        return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
    if isinstance(value, bool) or value is None:
        return value
    # A number that JavaScript could not hold is no id of NetBox's, and would not travel.
    return value if isinstance(value, int | float) and abs(value) < 1 << 53 else None


def _plain(key: str, *also: str) -> Callable[[Item], Any]:
    """The first of these fields that is there."""
    return lambda item: next((shown(item[k]) for k in (key, *also) if item.get(k) not in (None, "")), None)


def _of(outer: str, inner: str) -> Callable[[Item], Any]:
    def read(item: Item) -> Any:
        holder = item.get(outer)
        return shown(holder.get(inner)) if isinstance(holder, Mapping) else None

    return read


def _name(key: str) -> Callable[[Item], Any]:
    """A nested object by its name, where devices are meant: they have no slug that says more."""
    return lambda item: _scalar(holder.get("name")) if isinstance(holder := item.get(key), Mapping) else None


def _end(value: Any) -> Any:
    """One end of a cable or path: `device:interface`, or what NetBox calls it."""
    if not isinstance(value, Mapping):
        return None
    nested = value.get("object")
    inner = nested if isinstance(nested, Mapping) else value
    device = inner.get("device")
    if isinstance(device, Mapping) and device.get("name") and inner.get("name"):
        return _scalar(f"{device['name']}:{inner['name']}")
    return shown({word: inner[word] for word in ("name", "cid", "display", "id") if inner.get(word)})


def _ends(*keys: str) -> Callable[[Item], Any]:
    """The ends under the first of these fields: a list since NetBox 3.3, one object before."""

    def read(item: Item) -> list[Any]:
        found: Any = next((item[key] for key in keys if item.get(key)), [])
        return [_end(one) for one in (found if isinstance(found, list) else [found])[:MOST]]

    return read


def _site(side: str) -> Callable[[Item], Any]:
    """Where a circuit ends: `termination` since NetBox 4.2, `site` or `provider_network` before."""

    def read(item: Item) -> Any:
        end = item.get(f"termination_{side}")
        if not isinstance(end, Mapping):
            return None
        return next((shown(end[key]) for key in ("termination", "site", "provider_network") if end.get(key)), None)

    return read


_COLUMNS: Mapping[str, Mapping[str, Callable[[Item], Any]]] = {
    "devices": {
        "name": _plain("name"),
        "site": _plain("site"),
        "role": _plain("role", "device_role"),
        "platform": _plain("platform"),
        "status": _plain("status"),
        "primary_ip": _of("primary_ip", "address"),
        "device_type": _plain("device_type"),
        "serial": _plain("serial"),
        "rack": _plain("rack"),
        "tags": _plain("tags"),
        "description": _plain("description"),
    },
    "interfaces": {
        "device": _name("device"),
        "name": _plain("name"),
        "type": _plain("type"),
        "enabled": _plain("enabled"),
        "mtu": _plain("mtu"),
        "mac_address": _plain("mac_address"),
        "mode": _plain("mode"),
        "lag": _plain("lag"),
        "untagged_vlan": _of("untagged_vlan", "vid"),
        "connected_to": _ends("connected_endpoints", "connected_endpoint"),
        "description": _plain("description"),
    },
    "addresses": {
        "address": _plain("address"),
        "status": _plain("status"),
        "role": _plain("role"),
        "vrf": _plain("vrf"),
        "device": lambda item: _name("device")(item["assigned_object"]) if _assigned(item) else None,
        "interface": _name("assigned_object"),
        "dns_name": _plain("dns_name"),
        "description": _plain("description"),
    },
    "cables": {
        "label": _plain("label"),
        "type": _plain("type"),
        "status": _plain("status"),
        "a": _ends("a_terminations", "termination_a"),
        "b": _ends("b_terminations", "termination_b"),
        "description": _plain("description"),
    },
    "circuits": {
        "cid": _plain("cid"),
        "provider": _plain("provider"),
        "type": _plain("type"),
        "status": _plain("status"),
        "a": _site("a"),
        "z": _site("z"),
        "commit_rate": _plain("commit_rate"),
        "description": _plain("description"),
    },
    "sites": {
        "name": _plain("name"),
        "slug": _plain("slug"),
        "status": _plain("status"),
        "region": _plain("region"),
        "facility": _plain("facility"),
        "tags": _plain("tags"),
        "description": _plain("description"),
    },
}


def _assigned(item: Item) -> bool:
    return isinstance(item.get("assigned_object"), Mapping)
