"""Changes: the exact lines for one device, their undoing, and how their effect is proved."""

from datetime import datetime
from typing import Any, Literal

from nocmesh.ids import digest
from nocmesh.messages.base import Message
from nocmesh.messages.state import Door

Risk = Literal["low", "medium", "high", "critical"]


class Check(Message, frozen=True, kw_only=True):
    """One statement about a device's typed state that code can decide.

    ``kind`` and its ``arguments``: `bgp_session` {neighbor, state}; `bgp_network` {prefix, present};
    `interface_enabled` {interface, enabled}; `interface_oper` {interface, up}; `config_line` {section, text, present};
    `filter_rule` {name, text, present}; `service` {name, running}; the others stand in ``nocmesh.diagnosis.checks``.
    """

    kind: str
    arguments: dict[str, Any] = {}
    text: str = ""
    """For people: "BGP session to 10.0.12.2 is established"."""
    within: float = 60.0
    """Seconds that it may take to become true after the change."""


class Change(Message, frozen=True, kw_only=True):
    """What shall be done to one device."""

    change_id: str
    device: str
    platform: str
    door: Door = "cli"
    """Through which door it goes: the device's own command line, or the Linux shell beside it."""
    commands: list[str]
    """Configuration lines, one command each, with their section lines; at a shell one command each."""
    rollback: list[str]
    verify: list[Check] = []
    risk: Risk = "critical"
    reasons: list[str] = []
    pre_state: str = ""
    """sha256 of the normalised configuration that the change was made for, as its door shows it."""
    requested_by: str = ""
    incident_id: str = ""
    summary: str = ""
    diff: str = ""
    """Unified diff of the affected configuration sections, for people."""
    fault_type: str = ""
    resource: str = ""

    def hash(self) -> str:
        """What an approval is bound to: this change, its device, door, lines, rollback, checks, pre-state and risk.

        The command line is the door of old, so it goes without saying: what was approved before doors keeps its hash.
        """
        checks = [check.to_dict() for check in self.verify]
        lines = [self.commands, self.rollback, checks]
        door = [] if self.door == "cli" else [self.door]
        return digest([self.change_id, self.device, self.platform, *lines, self.pre_state, self.risk, *door])


class DeviceCommand(Message, frozen=True, kw_only=True):
    """An approved change, on its way to the bridge of its device."""

    command_id: str
    run_id: str
    step: str
    change: Change
    approval_id: str
    incident_id: str = ""
    correlation_id: str = ""
    position: int = 1
    """The how manieth of its run's changes it is."""
    deadline: datetime | None = None
    """Nobody waits for it after this: then it is not begun any more."""


ChangeOutcome = Literal["confirmed", "rolled_back", "refused", "failed", "unknown"]
"""`confirmed`: applied and verified; `rolled_back`: verification failed, the old state is back; `refused`: the gate
said no, nothing was sent; `failed`: nothing was changed; `unknown`: a person must look."""


class DeviceResult(Message, frozen=True, kw_only=True):
    """What became of a change."""

    command_id: str
    change_id: str
    device: str
    outcome: ChangeOutcome
    run_id: str = ""
    step: str = ""
    reason: str = ""
    checks: list[dict[str, Any]] = []
    """Each check with `passed` and `seen`."""
    diff: str = ""
    """Of the running configuration, before and after, as read from the device."""
    transcript: list[dict[str, str]] = []
    """Each line sent and what the device answered."""
    applied_at: datetime | None = None
    at: datetime | None = None
    bridge: str = ""
    switch: str = ""
    """The switch that was armed on the device, to take the change back by itself; empty: none."""
    unarmed: str = ""
    """Why no switch was armed."""


class DeviceJournalEntry(Message, frozen=True, kw_only=True):
    """One entry of a device's journal; its sequence is the fencing token."""

    change_id: str
    device: str
    kind: Literal["begun", "sent", "outcome", "taken_over"]
    at: datetime
    bridge: str
    command_id: str = ""
    change_hash: str = ""
    """What was approved, so that nothing else under the same id is taken for it."""
    backup: str = ""
    """The running configuration before the change, redacted, in `begun`."""
    pre_state: str = ""
    switch: str = ""
    """In `begun`: the switch that is armed on the device next; empty: none, see ``unarmed``."""
    fires_at: datetime | None = None
    """About when the device takes the change back by itself, unless it is confirmed."""
    unarmed: str = ""
    """Why no switch is armed."""
    result: DeviceResult | None = None
