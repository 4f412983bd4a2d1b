"""The simulation as a process of its own, told what to do by JSON lines.

    python -m nocmesh.proving.simulated --inventory-out FILE [--topology demo] [--fault NAME] [--control-socket PATH]

First it says on standard output `{"ok": true, "ready": true, …}`, and with --fault what the injection gave. Then a line
for a line, on standard input, or with --control-socket on a Unix socket from any number of clients:

    {"do": "inject", "fault": NAME, "device": "", "target": "", "at": ""}
    {"do": "heal"}, {"do": "shows"}, {"do": "sessions"}, {"do": "faults"}
    {"do": "log", "device": D, "by": ""}, {"do": "config", "device": D}

It ends when its input does; with a socket at `{"do": "stop"}` or SIGTERM.
"""

import argparse
import asyncio
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from nocmesh.errors import NocmeshError
from nocmesh.proving.simulated.breakages import NAMES
from nocmesh.proving.simulated.control import MAX_LINE, controlled
from nocmesh.proving.simulated.desk import Desk, Json
from nocmesh.proving.simulated.server import SimulatedNetwork
from nocmesh.proving.simulated.synthetic import topology_of
from nocmesh.proving.simulated.topology import TOPOLOGIES


async def serve(arguments: argparse.Namespace) -> None:
    """Run until the input ends, or with a control socket until somebody stops it."""
    topology = topology_of(arguments.topology)
    async with SimulatedNetwork.running(topology) as network:
        desk = Desk(network)
        if arguments.control_socket:
            async with controlled(Path(arguments.control_socket), desk) as stopped:
                _begin(arguments, network, desk)
                await stopped.wait()
        else:
            await _on_input(arguments, network, desk)


def _begin(arguments: argparse.Namespace, network: SimulatedNetwork, desk: Desk) -> None:
    """Write the inventory, say that all is ready, and break what is to be broken."""
    _write_inventory(Path(arguments.inventory_out), network.inventory_yaml())
    devices = sorted(network.model.nodes)
    _say({"ok": True, "ready": True, "inventory": arguments.inventory_out, "devices": devices})
    if arguments.fault:
        _say(desk.handle(json.dumps({"do": "inject", "fault": arguments.fault})))


async def _on_input(arguments: argparse.Namespace, network: SimulatedNetwork, desk: Desk) -> None:
    reader = asyncio.StreamReader(limit=MAX_LINE)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    try:
        _begin(arguments, network, desk)
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
    parser.add_argument("--control-socket", default="", metavar="PATH", help="take orders there")
    chosen = parser.parse_args(arguments)
    try:
        topology_of(chosen.topology)
    except NocmeshError as wrong:
        parser.error(wrong.message)
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # who hangs up in the middle of an answer is no news
    try:
        asyncio.run(serve(chosen))
    except NocmeshError as wrong:
        parser.exit(1, f"{wrong.message}\n")


if __name__ == "__main__":
    main()
