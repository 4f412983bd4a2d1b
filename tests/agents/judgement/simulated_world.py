"""A live simulated network without a wire: its inventory, and what the tools of a bridge would answer."""

from collections import defaultdict
from collections.abc import Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec

from nocmesh.agent import Act, Case, Finish
from nocmesh.clock import FixedClock
from nocmesh.diagnosis.configtext import sha256_of
from nocmesh.inventory import inventory_of
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import DeviceState, Output, View
from nocmesh.messages.task import TaskAssignment
from nocmesh.network import Network
from nocmesh.proving.simulated import frr, iosxe
from nocmesh.proving.simulated.inventory import inventory, written
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.shell import Shell
from nocmesh.proving.simulated.topology import Topology, build
from nocmesh.yamlfile import parse_document
from nocmesh_bridges.platforms import VIEWS, commands, judged, state
from nocmesh_bridges.redact import redact
from nocmesh_bridges.ssh.guard import check_line

DIALECTS = {"frr": frr.DIALECT, "cisco_iosxe": iosxe.DIALECT}
_BEGUN: dict[str, tuple[FixedClock, LiveNetwork]] = {}
_INVENTORIES: dict[str, Network] = {}


def begun(topology: Topology) -> tuple[FixedClock, LiveNetwork]:
    """The network five minutes after its start, made once; for copying."""
    if topology.name not in _BEGUN:
        _BEGUN[topology.name] = _begin(topology)
    return _BEGUN[topology.name]


def _begin(topology: Topology) -> tuple[FixedClock, LiveNetwork]:
    clock = FixedClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
    live = LiveNetwork(build(topology), clock)
    clock.at += timedelta(seconds=300)
    live.settle()
    return clock, live


def inventoried(topology: Topology) -> Network:
    """What the inventory file of the network says, read as any inventory is, once."""
    if topology.name not in _INVENTORIES:
        _INVENTORIES[topology.name] = _inventory(topology)
    return _INVENTORIES[topology.name]


def _inventory(topology: Topology) -> Network:
    model = begun(topology)[1].model
    addresses = {name: ("127.0.0.1", 2200 + n) for n, name in enumerate(model.nodes)}
    access = {"username": "u", "password": "p", "enable_password": "e", "host_keys": dict.fromkeys(model.nodes, "")}
    text = written(inventory(model, addresses, access))
    return inventory_of(parse_document(text, "inventory.yaml"), Path()).network()


@lru_cache(maxsize=4096)
def seen_as(platform: str, command: str, text: str) -> Output:
    """One answer as the bridge records it. Most devices say in most stories what they said in the story before."""
    [output] = judged(platform, [Output(command=command, text=redact(platform, text, key=b"k"))])
    return output


@lru_cache(maxsize=4096)
def understood(device: str, platform: str, view: View, outputs: tuple[Output, ...]) -> DeviceState:
    """One view of one device, as the bridge understands it."""
    return state(device, platform, [view], outputs)


class SimulatedWorld:
    """A live simulated network, its inventory, and the tools over it; no wire."""

    def __init__(self, topology: Topology) -> None:
        self.clock, self.live = deepcopy(begun(topology))
        self.network = inventoried(topology)
        self.secrets: dict[str, dict[str, str]] = defaultdict(dict)
        """By device: the lines behind those that were shown masked, as the bridge remembers them."""

    def tick(self, seconds: float) -> None:
        self.clock.at += timedelta(seconds=seconds)
        self.live.settle()

    def platform(self, device: str) -> str:
        return self.live.model.node(device).dialect

    def config_sha256(self, device: str) -> str:
        return sha256_of(self.platform(device), self.said(device, "show running-config").text)

    def said(self, device: str, command: str) -> Output:
        platform = self.platform(device)
        shell = Shell(live=self.live, device=device, dialect=DIALECTS[platform], username="test")
        text = shell.answer(command)
        shown = seen_as(platform, command, text)
        pairs = zip(text.splitlines(), shown.text.splitlines(), strict=True)
        self.secrets[device] |= {masked.strip(): line.strip() for line, masked in pairs if line != masked}
        return shown

    def observe(self, call: ToolCall) -> Observation:
        if call.tool == "wait":
            self.tick(float(call.arguments["seconds"]))
            return Observation(observation_id=call.call_id, tool="wait", arguments=call.arguments)
        device = str(call.arguments["device"])
        common: dict[str, Any] = {
            "observation_id": call.call_id,
            "tool": call.tool,
            "arguments": call.arguments,
            "device": device,
        }
        if call.tool == "device_backup":
            return Observation(**common, content={"sha256": self.config_sha256(device)})
        if call.tool == "device_baseline":
            return self._remembered(device, common)
        if call.tool == "device_probe":
            return Observation(**common, status="error", error="simulated devices send no packets")
        if call.tool == "device_history":
            return Observation(**common, status="error", error="there is no history")
        assert call.tool == "device_state"
        outputs = {c: self.said(device, c) for c in commands(self.platform(device), call.arguments["views"])}
        return Observation(
            **common, outputs=list(outputs.values()), state=self.state(device, call.arguments["views"], outputs)
        )

    def _remembered(self, device: str, common: dict[str, Any]) -> Observation:
        past = self.past(device)
        if past is None:
            return Observation(**common, status="error", error="there is no baseline")
        text, state = past
        return Observation(**common, outputs=[Output(command=f"device_baseline {device} good", text=text)], state=state)

    def past(self, device: str) -> tuple[str, DeviceState] | None:
        """Its configuration and its whole state when all was well; None: nobody knows."""
        return None

    def look(self, device: str) -> tuple[str, DeviceState]:
        """Its configuration and its whole state, as they are now."""
        outputs = {command: self.said(device, command) for command in commands(self.platform(device), VIEWS)}
        return self.said(device, "show running-config").text, self.state(device, VIEWS, outputs)

    def state(self, device: str, views: Sequence[View], outputs: dict[str, Output]) -> DeviceState:
        platform = self.platform(device)
        found = DeviceState(device=device, platform=platform)
        for view in views:
            part = understood(device, platform, view, tuple(outputs[c] for c in commands(platform, [view])))
            new = {"config_sha256": part.config_sha256} if view == "config" else {}
            status = {**found.status, **part.status}
            found = msgspec.structs.replace(found, **{view: getattr(part, view)}, **new, status=status)
        return found

    def pursue(self, decide: Any, task_type: str, **parameters: Any) -> tuple[dict[str, Any], list[Observation]]:
        task = TaskAssignment(
            task_id=f"t-{task_type}", task_type=task_type, assigned_to="x", incident_id="i", parameters=parameters
        )
        case = Case(task=task, network=self.network)
        seen: list[Observation] = []
        for _ in range(40):
            move = decide(case, seen)
            if isinstance(move, Finish):
                return move.result, seen
            assert isinstance(move, Act)
            seen += [self.observe(call) for call in move.calls]
        raise AssertionError("the rules never finish")

    def apply(self, device: str, lines: Sequence[str]) -> None:
        """As a bridge does: guarded, and what stands behind a mask is what was read there."""
        for line in lines:
            check_line(self.platform(device), line)
        told = [self.secrets[device].get(line, line) for line in lines if not line.startswith("do ")]
        self.live.configure(device, told)
        shell = Shell(live=self.live, device=device, dialect=DIALECTS[self.platform(device)], username="test")
        for command in (line.removeprefix("do ") for line in lines if line.startswith("do ")):
            assert not shell.answer(command).startswith("%"), command
        self.tick(30)


class RememberedWorld(SimulatedWorld):
    """The same, with a baseline of every device."""

    def __init__(self, topology: Topology) -> None:
        super().__init__(topology)
        self._past = {device: self.look(device) for device in self.live.model.nodes}

    def past(self, device: str) -> tuple[str, DeviceState]:
        return self._past[device]
