"""What is broken in a Linux system is put back by commands that the guard lets through and that can be undone."""

import re
from typing import Any

import msgspec
import pytest
from agents.judgement.replays import Answers, Replay, recording
from msgspec.structs import replace

from nocmesh.diagnosis import shellmerge
from nocmesh.diagnosis.configlines import rendered
from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.signs import Scene
from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.messages.change import Change
from nocmesh.messages.report import Diagnosis, RootCause
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import ConfigLine, DeviceState, Interface
from nocmesh.network import Device, IntendedInterface, Network
from nocmesh.policy.judge import Asked, judge
from nocmesh.policy.policy import built_in
from nocmesh_agents.judgement.hands import by_hand, for_a_person
from nocmesh_agents.remediation.edits import Edit, Fix, Refusal
from nocmesh_agents.remediation.remedies import REMEDIES
from nocmesh_agents.remediation.rules import decide
from nocmesh_agents.remediation.shell import in_turn
from nocmesh_bridges.platforms.linux_links import LINKS
from nocmesh_bridges.platforms.linux_routes import ROUTES
from nocmesh_bridges.platforms.linux_system import DAEMONS, PROCESSES
from nocmesh_bridges.platforms.nftables import RULESET
from nocmesh_bridges.ssh.guard import check_line
from nocmesh_bridges.ssh.shellguard import out_of_place

RISKS = ("low", "medium", "high", "critical")
CAMPUS, EBGP, ISIS = "campus-ospf", "clos-ospf-ebgp", "clos-isis-ibgp_rr"

EXPECTED = {
    (CAMPUS, "mtu_mismatch"): [r"ip link set dev \S+ mtu 1500"],
    (CAMPUS, "host_incorrect_ip"): [
        r"ip addr del \S+ dev h\d-e0",
        r"ip addr add 10\.100\.\S+/24 dev h\d-e0",
        r"ip route replace default via \S+ dev h\d-e0",
    ],
    (CAMPUS, "host_incorrect_netmask"): [
        r"ip addr del \S+ dev h\d-e0",
        r"ip addr add 10\.100\.\S+/24 dev h\d-e0",
        r"ip route replace default via \S+ dev h\d-e0",
    ],
    (CAMPUS, "host_missing_ip"): [r"ip addr add \S+ dev h\d-e0", r"ip route replace default via \S+ dev h\d-e0"],
    (CAMPUS, "host_ip_conflict"): [
        r"ip addr del \S+ dev h\d-e0",
        r"ip addr add \S+ dev h\d-e0",
        r"ip route replace default via \S+ dev h\d-e0",
    ],
    (CAMPUS, "mac_address_conflict"): [
        r"ip link set dev h\d-e0 address \S+",
        r"ip neigh flush dev h\d-e0",
        r"ping -c 1 -W 1 \S+",
    ],
    (CAMPUS, "host_incorrect_gateway"): [r"ip route replace default via 10\.100\.0\.\d dev h\d-e0"],
    (CAMPUS, "host_static_blackhole"): [r"ip route del blackhole \S+"],
    (CAMPUS, "ospf_acl_block"): [r"nft delete rule inet filter input handle \d+", r"nft delete rule \S+ .* handle \d+"],
    (CAMPUS, "icmp_acl_block"): [
        r"nft delete rule inet filter input handle \d+",
        r"nft delete rule .* forward handle \d+",
    ],
    (CAMPUS, "arp_acl_block"): [r"nft delete rule arp filter input handle \d+", r"nft delete rule arp .* handle \d+"],
    (CAMPUS, "http_acl_block"): [r"nft delete rule inet filter input handle \d+"],
    (CAMPUS, "stp_root_moved"): [r"ip link set dev br0 type bridge priority \d+"],
    (CAMPUS, "stp_disabled"): [r"ip link set dev br0 type bridge stp_state 1"],
    (CAMPUS, "stp_cost_misconfig"): [r"bridge link set dev \S+ cost \d+"],
    (CAMPUS, "stp_port_blocked_unexpectedly"): [r"bridge link set dev \S+ root_block off"],
    (CAMPUS, "l2_port_missing"): [r"ip link set dev \S+ master br0"],
    (CAMPUS, "l2_loop"): [r"ip link set dev \S+ down"],
    (CAMPUS, "frr_service_down"): [r"/usr/lib/frr/ospfd -d -N space -A 127\.0\.0\.1", r"vtysh -N space -b -d ospfd"],
    (CAMPUS, "service_down"): [r"/usr/lib/frr/snmpd -d -N space -A 127\.0\.0\.1 -p /run/snmpd\.pid"],
    (EBGP, "bgp_acl_block"): [r"nft delete rule inet filter \w+ handle \d+"] * 4,
    (ISIS, "isis_acl_block"): [r"nft delete rule netdev filter egress handle \d+"],
}


class Shells(Replay):
    """A recorded lab that also answers what was not asked when it was recorded; made up from what was."""

    def _observe(self, call: ToolCall) -> Observation:
        if call.tool != "device_backup":
            return super()._observe(call)
        base: dict[str, Any] = {"observation_id": call.call_id, "tool": call.tool, "arguments": call.arguments}
        return Observation(**base, device=str(call.arguments["device"]), content={"sha256": "0"})

    def _now(self, node: str) -> Answers:
        return _asked_since(super()._now(node))

    def _baseline(self, base: dict[str, Any], device: Any) -> Observation:
        self._healthy = {name: _asked_since(said) for name, said in self._healthy.items()}
        return super()._baseline(base, device)

    def plan(self, causes: list[RootCause]) -> tuple[list[Change], str]:
        return self.planned(Diagnosis(verdict="true_positive", confidence=1.0, root_causes=causes))

    def planned(self, diagnosis: Diagnosis) -> tuple[list[Change], str]:
        found, _ = self._pursue(decide, "plan", alert=self.alert, diagnosis=diagnosis.to_dict())
        return msgspec.convert(found["changes"], list[Change]), found["needs_person"]


def _asked_since(said: Answers) -> dict[tuple[str, str], str]:
    door = next(door for command, door in said if command == LINKS)
    table = said.get((PROCESSES, door), "")
    rules = said.get((RULESET, door)) or said.get(("nft list ruleset", door), "")
    routes = {} if (ROUTES, door) in said else {(ROUTES, door): "[]"}
    return {**said, **routes, (RULESET, door): _numbered(rules), (DAEMONS, door): _started(table)}


def _numbered(rules: str) -> str:
    numbered = [
        f"{line} # handle {n}" if line.startswith("\t\t") and not line.strip().startswith("type ") else line
        for n, line in enumerate(rules.splitlines())
    ]
    return "\n".join([*numbered, ""]) if rules.strip() else rules


def _started(table: str) -> str:
    rows = [line.split() for line in table.splitlines()[1:]]
    pid_file = {"snmpd": " -p /run/snmpd.pid"}
    lines = [f"{r[0]} 1 /usr/lib/frr/{r[5]} -d -N space -A 127.0.0.1{pid_file.get(r[5], '')}" for r in rows]
    return "\n".join(["PID PPID COMMAND", *lines, ""])


def planned(lab: str, fault: str) -> tuple[Shells, list[Change], str]:
    replay = Shells(lab, fault)
    diagnosis = replay.diagnosed()
    assert [cause.fault_type for cause in diagnosis.root_causes] == [fault]
    return replay, *replay.plan(diagnosis.root_causes)


@pytest.mark.real
@pytest.mark.parametrize(("lab", "fault"), EXPECTED, ids=[f"{lab}-{fault}" for lab, fault in EXPECTED])
def test_a_fault_in_a_linux_system_has_its_change(lab: str, fault: str) -> None:
    replay, changes, person = planned(lab, fault)
    [change] = changes
    assert person == ""
    assert len(change.commands) == len(EXPECTED[lab, fault])
    for command, shape in zip(change.commands, EXPECTED[lab, fault], strict=True):
        assert re.fullmatch(shape, command), command
    assert change.door == ("cli" if change.platform == "linux" else "shell")
    assert change.verify
    assert change.diff.strip()
    assert_sound(replay, change)


def assert_sound(replay: Shells, change: Change) -> None:
    """The bridge will take it: each line, its risk, its way back, the state that it is bound to."""
    for line in change.commands:
        check_line("linux", line, known=change.commands)
    for line in change.rollback:
        check_line("linux", line, undo=True)
    assert out_of_place(change.commands, change.rollback) == ""
    lines = [*change.commands, *change.rollback]
    least = judge(built_in(), Asked(lines=lines, door="shell", platform="linux")).risk
    assert RISKS.index(change.risk) >= RISKS.index(least)
    view = "config" if change.platform == "linux" else "shell_config"
    call = ToolCall(call_id="c", tool="device_state", arguments={"device": change.device, "views": [view, "filters"]})
    state = replay._observe(call).state
    assert state is not None
    assert getattr(state, f"{view}_sha256") == change.pre_state
    rules = {(r.name, str(r.handle)): r.text for r in state.filters or []}
    running = "\n".join(rendered(getattr(state, view)))
    assert shellmerge.undoes(running, change.commands, change.rollback, rules)
    visible = [line for line in change.commands if not line.startswith(("vtysh ", "ping ", "ip neigh "))]
    for line in visible[:1]:
        assert shellmerge.affected_diff(running, [line], rules)


@pytest.mark.real
@pytest.mark.parametrize(
    "fault", ["link_down", "link_flap", "link_detach", "link_capacity_bottleneck", "device_unreachable"]
)
def test_what_needs_hands_is_told_to_hands(fault: str) -> None:
    shells = Shells(CAMPUS, fault)
    diagnosis = shells.diagnosed()
    assert diagnosis.needs_person.startswith(f"{diagnosis.root_causes[0].resource}: ")
    assert fault not in REMEDIES
    unsaid = replace(diagnosis, needs_person="")
    assert shells.planned(diagnosis) == ([], ""), "the same words twice"
    assert shells.planned(unsaid) == ([], diagnosis.needs_person)


def test_what_no_remedy_is_known_for_is_told_in_the_words_of_the_vocabulary() -> None:
    for fault, known in fault_types().items():
        cause = RootCause(resource="node/r1", fault_type=fault, confidence=1.0, summary="")
        assert by_hand(cause) == for_a_person([cause]) or by_hand(cause) == f"node/r1: {known.by_hand}"
    odd = RootCause(resource="node/r1", fault_type="odd", confidence=1.0, summary="")
    assert by_hand(odd) == "node/r1: odd has no safe change; a person must look at it."


@pytest.mark.real
def test_what_was_shut_down_in_the_routers_configuration_is_brought_up_there() -> None:
    _, [change], _ = planned(EBGP, "interface_admin_down")
    assert change.door == "cli"
    assert change.commands[1:] == ["no shutdown"]


@pytest.mark.real
def test_without_handles_a_filter_is_left_to_a_person() -> None:
    shells = Shells(CAMPUS, "arp_acl_block")
    numbered = shells._now

    def unnumbered(node: str) -> dict[tuple[str, str], str]:
        return {key: re.sub(r" # handle \d+", "", said) for key, said in numbered(node).items()}

    shells._now = unnumbered  # type: ignore[method-assign]
    changes, person = shells.plan(shells.diagnosed().root_causes)
    assert changes == []
    assert "does not say by which handle" in person


@pytest.mark.real
def test_a_daemon_whose_command_line_nobody_knows_is_left_to_a_person() -> None:
    replay = Replay(CAMPUS, "service_down")
    shells = Shells(CAMPUS, "service_down")
    shells._now = replay._now  # type: ignore[method-assign]
    shells._baseline = replay._baseline  # type: ignore[method-assign]
    changes, person = shells.plan(replay.diagnosed().root_causes)
    assert changes == []
    assert "by which command line snmpd ran" in person or "could not be read" in person


def _fix(door: Any, *lines: str) -> tuple[RootCause, Fix]:
    cause = RootCause(resource="node/r1", fault_type="mtu_mismatch", summary="", confidence=1.0, evidence=[])
    return cause, Fix(device="r1", edits=(Edit("x", lines, ()),), summary="", door=door)


@pytest.mark.parametrize(
    ("shell", "cli", "order", "waits"),
    [
        ("ip link set dev e0 mtu 1500", "no shutdown", ["shell", "cli"], False),
        ("sysctl -w net.ipv4.ip_forward=1", "neighbor 10.0.0.1 remote-as 1", ["cli", "shell"], False),
        ("sysctl -w net.ipv4.ip_forward=1", "no shutdown", ["shell"], True),
        ("/usr/lib/frr/ospfd -d", "neighbor 10.0.0.1 remote-as 1", ["shell"], True),
    ],
)
def test_of_two_doors_that_one_goes_first_which_does_not_move_the_others_state(
    shell: str, cli: str, order: list[str], waits: bool
) -> None:
    ready, waiting = in_turn({("r1", "cli"): [_fix("cli", cli)], ("r1", "shell"): [_fix("shell", shell)]})
    assert [door for _, door in ready] == order
    assert bool(waiting) is waits


def test_every_recorded_fault_of_a_linux_system_is_tried() -> None:
    tried = {fault for _, fault in EXPECTED} | {"interface_admin_down", "ip_forwarding_disabled"}
    recorded = {each["fault"] for lab in (CAMPUS, EBGP, ISIS) for each in recording(lab)["faults"]}
    places = {fault: [remedy.__module__.rpartition(".")[2] for remedy in REMEDIES[fault]] for fault in REMEDIES}
    shells = {fault for fault, modules in places.items() if any(name.startswith("shell") for name in modules)}
    assert shells & recorded <= tried


# --- where it was broken: in the router's configuration, or in the kernel


def router(*, configured: str, held: str, shut: bool = False) -> Scene:
    """r1 as it was seen: what its own configuration says of e0, and what the kernel has."""
    device = Device(
        name="r1",
        platform="frr",
        address="172.31.0.1",
        interfaces=[IntendedInterface(name="e0", addresses=["10.0.0.1/30"], enabled=True, mtu=1500)],
    )
    config = [f"ip address {configured}", *(["shutdown"] if shut else [])]
    kernel = ["mtu 1500", "down" if shut or not held else "up", "mac 02:00:00:00:00:01"]
    kernel += [f"address {held}"] if held else ["address 10.0.0.1/30"]
    state = DeviceState(
        device="r1",
        platform="frr",
        interfaces=[Interface(name="e0", enabled=bool(held) and not shut, addresses=[held or "10.0.0.1/30"])],
        config=[ConfigLine(section="", text="interface e0"), *_lines("interface e0", config)],
        config_sha256="a",
        shell_config=[ConfigLine(section="", text="interface e0"), *_lines("interface e0", kernel)],
        shell_config_sha256="b",
        status=dict.fromkeys(("interfaces", "config", "shell_config"), "parsed"),
    )
    seen = Observation(observation_id="o", tool="device_state", arguments={"device": "r1"}, device="r1", state=state)
    return Scene(Facts.gather(Network(devices=[device]), [seen]))


def _lines(section: str, texts: list[str]) -> list[ConfigLine]:
    return [ConfigLine(section=section, text=text) for text in texts]


def answers(scene: Scene, cause: RootCause) -> list[Fix | Refusal]:
    """What the first remedy says that knows what to do."""
    return next(found for remedy in REMEDIES[cause.fault_type] if (found := remedy(scene, cause)))


def fixes(scene: Scene, fault: str) -> list[tuple[str, list[str]]]:
    cause = RootCause(resource="interface/r1/e0", fault_type=fault, summary="", confidence=1.0, evidence=[])
    found = [answer for answer in answers(scene, cause) if isinstance(answer, Fix)]
    return [(fix.door, [line for edit in fix.edits for line in edit.do]) for fix in found]


def test_an_address_is_put_back_where_it_was_lost() -> None:
    kernel = fixes(router(configured="10.0.0.1/30", held="10.9.9.1/30"), "host_incorrect_ip")
    assert kernel == [("shell", ["ip addr del 10.9.9.1/30 dev e0", "ip addr add 10.0.0.1/30 dev e0"])]
    own = fixes(router(configured="10.9.9.1/30", held="10.9.9.1/30"), "host_incorrect_ip")
    assert own == [("cli", ["no ip address 10.9.9.1/30", "ip address 10.0.0.1/30"])]


def test_an_interface_is_brought_up_where_it_was_shut_down() -> None:
    assert fixes(router(configured="10.0.0.1/30", held=""), "interface_admin_down") == [
        ("shell", ["ip link set dev e0 up"])
    ]
    assert fixes(router(configured="10.0.0.1/30", held="10.0.0.1/30", shut=True), "interface_admin_down") == [
        ("cli", ["no shutdown"])
    ]


def test_without_a_shell_in_the_inventory_the_kernel_is_left_to_a_person() -> None:
    scene = router(configured="10.0.0.1/30", held="10.9.9.1/30")
    [seen] = scene.facts.sights["r1"].observations
    assert seen.state is not None
    seen = replace(seen, state=replace(seen.state, shell_config=None, shell_config_sha256=""))
    alone = Scene(Facts.gather(scene.facts.network, [seen]))
    cause = RootCause(resource="interface/r1/e0", fault_type="host_incorrect_ip", summary="", confidence=1, evidence=[])
    [answer] = answers(alone, cause)
    assert isinstance(answer, Refusal)
    assert "the inventory must name a shell" in answer.reason
