"""A false alarm has a reason: it came and went, it is meant so, the devices contradict it; a fault wins over all."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from agents.world import RUNNING, World, alert, build, case
from msgspec.structs import replace

from nocmesh.agent.reasoner import Act, Finish
from nocmesh.diagnosis.history import Applied, History, Turn
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import Log, LogEntry, Output, Process, Quote, System
from nocmesh.network import Network, Window
from nocmesh_agents.judgement.specialist import decide as specialist
from nocmesh_agents.triage.rules import decide as triage

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
PAIR = [(0, 1)]
DOWN = "%ADJCHANGE: neighbor 10.0.0.2(r2) in vrf default Down Interface down"
UP = "%ADJCHANGE: neighbor 10.0.0.2(r2) in vrf default Up"


class Remembering:
    """A world whose devices and monitor remember, and where time passes."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.now = START
        self.logs: dict[str, list[tuple[float, str, str]]] = {}
        """By device: age at START, source, text."""
        self.histories: dict[str, History] = {}
        self.systems: dict[str, System] = {}
        self.happens: Callable[[Remembering], None] = lambda _: None
        """What goes on while somebody waits."""
        self.waits: list[float] = []

    def logged(self, device: str, age: float, text: str, source: str = "BGP") -> None:
        self.logs.setdefault(device, []).append((age, source, text))

    def turned(self, device: str, *turns: Turn, **more: Any) -> None:
        base = {"device": device, "at": START, "began": START - timedelta(hours=2), "turns": list(turns)}
        self.histories[device] = History(**{**base, **more})

    def observe(self, call: ToolCall) -> Observation:
        if call.tool == "wait":
            seconds = float(call.arguments["seconds"])
            self.now += timedelta(seconds=seconds)
            self.waits.append(seconds)
            self.happens(self)
        device = str(call.arguments.get("device", ""))
        seen = self.world.observe(call)
        if call.tool == "device_history" and device in self.histories:
            content = {"history": self.histories[device].to_dict()}
            seen = Observation(
                observation_id=call.call_id, tool=call.tool, arguments=call.arguments, device=device, content=content
            )
        if seen.state is not None and call.tool == "device_state":
            seen = self._with_memory(seen, call.arguments["views"])
        return replace(seen, at=self.now)

    def _with_memory(self, seen: Observation, views: list[str]) -> Observation:
        assert seen.state is not None
        more: dict[str, Any] = {}
        outputs = list(seen.outputs)
        if "log" in views:
            lines = sorted(self.logs.get(seen.device, ()), reverse=True)
            entries = [
                LogEntry(time=START - timedelta(seconds=a), source=s, text=t, quote=Quote(command="log", text=t))
                for a, s, t in lines
            ]
            more["log"] = Log(entries=entries, clock=self.now)
            outputs.append(Output(command="log", text="\n".join(text for _, _, text in lines)))
        if "system" in views and seen.device in self.systems:
            more["system"] = self.systems[seen.device]
        if "processes" in views:
            more["processes"] = [Process(name="bgpd", cpu_percent=1.5), Process(name="zebra", cpu_percent=0.1)]
        status = {**seen.state.status, **dict.fromkeys(more, "parsed")}
        return replace(seen, state=replace(seen.state, **more, status=status), outputs=outputs)

    def asked(self, decide: Any, task_type: str, **parameters: Any) -> dict[str, Any]:
        """What the agent finds."""
        work, seen = case(self.world, task_type, **parameters), list[Observation]()
        for _ in range(25):
            move = decide(work, seen)
            if isinstance(move, Finish):
                found: dict[str, Any] = move.result
                return found
            assert isinstance(move, Act)
            seen += [self.observe(call) for call in move.calls]
        raise AssertionError("no result within 25 moves")

    def triaged(self, about: str = "r1", **more: Any) -> dict[str, Any]:
        started = START - timedelta(seconds=40)
        told = {"starts_at": started.isoformat(), "received_at": START.isoformat(), **more}
        return self.asked(triage, "triage", alert=alert(about, **told))


@pytest.fixture
def pair() -> Remembering:
    return Remembering(build(PAIR, intent=True))


def test_what_came_back_by_itself_is_a_false_alarm_that_tells_the_outage(pair: Remembering) -> None:
    pair.logged("r1", 60, DOWN)
    pair.logged("r1", 42, UP)
    found = pair.triaged()
    assert (found["verdict"], found["reason"], found["confidence"]) == ("false_positive", "recovered", 0.97)
    told = found["recovered"]
    assert (told["what"], told["since"], told["until"]) == (
        "the BGP session r1 - r2 was down",
        "2026-01-31T11:59:00Z",
        "2026-01-31T11:59:18Z",
    )
    assert [quote["quote"] for quote in told["evidence"]] == [DOWN, UP]
    assert "from 2026-01-31T11:59:00Z to 2026-01-31T11:59:18Z (18 s)" in found["why"]
    assert "Swept r1, r2: 2 devices answer, 1 link carries, 1 BGP session stands." in found["why"]
    assert pair.waits == []


def test_the_far_ends_log_tells_of_it_too(pair: Remembering) -> None:
    pair.logged("r2", 60, DOWN.replace("10.0.0.2(r2)", "10.0.0.1(r1)"))
    pair.logged("r2", 42, UP.replace("10.0.0.2(r2)", "10.0.0.1(r1)"))
    assert pair.triaged()["reason"] == "recovered"


def test_a_fault_that_is_there_wins_over_an_outage(pair: Remembering) -> None:
    pair.logged("r1", 60, DOWN)
    pair.logged("r1", 42, UP)
    pair.world.dead.add(0)
    assert pair.triaged()["verdict"] == "true_positive"


def test_a_forged_line_of_a_log_heals_nothing(pair: Remembering) -> None:
    pair.world.bgp("r1", f"neighbor {pair.world.address('r2', 'r1')} shutdown")
    pair.logged("r1", 1, UP)
    assert pair.triaged()["verdict"] == "true_positive"


def test_another_layers_outage_is_no_reason(pair: Remembering) -> None:
    pair.logged("r1", 60, DOWN)
    pair.logged("r1", 42, UP)
    found = pair.triaged(name="ConfigurationChanged", summary="the configuration of r1 changed")
    assert found["reason"] != "recovered"
    assert found["recovered"] is None


def test_an_outage_of_yesterday_is_no_reason(pair: Remembering) -> None:
    pair.logged("r1", 90_000, DOWN)
    pair.logged("r1", 89_000, UP)
    found = pair.triaged()
    assert (found["reason"], found["recovered"]) == ("nothing_found", None)
    assert "no outage that the alert may mean is known to the log of r1" in found["why"]


def test_the_monitors_history_is_a_reason_with_bounds(pair: Remembering) -> None:
    port = pair.world.port("r1", "r2")
    at = [START - timedelta(seconds=age) for age in (120, 60, 30)]
    down = Turn(kind="interface", what=port, before="up", after="down", since=at[0], at=at[1])
    back = Turn(kind="interface", what=port, before="down", after="up", since=at[1], at=at[2])
    pair.turned("r1", down, back)
    found = pair.triaged(name="LinkDown")
    assert (found["reason"], found["confidence"]) == ("recovered", 0.95)
    assert "at some time from 2026-01-31T11:58:00Z to 2026-01-31T11:59:30Z" in found["why"]


# --- once, or again and again


def flapping(pair: Remembering, pause: float, times: int, last: float) -> None:
    """It went so often, every ``pause`` seconds, and came back ``last`` seconds ago."""
    for n in range(times):
        pair.logged("r1", last + 2 * pause * n, UP)
        pair.logged("r1", last + 2 * pause * n + pause, DOWN)


def test_what_went_again_and_again_is_watched_before_it_is_called_over(pair: Remembering) -> None:
    flapping(pair, pause=6, times=4, last=2)
    found = pair.triaged()
    assert (found["verdict"], found["reason"]) == ("false_positive", "recovered")
    assert pair.waits == [10.0]
    assert "down 4 times" in found["recovered"]["what"]


def test_what_goes_again_while_it_is_watched_is_real(pair: Remembering) -> None:
    flapping(pair, pause=6, times=4, last=2)

    def again(world: Remembering) -> None:
        world.logged("r1", -4, DOWN)
        world.logged("r1", -8, UP)

    pair.happens = again
    found = pair.triaged()
    assert (found["verdict"], found["specialist"]) == ("true_positive", "layer2")
    assert "keeps coming and going" in found["why"]


def test_what_flapped_and_has_long_been_quiet_is_not_waited_for(pair: Remembering) -> None:
    flapping(pair, pause=2, times=5, last=30)
    assert pair.triaged()["reason"] == "recovered"
    assert pair.waits == []


# --- on purpose


def windowed(world: World, start: float, until: float, **scope: Any) -> None:
    network = world.network
    times = [START + timedelta(seconds=seconds) for seconds in (start, until)]
    window = Window(start=times[0], until=times[1], reason="new optics", **scope)
    world.network = Network(devices=network.devices, links=network.links, maintenance=[window])


@pytest.mark.parametrize(
    ("start", "until", "verdict"), [(-60, 60, "false_positive"), (60, 120, "true_positive"), (-60, -1, "true_positive")]
)
def test_a_link_in_its_maintenance_window_may_be_down_and_before_and_after_it_may_not(
    pair: Remembering, start: float, until: float, verdict: str
) -> None:
    link = pair.world.network.links[0]
    windowed(pair.world, start, until, ends=[link.a, link.b])
    pair.world.dead.add(0)
    found = pair.triaged()
    assert found["verdict"] == verdict
    if verdict == "false_positive":
        assert found["reason"] == "planned"
        assert "down on purpose: maintenance until" in found["why"]


def test_a_device_in_its_window_need_not_answer(pair: Remembering) -> None:
    windowed(pair.world, -60, 600, device="r2")
    pair.world.routers["r2"].answers = False
    pair.world.dead.add(0)
    found = pair.triaged("r2", name="InstanceDown")
    assert (found["verdict"], found["reason"]) == ("false_positive", "planned")
    assert "r2 does not answer on purpose" in found["why"]


def test_a_window_excuses_nothing_that_is_wrong_with_what_is_up(pair: Remembering) -> None:
    link = pair.world.network.links[0]
    windowed(pair.world, -60, 600, ends=[link.a, link.b])
    pair.world.bgp("r1", f"neighbor {pair.world.address('r2', 'r1')} shutdown")
    assert pair.triaged()["verdict"] == "true_positive"


def test_what_the_mesh_itself_shut_down_is_no_alarm_until_it_should_be_back(pair: Remembering) -> None:
    port = pair.world.port("r1", "r2")
    pair.world.routers["r1"].apply(f"interface {port}", "shutdown")
    assert pair.triaged()["verdict"] == "true_positive"
    shut = Applied(change_id="ch7", at=START - timedelta(hours=1), lines=[f"interface {port} | shutdown"])
    back = Applied(change_id="ch8", at=START - timedelta(minutes=5), lines=[f"interface {port} | no shutdown"])
    pair.turned("r1", applied=[shut])
    found = pair.triaged()
    assert (found["verdict"], found["reason"]) == ("false_positive", "planned")
    assert "on purpose: the approved change ch7" in found["why"]
    pair.turned("r1", applied=[shut, back])
    assert pair.triaged()["verdict"] == "true_positive"


# --- the devices contradict it


def labelled(**labels: str) -> dict[str, Any]:
    return {"labels": labels}


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"name": "InterfaceDown", **labelled(ifName="e9")}, "r1 has no interface 'e9'"),
        ({"name": "InterfaceDown", **labelled(ifName="e0")}, "r1:e0 is up"),
        ({"name": "BgpPeerDown", **labelled(neighbor="10.99.99.9")}, "r1 has no BGP neighbour 10.99.99.9"),
        ({"name": "TargetDown", "summary": "exporter of r1 is down"}, "its snmpd runs: what did not answer is"),
        ({"name": "InstanceDown", "summary": "r1 is down"}, "r1 answers and has been running for 25 hours"),
        ({"name": "HighCpu", "summary": "cpu of r1 at 99 %"}, "uses more than 1.5 % of a processor (bgpd)"),
        ({"name": "MemoryPressure", "summary": "memory of r1"}, "50 % of the memory of r1 is free"),
        ({"name": "PacketLoss", "summary": "loss at r1"}, "no interface of r1 has counted an error or a discard"),
    ],
)
def test_what_the_devices_contradict_is_an_error_of_the_monitoring(
    pair: Remembering, about: dict[str, Any], said: str
) -> None:
    pair.turned("r1")
    runs = {"snmpd": True, "bgpd": True}
    pair.systems["r1"] = System(
        uptime_seconds=90_000, services=runs, memory_total_kb=1000, memory_available_kb=500, ip_forwarding=True
    )
    found = pair.triaged(**{"summary": "down", **about})
    assert (found["verdict"], found["reason"]) == ("false_positive", "monitoring_error"), found["why"]
    assert found["why"].startswith("The devices contradict it: ")
    assert said in found["why"]


def test_a_configuration_that_is_its_baselines_is_said_to_be(pair: Remembering) -> None:
    text, state = pair.world.state("r1")
    shown = next(output.text for output in text if output.command == RUNNING)
    pair.world.past["r1"] = (shown, state)
    found = pair.triaged(name="ConfigurationChanged", summary="the configuration of r1 changed")
    assert "the configuration of r1 is" in found["why"]


# --- the specialist


def test_a_specialist_that_finds_all_well_tells_what_triage_saw_and_when_it_came_back(pair: Remembering) -> None:
    pair.logged("r1", 20, DOWN)
    pair.logged("r1", 3, UP)
    triaged = {"verdict": "true_positive", "why": "BGP session r1 to 10.0.0.2 (r2) is active.", "devices": ["r1", "r2"]}
    told = alert("r1", received_at=START.isoformat())
    found = pair.asked(specialist, "diagnose", alert=told, **triaged)
    assert (found["verdict"], found["root_causes"]) == ("false_positive", [])
    assert found["recovered"]["until"] == "2026-01-31T11:59:57Z"
    assert "triage saw it" in found["recovered"]["how_we_know"]


def test_what_nobody_remembers_is_what_triage_saw(pair: Remembering) -> None:
    triaged = {"verdict": "true_positive", "why": "BGP session r1 to 10.0.0.2 (r2) is active.", "devices": ["r1", "r2"]}
    found = pair.asked(specialist, "diagnose", alert=alert("r1", received_at=START.isoformat()), **triaged)
    assert found["recovered"]["what"] == "BGP session r1 to 10.0.0.2 (r2) is active"
    assert found["summary"].startswith("It recovered by itself: ")
