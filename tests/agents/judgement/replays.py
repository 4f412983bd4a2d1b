"""Labs of real routers as they were recorded: what every node said when all was well, and under each fault.

A recording is JSON, compressed: `network` (as the mesh knows it), `healthy` (by node: command, door, answer), `faults`
(the label, the alert, and what each node said otherwise than when healthy; `later`: some seconds after).
"""

import json
import lzma
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, get_args

import msgspec

from nocmesh.agent import Act, Case, Finish
from nocmesh.alerting.alertmanager import parse
from nocmesh.clock import SystemClock
from nocmesh.diagnosis.evidence import verify_evidence
from nocmesh.messages.report import Diagnosis
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import DeviceState, Output, View
from nocmesh.messages.task import TaskAssignment
from nocmesh.network import Device, Network
from nocmesh_agents.judgement.specialist import decide as specialist
from nocmesh_agents.triage.rules import decide as triage
from nocmesh_bridges.platforms import asks, judged, state

FOLDER = Path(__file__).parent / "recordings"
LABS = sorted(path.name.removesuffix(".json.xz") for path in FOLDER.glob("*.json.xz"))
Answers = Mapping[tuple[str, str], str]
RECORDED_AS = {"nft -a list ruleset": "nft list ruleset"}
"""What is asked otherwise now, by how it was asked when the labs were recorded; the answers say the same."""


@cache
def recording(name: str) -> dict[str, Any]:
    """One lab's recording."""
    found: dict[str, Any] = json.loads(lzma.decompress((FOLDER / f"{name}.json.xz").read_bytes()))
    return found


class Replay:
    """One moment of a recorded lab, behind the tools."""

    def __init__(self, lab: str, fault: str = "", *, past: bool = True) -> None:
        """``fault``: of its name, or healthy; ``past``: whether a baseline is known."""
        self._recorded = recording(lab)
        self.network = msgspec.convert(self._recorded["network"], Network)
        self._healthy = {node: _answers(said) for node, said in self._recorded["healthy"].items()}
        self._lab, self._past = lab, past
        self._waited = False
        found = [each for each in self._recorded["faults"] if each["fault"] == fault]
        self.fault: dict[str, Any] = found[0] if found else {}

    @property
    def alert(self) -> dict[str, Any]:
        """What monitoring sent."""
        [alert] = parse(msgspec.json.encode(self.fault["alert"]), SystemClock().now())
        found: dict[str, Any] = alert.to_dict()
        return found

    def diagnosed(self, alert: Mapping[str, Any] | None = None) -> Diagnosis:
        """Triage, then a specialist where triage wants one; evidence is looked for by code."""
        told = dict(alert or self.alert)
        verdict, seen = self._pursue(triage, "triage", alert=told)
        if verdict["verdict"] == "false_positive":
            return Diagnosis(verdict="false_positive", confidence=verdict["confidence"], summary=verdict["why"])
        found, seen = self._pursue(specialist, "diagnose", seen, alert=told, devices=verdict["devices"])
        return verify_evidence(msgspec.convert(found, Diagnosis), seen)

    def _pursue(
        self, decide: Any, task_type: str, carried: Sequence[Observation] = (), **parameters: Any
    ) -> tuple[dict[str, Any], list[Observation]]:
        """The result, and what was seen; ``carried``: what an earlier session saw a moment ago."""
        task = TaskAssignment(
            task_id=f"t-{task_type}", task_type=task_type, assigned_to="x", incident_id="i", parameters=parameters
        )
        seen = list(carried)
        for _ in range(20):
            move = decide(Case(task=task, network=self.network), seen)
            if isinstance(move, Finish):
                return move.result, seen
            assert isinstance(move, Act)
            seen += [self._observe(call) for call in move.calls]
        raise AssertionError("the rules never finish")

    def _observe(self, call: ToolCall) -> Observation:
        base: dict[str, Any] = {"observation_id": call.call_id, "tool": call.tool, "arguments": call.arguments}
        if call.tool == "wait":
            self._waited = True
            return Observation(**base)
        device = self.network.device(str(call.arguments["device"]))
        assert device is not None
        if call.tool == "device_probe":
            return Observation(**base, device=device.name, status="error", error="nobody serves it on a recording")
        if call.tool == "device_baseline":
            return self._baseline(base, device)
        if call.tool == "device_history":
            return Observation(**base, device=device.name, status="error", error="no history was kept")
        if self.fault.get("fault") == "device_unreachable" and self.fault["resource"] == f"node/{device.name}":
            return Observation(**base, device=device.name, status="unreachable", error="no route to host")
        views = call.arguments["views"]
        found, outputs = _seen(device, views, self._now(device.name))
        return Observation(**base, device=device.name, outputs=outputs, state=found)

    def _baseline(self, base: dict[str, Any], device: Device) -> Observation:
        if not self._past:
            return Observation(**base, device=device.name, status="error", error="no baseline was taken")
        found, _ = _seen(device, get_args(View), self._healthy[device.name])
        text = self._healthy[device.name].get(("show running-config", "cli"), "")
        said = [Output(command=f"device_baseline {device.name} baseline", text=text)]
        return Observation(**base, device=device.name, outputs=said, state=found)

    def _now(self, node: str) -> Answers:
        moments = [self.fault.get("changed") or {}, (self.fault.get("later") or {}) if self._waited else {}]
        now = dict(self._healthy[node])
        for moment in moments:
            now |= _answers(moment.get(node, ()))
        return now


def _answers(said: Sequence[Sequence[str]]) -> dict[tuple[str, str], str]:
    return {(command, door): text for command, door, text in said}


def _said(answers: Answers, command: str, door: str) -> str:
    return answers.get((command, door)) or answers.get((RECORDED_AS.get(command, command), door), "")


def _seen(device: Device, views: Sequence[View], answers: Answers) -> tuple[DeviceState, list[Output]]:
    wanted = [(ask.command, ask.door) for ask in asks(device.platform, views, shell=True)]
    raw = [Output(command=command, door=door, text=_said(answers, command, door)) for command, door in wanted]
    outputs = judged(device.platform, raw)
    return state(device.name, device.platform, views, outputs), outputs
