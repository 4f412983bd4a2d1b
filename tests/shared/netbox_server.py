"""A NetBox to read from: a real HTTP server with its lists, pages, filters and refusals. The data is made up.

NetBox itself (Django, PostgreSQL, Redis) cannot be installed where these tests run; the shapes are those of its REST
API 4.x: https://netboxlabs.com/docs/netbox/integrations/rest-api/.
"""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

TOKEN = "0123456789abcdef0123456789abcdef01234567"
Answer = tuple[int, str, bytes]


def nested(id: int, slug: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "url": f"http://netbox/api/x/{id}/", "display": slug, "name": slug, "slug": slug, **more}


def device(id: int, name: str | None, address: str | None, platform: str | None = "frr", **more: Any) -> dict[str, Any]:
    """As /api/dcim/devices/ gives one."""
    primary = {"id": id, "family": {"value": 4, "label": "IPv4"}, "address": address} if address else None
    return {
        "id": id,
        "url": f"http://netbox/api/dcim/devices/{id}/",
        "display": name,
        "name": name,
        "device_type": nested(1, "router", manufacturer=nested(1, "acme")),
        "role": nested(1, "core"),
        "tenant": None,
        "platform": nested(1, platform) if platform else None,
        "serial": "",
        "site": nested(1, "ams"),
        "status": {"value": "active", "label": "Active"},
        "primary_ip": primary,
        "primary_ip4": primary,
        "primary_ip6": None,
        "config_context": {},
        "custom_fields": {},
        "tags": [],
        **more,
    }


def interface(id: int, owner: int, name: str, **more: Any) -> dict[str, Any]:
    """As /api/dcim/interfaces/ gives one."""
    return {
        "id": id,
        "device": {"id": owner, "name": f"device {owner}"},
        "name": name,
        "type": {"value": "1000base-t", "label": "1000BASE-T (1GE)"},
        "enabled": True,
        "mtu": None,
        "description": "",
        "cable": None,
        "connected_endpoints": None,
        "connected_endpoints_type": None,
        **more,
    }


def ip_address(id: int, address: str, on: int | None) -> dict[str, Any]:
    """As /api/ipam/ip-addresses/ gives one."""
    kind = "dcim.interface" if on else None
    return {"id": id, "address": address, "vrf": None, "assigned_object_type": kind, "assigned_object_id": on}


def cable(id: int, a: int, b: int, kind: str = "dcim.interface") -> dict[str, Any]:
    """As /api/dcim/cables/ gives one since NetBox 3.3."""

    def end(interface: int) -> list[dict[str, Any]]:
        return [{"object_type": kind, "object_id": interface, "object": {"id": interface}}]

    return {"id": id, "type": "cat6", "a_terminations": end(a), "b_terminations": end(b), "label": ""}


@dataclass
class NetBox:
    """What the server holds, and how it behaves."""

    devices: list[dict[str, Any]] = field(default_factory=list)
    interfaces: list[dict[str, Any]] = field(default_factory=list)
    addresses: list[dict[str, Any]] = field(default_factory=list)
    cables: list[dict[str, Any]] = field(default_factory=list)
    circuits: list[dict[str, Any]] = field(default_factory=list)
    sites: list[dict[str, Any]] = field(default_factory=list)
    page: int = 2
    """The most that a page holds, whatever is asked for: NetBox's MAX_PAGE_SIZE."""
    deaf: frozenset[str] = frozenset()
    """Filters that it ignores."""
    odd: Callable[[str, Mapping[str, list[str]]], Answer | None] = lambda path, query: None
    """An answer instead of the right one."""
    asked: list[str] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    url: str = ""

    def answer(self, target: str, token: str) -> Answer:
        parts = urlsplit(target)
        query = parse_qs(parts.query, keep_blank_values=True)
        self.asked.append(target)
        self.tokens.add(token)
        odd = self.odd(parts.path, query)
        if odd is not None:
            return odd
        if token not in (f"Token {TOKEN}", f"Bearer nbt_{TOKEN}"):
            return said(403, {"detail": "Invalid token"})
        rows = self.rows(parts.path, query)
        return said(404, {"detail": "Not found."}) if rows is None else said(200, self.paged(parts.path, query, rows))

    def rows(self, path: str, query: Mapping[str, list[str]]) -> list[dict[str, Any]] | None:
        named = {one["id"] for one in self.devices if one["name"] in query.get("device", [])}
        ids = {int(one) for one in query.get("device_id", [])} | named
        if not {"device", "device_id"} & query.keys():  # what no filter narrows is all of it
            ids = {one["id"] for one in self.devices}
        if path == "/api/dcim/devices/":
            return [one for one in self.devices if self.chosen(one, query)]
        if path == "/api/dcim/interfaces/":
            return [one for one in self.interfaces if one["device"]["id"] in ids]
        mine = {one["id"] for one in self.interfaces if one["device"]["id"] in ids}
        if path == "/api/ipam/ip-addresses/":
            return [one for one in self.addresses if one["assigned_object_id"] in mine]
        if path == "/api/dcim/cables/":
            return [one for one in self.cables if mine & set(ends_of(one))]
        if path == "/api/circuits/circuits/":
            return self.circuits
        if path == "/api/dcim/sites/":
            return self.sites
        return None

    def chosen(self, one: Mapping[str, Any], query: Mapping[str, list[str]]) -> bool:
        """As NetBox filters: by slug or value; what it does not know it ignores."""
        for key in ("site", "role", "status", "platform"):
            if key in query and key not in self.deaf:
                value = one[key] or {}
                if value.get("slug", value.get("value")) not in query[key]:
                    return False
        tags = {tag["slug"] for tag in one["tags"]}
        return "tag" not in query or "tag" in self.deaf or bool(tags & set(query["tag"]))

    def paged(self, path: str, query: Mapping[str, list[str]], rows: list[dict[str, Any]]) -> dict[str, Any]:
        limit = min(self.page, int(query.get("limit", ["50"])[0]))
        offset = int(query.get("offset", ["0"])[0])
        more = {**query, "limit": [str(limit)], "offset": [str(offset + limit)]}
        following = f"http://inside.example{path}?{urlencode(more, doseq=True)}" if offset + limit < len(rows) else None
        return {"count": len(rows), "next": following, "previous": None, "results": rows[offset : offset + limit]}


def ends_of(cable: Mapping[str, Any]) -> Iterator[int]:
    for side in ("a", "b"):
        yield from (end["object_id"] for end in cable.get(f"{side}_terminations", []))
        if f"termination_{side}_id" in cable:
            yield cable[f"termination_{side}_id"]


def said(status: int, body: Any) -> Answer:
    return status, "application/json", json.dumps(body).encode()


@contextmanager
def serving(netbox: NetBox) -> Iterator[NetBox]:
    """``netbox``, answering on a port of this machine until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = netbox.answer(self.path, self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        netbox.url = f"http://127.0.0.1:{server.server_address[1]}"
        try:
            yield netbox
        finally:
            server.shutdown()
            thread.join()
