"""Every fault at every place of the simulated networks: named exactly, mended, proved, and undone without a trace."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from nocmesh.agent import Act, Case, Finish, HandOff
from nocmesh.alerting.alertmanager import parse
from nocmesh.clock import FixedClock
from nocmesh.diagnosis.configtext import sha256_of
from nocmesh.diagnosis.evidence import verify_evidence
from nocmesh.errors import NocmeshError
from nocmesh.inventory import inventory_of
from nocmesh.messages.change import Change
from nocmesh.messages.report import Diagnosis
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import Output
from nocmesh.messages.task import TaskAssignment
from nocmesh.network import Network
from nocmesh.proving.simulated import frr, iosxe
from nocmesh.proving.simulated.faults import Fault, fault_named
from nocmesh.proving.simulated.inventory import inventory, written
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.mistakes import HEALTHY, KINDS
from nocmesh.proving.simulated.shell import Shell
from nocmesh.proving.simulated.topology import DEMO, PAIR, Topology, build
from nocmesh.yamlfile import parse_document
from nocmesh_agents.bgp.rules import decide as bgp
from nocmesh_agents.remediation.rules import decide as remediation
from nocmesh_agents.triage.rules import decide as triage
from nocmesh_bridges.platforms import commands, judged, state
from nocmesh_bridges.ssh.guard import check_line
from nocmesh_bridges.ssh.redact import redact

DIALECTS = {"frr": frr.DIALECT, "cisco_iosxe": iosxe.DIALECT}
NO_CHANGE = {"link_down", "bgp_auth_mismatch"}
"""A cable needs hands, a password is nobody's to guess."""


class World:
    """A live simulated network, its inventory, and the tools over it; no wire."""

    def __init__(self, topology: Topology) -> None:
        self.clock = FixedClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))
        self.live = LiveNetwork(build(topology), self.clock)
        self.network = self._network()
        self.tick(300)

    def _network(self) -> Network:
        nodes = self.live.model.nodes
        addresses = {name: ("127.0.0.1", 2200 + n) for n, name in enumerate(nodes)}
        access = {"username": "u", "password": "p", "enable_password": "e", "host_keys": dict.fromkeys(nodes, "")}
        text = written(inventory(self.live.model, addresses, access))
        return inventory_of(parse_document(text, "inventory.yaml"), Path()).network()

    def tick(self, seconds: float) -> None:
        self.clock.at += timedelta(seconds=seconds)
        self.live.settle()

    def config(self, device: str) -> str:
        platform = self.live.model.node(device).dialect
        return self._said(device, platform, "show running-config")

    def _said(self, device: str, platform: str, command: str) -> str:
        shell = Shell(live=self.live, device=device, dialect=DIALECTS[platform], username="test")
        return redact(platform, shell.answer(command), key=b"k")

    def observe(self, call: ToolCall) -> Observation:
        if call.tool == "wait":
            self.tick(float(call.arguments["seconds"]))
            return Observation(observation_id=call.call_id, tool="wait", arguments=call.arguments)
        device = str(call.arguments["device"])
        platform = self.live.model.node(device).dialect
        common: dict[str, Any] = {
            "observation_id": call.call_id,
            "tool": call.tool,
            "arguments": call.arguments,
            "device": device,
        }
        if call.tool == "device_backup":
            return Observation(**common, content={"sha256": sha256_of(platform, self.config(device))})
        views = call.arguments["views"]
        asked = commands(platform, views)
        outputs = judged(platform, [Output(command=c, text=self._said(device, platform, c)) for c in asked])
        return Observation(**common, outputs=outputs, state=state(device, platform, views, outputs))

    def pursue(self, decide: Any, task_type: str, **parameters: Any) -> tuple[dict[str, Any], list[Observation]]:
        task = TaskAssignment(
            task_id=f"t-{task_type}", task_type=task_type, assigned_to="x", incident_id="i", parameters=parameters
        )
        case, seen = Case(task=task, network=self.network), []
        for _ in range(20):
            move = decide(case, seen)
            assert not isinstance(move, HandOff)
            if isinstance(move, Finish):
                return move.result, seen
            assert isinstance(move, Act)
            seen += [self.observe(call) for call in move.calls]
        raise AssertionError("the rules never finish")


def places(topology: Topology) -> Iterator[tuple[str, str, str]]:
    """Each fault at each neighbour of each device where it shows."""
    for name in KINDS:
        if name == HEALTHY:
            continue
        world = World(topology)
        for device, node in world.live.model.nodes.items():
            for neighbor in node.running.bgp.neighbors.values() if node.running.bgp else []:
                yield name, device, neighbor.description


def broken(topology: Topology, name: str, device: str, target: str) -> tuple[World, Fault] | None:
    world = World(topology)
    try:
        fault = fault_named(world.live, name, device, target)
        fault.inject(world.live)
    except NocmeshError:
        return None
    world.tick(60)
    return (world, fault) if fault.shows(world.live) else None


def diagnosed(world: World, fault: Fault) -> tuple[Diagnosis, dict[str, Any]]:
    [alert] = parse(msgspec.json.encode(fault.alert(world.live)), world.clock.now())
    verdict, _ = world.pursue(triage, "triage", alert=alert.to_dict(), incident_id="i")
    if verdict["verdict"] == "false_positive":
        return Diagnosis(verdict="false_positive", confidence=verdict["confidence"]), verdict
    found, seen = world.pursue(bgp, "diagnose", alert=alert.to_dict(), devices=verdict["devices"])
    return verify_evidence(msgspec.convert(found, Diagnosis), seen), verdict


STORIES = [
    pytest.param(topology, name, device, target, id=f"{label}-{name}-{device}-{target}")
    for label, topology in (("demo", DEMO), ("pair", PAIR))
    for name, device, target in places(topology)
]


@pytest.mark.parametrize(("topology", "name", "device", "target"), STORIES)
def test_a_fault_is_named_mended_proved_and_can_be_undone(
    topology: Topology, name: str, device: str, target: str
) -> None:
    found = broken(topology, name, device, target)
    if found is None:
        return  # the fault does not fit, or does not show at this place
    world, fault = found
    diagnosis, _ = diagnosed(world, fault)
    assert [{"resource": c.resource, "fault_type": c.fault_type} for c in diagnosis.root_causes] == [fault.expect]
    alert = {"name": "x", "labels": {}}
    plan, _ = world.pursue(remediation, "plan", alert=alert, diagnosis=diagnosis.to_dict())
    changes = msgspec.convert(plan["changes"], list[Change])
    if name in NO_CHANGE:
        assert not changes
        assert plan["needs_person"]
        return
    assert len(changes) == 1
    before = world.config(changes[0].device)
    apply(world, changes[0].device, changes[0].commands)
    assert not fault.shows(world.live)
    proof, _ = world.pursue(bgp, "verify", alert=alert, diagnosis=diagnosis.to_dict(), changes=plan["changes"])
    assert proof["verification"] == "passed", proof
    apply(world, changes[0].device, changes[0].rollback)
    platform = world.live.model.node(changes[0].device).dialect
    assert sha256_of(platform, world.config(changes[0].device)) == sha256_of(platform, before)


def apply(world: World, device: str, lines: Sequence[str]) -> None:
    platform = world.live.model.node(device).dialect
    for line in lines:
        check_line(platform, line)
    world.live.configure(device, list(lines))
    world.tick(30)


@pytest.mark.parametrize("topology", [DEMO, PAIR], ids=["demo", "pair"])
def test_an_alert_on_a_healthy_network_is_a_false_positive(topology: Topology) -> None:
    for device in World(topology).live.model.nodes:
        world = World(topology)
        diagnosis, verdict = diagnosed(world, fault_named(world.live, HEALTHY, device))
        assert (diagnosis.verdict, diagnosis.root_causes) == ("false_positive", [])
        assert verdict["confidence"] >= 0.9
