"""Plans for recorded labs: what remediation makes of a diagnosis, and what its lines do to a configuration."""

from collections.abc import Sequence
from typing import Any

import msgspec
from agents.judgement.replays import LABS, Answers, Replay, recording
from agents.world import text_of

from nocmesh.diagnosis.configlines import JOINT, sections
from nocmesh.diagnosis.configmerge import merged
from nocmesh.messages.change import Change
from nocmesh.messages.report import Diagnosis
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import ConfigLine, DeviceState
from nocmesh_agents.remediation.rules import decide

RUNNING = ("show running-config", "cli")


class Patient(Replay):
    """A recorded lab under a fault, and under whatever else has moved since all was well."""

    def __init__(self, lab: str, fault: str, *, past: bool = True, drift: Sequence[str] = ()) -> None:
        super().__init__(lab, fault, past=past)
        self._drift = drift

    def planned(self, diagnosis: Diagnosis | None = None) -> tuple[list[Change], str]:
        """The changes for what is wrong, and the words for a person."""
        found = diagnosis or self.diagnosed()
        result, _ = self._pursue(decide, "plan", diagnosis=found.to_dict(), alert=self.alert)
        return msgspec.convert(result["changes"], list[Change]), result["needs_person"]

    def running(self, node: str) -> str:
        """The configuration of the node now."""
        return self._now(node).get(RUNNING, "")

    def healthy(self, node: str) -> str:
        """The same, when all was well."""
        return self._healthy[node].get(RUNNING, "")

    def states(self, node: str) -> tuple[DeviceState, DeviceState]:
        """All that the node shows: when all was well, and now."""
        views = ["interfaces", "routes", "bgp", "ospf", "isis", "system", "config"]
        looks = [Replay(self._lab, fault, past=False) for fault in ("", self.fault["fault"])]
        for look in looks:
            look._waited = True
        calls = ToolCall(call_id="c", tool="device_state", arguments={"device": node, "views": views})
        healthy, faulty = (look._observe(calls).state for look in looks)
        assert healthy is not None
        assert faulty is not None
        return healthy, faulty

    def _observe(self, call: ToolCall) -> Observation:
        if call.tool != "device_backup":
            return super()._observe(call)
        base: dict[str, Any] = {"observation_id": call.call_id, "tool": call.tool, "arguments": call.arguments}
        return Observation(**base, device=str(call.arguments["device"]), content={"sha256": "x", "object": "x"})

    def _now(self, node: str) -> Answers:
        now = dict(super()._now(node))
        if self._drift and node == self.fault["resource"].split("/")[1]:
            now[RUNNING] = configured(now[RUNNING], self._drift)
        return now


def configured(running: str, commands: Sequence[str]) -> str:
    """``running`` after ``commands``, as a device would show it."""
    return f"Building configuration...\n\nCurrent configuration:\n!\n{text_of(merged(running, commands)[0])}end\n"


def lines_of(running: str) -> set[tuple[str, str]]:
    """Every line with its section, but for headers of address families: those come and go with what is in them."""
    return {(x.section, x.text) for x in sections(running) if not _is_passing(x)}


def _is_passing(line: ConfigLine) -> bool:
    return line.text.startswith("address-family ") or JOINT in line.text


def stories(wanted: Any) -> list[tuple[str, str]]:
    """(lab, fault) of everything that was recorded and is ``wanted``."""
    return [(lab, each["fault"]) for lab in LABS for each in recording(lab)["faults"] if each["fault"] in wanted]
