"""Devices in the API: what one was like when well, and what has moved since. They only read."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from nocmesh.diagnosis.baseline import Book
from nocmesh.errors import BusError, InvalidInputError, NocmeshError, NotFoundError, PreconditionError
from nocmesh.network import Device
from nocmesh_dashboard.web import Call, answer


def device_row(device: Device, book: Book | None) -> dict[str, Any]:
    """One device of the list; ``book`` is None where the monitor has not tried it yet."""
    latest = book.latest if book else None
    return {
        "name": device.name,
        "platform": device.platform,
        "address": device.address,
        "role": device.role,
        "site": device.site,
        "core": device.core,
        "reading": book.status if book else "not tried",
        "error": book.error if book else "",
        "baseline": book.good if book else 0,
        "latest": latest.number if latest else 0,
        "seen_at": latest.until if latest else None,
    }


_KINDS: Mapping[str, type[NocmeshError]] = {"NotFoundError": NotFoundError, "InvalidInputError": InvalidInputError}


async def devices(call: Call) -> Response:
    """The devices of the inventory, each with what is known of its past."""
    return answer({"items": list(await call.web.backend.devices()), "next": None})


async def config_diff(call: Call) -> Response:
    """What moved on one device between two looks at it."""
    arguments = {"device": call.path("name"), "from": call.query("from"), "to": call.query("to")}
    return answer(await _asked(call, "config_diff", arguments))


async def baseline(call: Call) -> Response:
    """What one device was like: its configuration, its typed state, and the versions that are kept."""
    arguments = {"device": call.path("name"), "version": call.query("version")}
    content = await _asked(call, "device_baseline", arguments)
    text = "".join(output["text"] for output in content.pop("outputs", []))
    return answer({"device": call.path("name"), "config": text, **content})


async def _asked(call: Call, tool: str, arguments: Mapping[str, str]) -> dict[str, Any]:
    """The tool's answer. Raises NotFoundError, InvalidInputError, BusError (the device is silent)."""
    given = {key: value for key, value in arguments.items() if value}
    reply = await call.web.backend.call_tool(call.person, tool, given)
    content = dict(reply["content"])
    if reply["status"] == "ok":
        return content
    if reply["status"] == "unreachable":
        raise BusError(str(reply["error"]), next="look at the device, then ask again")
    kind = _KINDS.get(str(content.get("kind", "")), PreconditionError)
    raise kind(str(reply["error"]), next="GET /api/devices lists devices and how they were read")
