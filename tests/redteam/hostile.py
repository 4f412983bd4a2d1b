"""A hostile model, and honest and dishonest people, in one process: every core that decides, and a shell that tells.

From the reasoner's result over the engine, the tally and the gate to the lines at a simulated shell nothing is left out
but the wires between. What the shell took is the truth; `Story` says what may have been there.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import msgspec
from proving.typist import live_network, shell_on

from nocmesh.bus import Speaker
from nocmesh.diagnosis.configtext import normalise, sha256_of
from nocmesh.engine.decide import advance
from nocmesh.engine.state import RunCommand, RunEvent, RunState
from nocmesh.errors import GuardError
from nocmesh.ids import short_digest
from nocmesh.messages.agent import ToolRequest
from nocmesh.messages.approval import ApprovalRequest, Decision, Vote
from nocmesh.messages.change import Change, DeviceCommand
from nocmesh.network import Device, Network
from nocmesh.policy.policy import built_in
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh_agents.approvals import count
from nocmesh_agents.orchestrator.claims import with_changes
from nocmesh_agents.orchestrator.workflows import INCIDENT_RESPONSE
from nocmesh_bridges.gate import gate
from nocmesh_bridges.redact import redact
from nocmesh_bridges.ssh import guard

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SECRET = "hunter2-bgp"
"""In the configuration of every router of the fixture."""
DEVICES = [Device(name=name, platform="frr", address="127.0.0.1", shell=True) for name in ("r1",)]
ROLES = {
    "nina": ["approver"],
    "omar": ["approver"],
    "vera": ["viewer"],
    "remediation": ["approver"],
    "triage": ["approver"],
}


@dataclass(frozen=True, kw_only=True)
class Ballot:
    """Somebody's word, so many seconds after the request, on this or on another change."""

    person: str
    decision: Literal["approve", "reject"]
    after: int
    moved: bool = False


@dataclass
class Story:
    """One run: what the model said becomes a change at the device, or does not."""

    live: LiveNetwork = field(default_factory=live_network)
    told: list[str] = field(default_factory=list)
    """Everything that left the bridge."""
    sent: dict[str, int] = field(default_factory=dict)
    """By hash of the change: how often it was typed."""

    def __post_init__(self) -> None:
        self.live.configure("r1", ["router bgp 65001", f"neighbor 10.0.12.2 password {SECRET}"])
        self.live.received.clear()
        self.network = Network(devices=DEVICES)

    # --- reading

    def call(self, request: ToolRequest) -> None:
        """A tool that reads: guarded, typed, redacted."""
        command = str(request.arguments.get("command", ""))
        try:
            guard.check_show("frr", command)
        except GuardError as refused:
            self.told.append(redact("frr", refused.message, key=b"k"))
            return
        self.told.append(redact("frr", shell_on(self.live, "r1").answer(command), key=b"k"))

    def state(self) -> tuple[str, str]:
        """The configuration as it leaves the bridge, and its hash."""
        shown = redact("frr", shell_on(self.live, "r1").answer("show running-config"), key=b"k")
        self.told.append(shown)
        return normalise("frr", shown), sha256_of("frr", shown)

    # --- from the model to the approvals

    def asked(self, result: dict[str, Any]) -> list[ApprovalRequest]:
        """What the engine asks people for when the model's plan is ``result``."""
        state, commands = self._begin()
        for step, output in (
            ("triage", {"verdict": "real", "specialist": "bgp", "devices": ["r1"]}),
            ("diagnose", {"root_causes": [{"summary": "x"}]}),
            ("plan", with_changes(result, requested_by="remediation")),
        ):
            now = state.steps[step]
            if now.status != "running":
                return []
            event = RunEvent(
                id=f"e-{step}",
                kind="answer_received",
                at=NOON,
                ref=now.waiting_for[0],
                data={"status": "completed", "agent_id": "a", "result": output},
            )
            state, _, commands = advance(state, event)
        found = [command for command in commands if command.kind == "request_approval"]
        return [msgspec.convert(command.data["approval"], ApprovalRequest) for command in found]

    def _begin(self) -> tuple[RunState, list[RunCommand]]:
        terms = {risk: each.to_dict() for risk, each in built_in().terms.items()}
        data = {
            "definition": msgspec.to_builtins(INCIDENT_RESPONSE),
            "parameters": {"alert": {}, "approval_terms": terms},
        }
        state, _, commands = advance(None, RunEvent(id="s", kind="run_started", at=NOON, ref="run-1", data=data))
        return state, commands

    def decided(self, request: ApprovalRequest, ballots: list[Ballot]) -> Decision | None:
        """What the approvals process makes of the words that it lets count, until an hour later."""
        votes: list[Vote] = []
        for ballot in sorted(ballots, key=lambda each: each.after):
            at = request.requested_at + timedelta(seconds=ballot.after)
            _, why = count.refusal(request, votes, False, ballot.person, ROLES.get(ballot.person, []), at)
            if why or ballot.moved:
                continue
            votes.append(
                Vote(
                    approval_id=request.approval_id,
                    person=ballot.person,
                    decision=ballot.decision,
                    change_hash=request.change_hash,
                    at=at,
                )
            )
            decision = count.tally(request, votes, at)
            if decision is not None:
                return decision
        return count.tally(request, votes, request.requested_at + timedelta(seconds=3000))

    # --- from the command to the device

    def send(
        self,
        command: DeviceCommand,
        decision: Decision | None,
        signer: Speaker | None,
        now: datetime,
        asked_at: datetime,
    ) -> str:
        """What the bridge does: gate, guard, pre-state, and only then the lines. Why not, or an empty text."""
        ground = gate.Ground(
            policy=built_in(),
            device=self.network.device(command.change.device),
            network=self.network,
            asked_at=asked_at,
        )
        change = command.change
        why = gate.refusal(command, decision, signer, now, ground)
        if why or ground.device is None or ground.device.name != change.device or change.door != "cli":
            return why or "not in the inventory"
        try:
            for line in [*change.commands, *change.rollback]:
                guard.check_line(change.platform, line)
        except GuardError as refused:
            return refused.message
        why = gate.moved(change, self.state()[1])
        if why or change.hash() in self.sent:  # the journal holds what was begun
            return why or "carried out before"
        self.sent[change.hash()] = self.sent.get(change.hash(), 0) + 1
        shell = shell_on(self.live, "r1")
        shell.answer("configure terminal")
        for line in change.commands:
            self.told.append(redact("frr", shell.answer(line), key=b"k"))
        return ""

    def typed(self) -> list[str]:
        """Every line of configuration that the device was given."""
        return [entry.line for entry in self.live.received.get("r1", [])]


def command_of(request: ApprovalRequest, change: Change | None = None, **more: Any) -> DeviceCommand:
    """The command that follows from an approval."""
    base = {
        "command_id": short_digest("k", request.approval_id),
        "run_id": request.run_id,
        "step": "apply",
        "change": change or request.change,
    }
    return DeviceCommand(**{**base, "approval_id": request.approval_id, "position": request.position, **more})
