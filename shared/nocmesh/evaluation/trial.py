"""One case on a network and a mesh at rest; afterwards both are at rest again, or it says that they are not."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from nocmesh.clock import Clock
from nocmesh.errors import NocmeshError
from nocmesh.evaluation.alerts import filled, resolved
from nocmesh.evaluation.case import Case, Sent
from nocmesh.evaluation.ground import Ground
from nocmesh.evaluation.incident import Conversation, Followed
from nocmesh.evaluation.networks import ground_of
from nocmesh.evaluation.result import CaseResult, Named, Status
from nocmesh.inventory import load_inventory
from nocmesh.log import Log

LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a run waits, in seconds."""

    showing: float = 45.0
    """For the symptom of an injected fault."""
    case: float = 240.0
    """For an incident's end."""
    mending: float = 15.0
    """For the symptom to go once the mesh says that it has mended the network."""
    settling: float = 60.0
    """For a healed network to converge."""
    closing: float = 20.0
    """For an incident that was called off to end."""
    accepting: float = 60.0
    """For the mesh to see that what was broken is well: it does not try a device again at once that was gone."""


class InvalidCaseError(NocmeshError):
    """The network did not do what the case says: the mesh cannot be judged by it."""


@dataclass
class _Seen:
    """What is known of a case so far."""

    sent: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Sources and bodies as they were sent."""
    told: bool = False
    """The case's own alert was."""
    broken: bool = False
    """Something was: counters have moved anywhere, and what the mesh takes for known good may be of its own making."""


class Trial:
    """Runs cases on one network with one mesh."""

    def __init__(
        self, ground: Ground, talk: Conversation, clock: Clock, log: Log, patience: Patience, *, repair: bool
    ) -> None:
        self._ground = ground
        self._network = load_inventory(ground.inventory).network()
        self._talk = talk
        self._clock = clock
        self._log = log
        self._patience = patience
        self._repair = repair

    async def run(self, case: Case) -> tuple[CaseResult, bool]:
        """What came of it, and whether the next case may follow on this network and mesh."""
        seen, took, started = _Seen(), dict[str, float](), self._time()
        result = blank(case, "invalid", "")
        try:
            result = await self._judge(case, seen, took)
        except Exception as wrong:  # noqa: BLE001 - a case's crash never stops the run
            self._log.warning("case_failed", case=case.name, error=str(wrong), exc_info=wrong)
            result = replace(result, status="judged" if seen.told else "invalid", reason=str(wrong))
        timed, clean = self._time(), False
        try:
            clean = await self._clean_up(seen)
        except Exception as wrong:  # noqa: BLE001 - nor does what it leaves behind
            self._log.warning("cleaning_failed", case=case.name, error=str(wrong), exc_info=wrong)
        took |= {"cleaning": self._time() - timed, "all": self._time() - started}
        return replace(result, took={part: round(seconds, 2) for part, seconds in took.items()}), clean

    async def _judge(self, case: Case, seen: _Seen, took: dict[str, float]) -> CaseResult:
        started = self._time()
        seen.broken = bool(case.faults)
        await self._break(case)
        took["breaking"] = self._time() - started
        before = await self._talk.known_incidents()
        for noise in case.noise:
            await self._send(noise, seen)
        alerts = await self._send(case.alert, seen)
        accepted, seen.told = self._time(), True
        incidents = await self._talk.incidents_of(alerts, before)
        followed = await self._talk.follow(incidents, accepted, repair=self._repair, seconds=self._patience.case)
        took["incident"] = self._time() - accepted
        seen.broken |= any(report.proposals for report in followed.reports)
        return await self._told(case, followed)

    async def _send(self, alert: Sent, seen: _Seen) -> list[str]:
        body = filled(alert.body, self._clock.now(), self._address_of)
        accepted = await self._talk.post(alert.source, body)
        seen.sent.append((alert.source, body))
        return accepted

    async def _break(self, case: Case) -> None:
        """Inject every fault and see each show; a case of the kind ``recovered`` is healed again."""
        for fault in case.faults:
            try:
                await self._ground.inject(fault)
            except NocmeshError as wrong:
                raise InvalidCaseError(f"{fault} cannot be injected: {wrong.message}") from wrong
        wanted = {str(fault) for fault in case.faults}
        if not await until(self._all_show(wanted), self._patience.showing):
            hidden = ", ".join(sorted(wanted - set(await self._ground.showing())))
            raise InvalidCaseError(f"no symptom of {hidden} within {self._patience.showing:g} s")
        await asyncio.sleep(case.wait)
        if case.recovered:
            await self._rest()

    def _all_show(self, wanted: set[str]) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            return not wanted or wanted <= set(await self._ground.showing())

        return look

    async def _told(self, case: Case, followed: Followed) -> CaseResult:
        mended = None
        if self._repair and case.expect.root_causes:
            held = any(report.outcome and report.outcome.verification == "passed" for report in followed.reports)
            mended = await until(self._none_shows, self._patience.mending if held else 0.0)
        stands = ", ".join(followed.states) or "nowhere to be read"
        late = f"{stands} after {self._patience.case:g} s" if not followed.over else ""
        return replace(
            blank(case, "judged", "; ".join([*([late] if late else []), *followed.refused])),
            reports=followed.reports,
            seconds=None if followed.seconds is None else round(followed.seconds, 2),
            evidence=await self._talk.evidence(followed),
            repairs=self._repair,
            mended=mended,
        )

    async def _none_shows(self) -> bool:
        return not await self._ground.showing()

    async def _clean_up(self, seen: _Seen) -> bool:
        """Heal, end what is open, take the alert back; whether all that came to rest."""
        rested = await self._rest()
        quiet = await until(self._talk.quiet, self._patience.closing)
        for source, body in seen.sent:
            await self._talk.post(source, resolved(body, self._clock.now()))
        accepted = not seen.broken or await self._talk.accept(self._devices(), self._patience.accepting)
        return rested and quiet and accepted

    def _devices(self) -> list[str]:
        return [device.name for device in self._network.devices]

    async def _rest(self) -> bool:
        """Heal, and wait until the network is as it was."""
        await self._ground.heal()
        if await until(self._is_settled, self._patience.settling):
            return True
        self._log.warning("network_not_settled", why=await self._ground.settled())
        return False

    async def _is_settled(self) -> bool:
        return not await self._ground.settled()

    def _address_of(self, device: str, interface: str) -> str:
        known = self._network.device(device)
        port = next((one for one in known.interfaces if one.name == interface), None) if known else None
        if port is None or not port.addresses:
            raise InvalidCaseError(f"the network has no address on {device}/{interface}, which the alert names")
        return port.addresses[0].partition("/")[0]

    def _time(self) -> float:
        return asyncio.get_running_loop().time()


def blank(case: Case, status: Status, reason: str) -> CaseResult:
    """The case, with nothing known of what came of it."""
    causes = [Named(resource=cause.resource, fault_type=cause.fault_type) for cause in case.expect.root_causes]
    return CaseResult(
        name=case.name,
        family=case.family,
        network=case.network,
        ground=ground_of(case),
        status=status,
        reason=reason,
        expected=causes,
        verdict_expected=case.expect.verdict,
        faults=len(case.faults),
    )


async def until(true: Callable[[], Awaitable[bool]], seconds: float) -> bool:
    """Whether it comes true within ``seconds``; it is looked at once at least."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not await true():
        if loop.time() >= deadline:
            return False
        await asyncio.sleep(LOOK_SECONDS)
    return True
