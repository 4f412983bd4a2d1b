"""The desk of a simulated network: takes orders as JSON objects, one a line, and answers each."""

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from nocmesh.errors import InvalidInputError, NocmeshError
from nocmesh.proving.simulated.breakages import Breakage, possible
from nocmesh.proving.simulated.server import SimulatedNetwork

Json = dict[str, Any]


class Desk:
    """Takes requests for one running network."""

    def __init__(self, network: SimulatedNetwork) -> None:
        self._network = network
        self._fault: Breakage | None = None
        self._doors: Mapping[str, Callable[[Json], Json]] = {
            "inject": self._inject,
            "heal": self._heal,
            "shows": self._shows,
            "log": self._log,
            "config": self._config,
            "sessions": self._sessions,
            "faults": lambda _: {"faults": possible(network.live)},
            "who": lambda _: {"pid": os.getpid(), "devices": sorted(network.model.nodes)},
        }

    def handle(self, text: str) -> Json:
        """One request line; gives the answer, with `ok` false and the reason when it cannot be done."""
        try:
            request = _read(text)
            door = self._doors.get(str(request.get("do")))
            if door is None:
                raise InvalidInputError(f"unknown request {request.get('do')!r}; known: {', '.join(self._doors)}")
            return {"ok": True, **door(request)}
        except NocmeshError as error:
            return {"ok": False, "error": error.message}

    def _inject(self, request: Json) -> Json:
        device, target, at = (_text(request, key) for key in ("device", "target", "at"))
        self._fault = self._network.inject(_text(request, "fault"), device=device, target=target, at=at)
        live = self._network.live
        return {"expect": self._fault.expect, "alert": self._fault.alert(live), "shows": self._fault.shows(live)}

    def _heal(self, _: Json) -> Json:
        self._network.heal()
        return {}

    def _shows(self, _: Json) -> Json:
        shows = self._fault is not None and self._fault.shows(self._network.live)
        return {"shows": shows, "showing": self._network.showing()}

    def _log(self, request: Json) -> Json:
        entries = self._network.log(_text(request, "device"), by=_text(request, "by"))
        return {
            "lines": [
                {"at": e.at.isoformat(), "section": e.section, "line": e.line, "accepted": e.accepted, "by": e.by}
                for e in entries
            ]
        }

    def _config(self, request: Json) -> Json:
        return {"config": self._network.config(_text(request, "device"))}

    def _sessions(self, _: Json) -> Json:
        return {
            "sessions": [
                {"device": s.node, "neighbor": s.neighbor, "state": s.state, "cause": s.cause.value}
                for s in self._network.live.sessions.values()
            ]
        }


def _read(text: str) -> Json:
    try:
        request = json.loads(text)
    except ValueError as error:
        raise InvalidInputError(f"not JSON ({error}); send one object a line") from error
    if not isinstance(request, dict):
        raise InvalidInputError('not an object; send one such as {"do": "heal"}')
    return request


def _text(request: Json, key: str) -> str:
    value = request.get(key, "")
    if not isinstance(value, str):
        raise InvalidInputError(f"{key} is {type(value).__name__}; expected text", field=key)
    return value
