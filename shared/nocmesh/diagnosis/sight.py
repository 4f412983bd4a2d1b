"""One device as it was seen, and where in the recorded outputs each fact about it stands."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import get_args

import msgspec

from nocmesh.diagnosis.baseline import Taken
from nocmesh.diagnosis.configtext import sections
from nocmesh.diagnosis.history import History
from nocmesh.diagnosis.moves import Moves, moves
from nocmesh.messages.report import Evidence
from nocmesh.messages.session import Observation
from nocmesh.messages.state import (
    Bgp,
    ConfigLine,
    DeviceState,
    FilterRule,
    Interface,
    Isis,
    Log,
    Neighbors,
    Ospf,
    Output,
    Queue,
    Quote,
    Route,
    Stp,
    Switching,
    System,
    View,
    ViewStatus,
)
from nocmesh.network import Device, Intent

_FIELDS = get_args(View)


@dataclass(frozen=True)
class Sight:
    """One device as it was seen."""

    device: Device
    observations: tuple[Observation, ...]
    """Newest first; those of `device_state` alone."""
    baseline: Observation | None = None
    """What it was like when it was well, from `device_baseline`."""
    remembered: Observation | None = None
    """What the monitor saw it become, from `device_history`."""

    @property
    def name(self) -> str:
        """Its name in the inventory."""
        return self.device.name

    @property
    def intent(self) -> Intent:
        """What it should be, where somebody wrote it down."""
        return self.device.intent

    @property
    def unreachable(self) -> bool:
        """No session to it could be opened when last tried."""
        return self.observations[0].status == "unreachable"

    @property
    def before(self) -> DeviceState | None:
        """The device as it was when it was well; None: no baseline is known."""
        return self.baseline.state if self.baseline else None

    @cached_property
    def history(self) -> History | None:
        """What it was seen to become, and what the mesh changed there; None: nobody knows."""
        try:
            return msgspec.convert((self.remembered.content if self.remembered else {}).get("history"), History)
        except msgspec.ValidationError:
            return None

    @cached_property
    def config_before(self) -> list[ConfigLine]:
        """The configuration as it was when it was well; empty: nobody knows."""
        texts = [output.text for output in self.baseline.outputs] if self.baseline else []
        return sections(texts[0]) if texts else []

    @cached_property
    def moves(self) -> Moves | None:
        """The lines of the configuration that moved since all was well; None: one of the two is not known."""
        if self.config is None or not self.config_before:
            return None
        return moves(self.config_before, self.config)

    @cached_property
    def asked(self) -> frozenset[View]:
        """The views that the device was asked for, whatever came of it."""
        named = {str(view) for o in self.observations for view in o.arguments.get("views", ())}
        told = {view for o in self.observations if o.state for view in o.state.status}
        return frozenset(view for view in _FIELDS if view in named | told)

    def knew(self, view: str) -> bool:
        """The baseline tells of ``view``: that there is none, too."""
        return bool(self.before and self.before.status.get(view) in ("parsed", "empty"))

    @cached_property
    def now(self) -> DeviceState:
        """Every view as it was seen last. None in it: not looked at, not understood, or no such thing there."""
        state = DeviceState(device=self.name, platform=self.device.platform)
        seen = {view: next(self._states(view), None) for view in _FIELDS}
        values = {view: getattr(o.state, view) for view, o in seen.items() if o is not None}
        return msgspec.structs.replace(state, **values)

    @property
    def interfaces(self) -> list[Interface] | None:
        """None: not looked at, or not understood."""
        return self.now.interfaces

    @property
    def queues(self) -> list[Queue] | None:
        """None: not looked at, or not understood."""
        return self.now.queues

    @property
    def bgp(self) -> Bgp | None:
        """None: not looked at, not understood, or no BGP there (then ``view_status`` says `empty`)."""
        return self.now.bgp

    @property
    def ospf(self) -> Ospf | None:
        """Likewise."""
        return self.now.ospf

    @property
    def isis(self) -> Isis | None:
        """Likewise."""
        return self.now.isis

    @property
    def stp(self) -> Stp | None:
        """Likewise."""
        return self.now.stp

    @property
    def switching(self) -> Switching | None:
        """None: not looked at, or not understood."""
        return self.now.switching

    @property
    def routes(self) -> list[Route] | None:
        """None: not looked at, or not understood."""
        return self.now.routes

    @property
    def neighbors(self) -> Neighbors | None:
        """None: not looked at, or not understood."""
        return self.now.neighbors

    @property
    def filters(self) -> list[FilterRule] | None:
        """None: not looked at, or not understood."""
        return self.now.filters

    @property
    def system(self) -> System | None:
        """None: not looked at, or not understood."""
        return self.now.system

    @property
    def log(self) -> Log | None:
        """Likewise: the last lines of its log."""
        return self.now.log

    def seen_at(self, view: str) -> datetime | None:
        """When the view was seen last; None: nobody wrote it down."""
        return next((o.at for o in self._states(view)), None)

    @cached_property
    def well_until(self) -> datetime | None:
        """When it was last seen as it was when it was well; None: no baseline is known."""
        taken = (self.baseline.content if self.baseline else {}).get("taken")
        try:
            return msgspec.convert(taken, Taken).until if taken else None
        except msgspec.ValidationError:
            return None

    @property
    def config(self) -> list[ConfigLine] | None:
        """The running configuration, line by line."""
        return self.now.config

    @property
    def config_sha256(self) -> str:
        """The pre-state that an approval is bound to."""
        return next((o.state.config_sha256 for o in self._states("config") if o.state), "")

    @property
    def shell_config(self) -> list[ConfigLine] | None:
        """What is set in the Linux system: of a Linux device its configuration, of a router what its shell shows."""
        return self.config if self.device.platform == "linux" else self.now.shell_config

    @property
    def shell_config_before(self) -> list[ConfigLine] | None:
        """The same when all was well; None: nobody knows."""
        if self.before is None:
            return None
        return self.before.config if self.device.platform == "linux" else self.before.shell_config

    @property
    def shell_sha256(self) -> str:
        """The pre-state that an approval of shell commands is bound to."""
        if self.device.platform == "linux":
            return self.config_sha256
        return next((o.state.shell_config_sha256 for o in self._states("shell_config") if o.state), "")

    @property
    def running(self) -> str:
        """The running configuration as text, as recorded; empty when it was not kept."""
        return next((o.text for o in self._outputs() if is_config(o.command) and o.text), "")

    def view_status(self, view: str) -> ViewStatus | None:
        """How the view went, when it was last looked at."""
        return next((o.state.status[view] for o in self.observations if o.state and view in o.state.status), None)

    def understood(self, view: str) -> bool:
        """The view was looked at, and what the device said is clear: that there is none, too."""
        if view == "bgp" and self.view_status(view) == "unparsed" and self._lone:
            return True
        if self.view_status(view) in ("unparsed", "rejected"):
            return False
        return self.view_status(view) == "empty" or getattr(self, view) is not None

    @property
    def _lone(self) -> bool:
        """Its BGP process has no neighbours by its configuration: IOS then answers about them with nothing at all."""
        lines = self.config or []
        inside = [line.text for line in lines if line.section.startswith("router bgp ")]
        process = any(not line.section and line.text.startswith("router bgp ") for line in lines)
        return process and not any(text.startswith(("neighbor ", "bgp listen range ")) for text in inside)

    def interface(self, name: str) -> Interface | None:
        """The interface of that name, as seen."""
        return next((i for i in self.interfaces or [] if i.name == name), None)

    def quote(self, *wanted: Quote | str | None) -> list[Evidence]:
        """Evidence for each of ``wanted`` that stands in a recorded output, letter for letter; others are left out."""
        found = [self._stands(Quote(command="", text=w) if isinstance(w, str) else w) for w in wanted if w]
        return [evidence for evidence in found if evidence is not None]

    def error(self) -> list[Evidence]:
        """Evidence from what the tool said when the device did not answer."""
        last = self.observations[0]
        if not last.error.strip():
            return []
        return [Evidence(observation_id=last.observation_id, device=self.name, command="", quote=last.error)]

    def _states(self, view: str) -> Iterator[Observation]:
        """The newest look at ``view``, if the device answered it; an older one would be the past."""
        for o in self.observations:
            if o.state is not None and (getattr(o.state, view) is not None or view in o.state.status):
                yield o
                return

    def _outputs(self) -> Iterable[Output]:
        return (output for observation in self.observations for output in observation.outputs)

    def was(self, *wanted: Quote | str | None) -> list[Evidence]:
        """Evidence for each of ``wanted`` that stands in the baseline; others are left out."""
        if self.baseline is None:
            return []
        past = Sight(self.device, (self.baseline,))
        return past.quote(*(w if isinstance(w, str) else w.text for w in wanted if w))

    def _stands(self, quote: Quote) -> Evidence | None:
        for o in self.observations:
            for output in sorted(o.outputs, key=lambda out: not is_config(out.command)):
                if quote.text.strip() and quote.text in output.text and quote.command in ("", output.command):
                    return Evidence(
                        observation_id=o.observation_id, device=self.name, command=output.command, quote=quote.text
                    )
        return None


def is_config(command: str) -> bool:
    """Whether ``command`` shows a running configuration."""
    return command.startswith(("show run", "show configuration"))
