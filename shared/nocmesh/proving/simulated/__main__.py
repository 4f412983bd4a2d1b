"""The simulation as a process of its own, told what to do by JSON lines on its standard input.

    python -m nocmesh.proving.simulated --inventory-out FILE [--topology demo] [--fault NAME]

First it says `{"ok": true, "ready": true, …}`, and with --fault what the injection gave. Then a line for a line:

    {"do": "inject", "fault": NAME, "device": "", "target": "", "at": ""}
    {"do": "heal"}, {"do": "shows"}, {"do": "sessions"}, {"do": "faults"}
    {"do": "log", "device": D, "by": ""}, {"do": "config", "device": D}

It ends when its input does.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from nocmesh.errors import InvalidInputError, NocmeshError
from nocmesh.proving.simulated.breakages import NAMES, Breakage, possible
from nocmesh.proving.simulated.server import SimulatedNetwork
from nocmesh.proving.simulated.synthetic import topology_of
from nocmesh.proving.simulated.topology import TOPOLOGIES

Json = dict[str, Any]
MAX_LINE = 1 << 16


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


async def serve(arguments: argparse.Namespace) -> None:
    """Run until the input ends."""
    reader = asyncio.StreamReader(limit=MAX_LINE)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        async with SimulatedNetwork.running(topology_of(arguments.topology)) as network:
            desk = Desk(network)
            _write_inventory(Path(arguments.inventory_out), network.inventory_yaml())
            _say(
                {
                    "ok": True,
                    "ready": True,
                    "inventory": arguments.inventory_out,
                    "devices": sorted(network.model.nodes),
                }
            )
            if arguments.fault:
                _say(desk.handle(json.dumps({"do": "inject", "fault": arguments.fault})))
            while line := await reader.readline():
                _say(desk.handle(line.decode("utf-8", "replace")))
    finally:
        transport.close()


def _write_inventory(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner only."""
    draft = path.with_suffix(f"{path.suffix}.new")
    draft.touch(mode=0o600)
    draft.write_text(text, encoding="utf-8")
    draft.replace(path)


def _say(answer: Json) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def main(arguments: Sequence[str] | None = None) -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m nocmesh.proving.simulated", description="Simulated routers.")
    parser.add_argument("--inventory-out", required=True, metavar="FILE", help="where the inventory is written")
    known = ", ".join([*sorted(TOPOLOGIES), "campus-SEED", "synthetic-SEED-DEVICES"])
    parser.add_argument("--topology", default="demo", help=f"one of: {known}")
    parser.add_argument("--fault", default="", choices=["", *NAMES], help="inject this at once")
    chosen = parser.parse_args(arguments)
    try:
        topology_of(chosen.topology)
    except NocmeshError as wrong:
        parser.error(wrong.message)
    asyncio.run(serve(chosen))


if __name__ == "__main__":
    main()
