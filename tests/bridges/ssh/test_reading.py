"""The tools that read, over real sessions; and the bridge as a role: what it serves, keeps and publishes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from bridges.ssh.changing import Bench, Cuts
from pydantic import SecretStr

from nocmesh.agent.network import load_network, publish_network
from nocmesh.audit.attempts import EACH
from nocmesh.bus import Mesh, Received
from nocmesh.clock import SystemClock
from nocmesh.errors import DeviceError, NotFoundError, PreconditionError
from nocmesh.inventory import load_inventory
from nocmesh.log import logger
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.people import Attempt
from nocmesh.messages.state import Output
from nocmesh.network import Device, Network
from nocmesh.proving.broker import MeshFor, eventually
from nocmesh.proving.simulated.server import SimulatedNetwork
from nocmesh.proving.simulated.topology import PAIR
from nocmesh.runtime import Context
from nocmesh.safe.opener import Opener
from nocmesh.settings import Settings
from nocmesh.subjects import subject
from nocmesh_bridges.ssh import reading, role
from nocmesh_bridges.ssh.reading import Reader


@pytest.fixture
async def bench(mesh_on: MeshFor) -> AsyncIterator[Bench]:
    async with Bench.open(mesh_on) as bench:
        yield bench


async def call(reader: Reader, tool: str, *, said: str = "", **arguments: Any) -> ToolReply:
    """What the reader answers to a call on the subject of ``tool``."""
    request = ToolRequest(tool=said or tool, arguments=arguments, call_id="c1")
    where = subject("ai.tools.call.<tool>", tool=tool)
    now = SystemClock().now()
    return await reader.call(
        Received(subject=where, body=request, id="m", sequence=0, at=now, speaker=None, correlation_id="", headers={})
    )


@pytest.mark.mesh
async def test_the_tools_read_a_device(bench: Bench) -> None:
    reader = bench.executor.reader
    shown = await call(reader, "device_show", device="r1", command="show version")
    assert (shown.status, shown.call_id) == ("ok", "c1")
    assert "FRR" in shown.content["outputs"][0]["text"]
    state = await call(reader, "device_state", device="R1", views=["bgp", "config"])
    assert state.content["state"]["device"] == "r1"
    assert {output["status"] for output in state.content["outputs"]} == {"parsed"}
    backup = await call(reader, "device_backup", device="r2")
    stored = await bench.meshes["bridge"].core.objects("backups").get(backup.content["object"])
    assert b"hostname r2" in stored
    assert backup.content["bytes"] == len(stored)
    patterns = [{"text": "router bgp 65001"}, {"text": "router bgp 1", "present": False}]
    valid = await call(reader, "device_validate", device="r1", patterns=patterns)
    assert valid.content["valid"] is True
    wrong = await call(reader, "device_validate", device="r1", patterns=[{"text": "router bgp 1"}])
    assert (wrong.content["valid"], wrong.content["results"][0]["present"]) == (False, False)
    assert wrong.content["sha256"] == valid.content["sha256"]


@pytest.mark.mesh
async def test_a_command_that_the_device_does_not_know_is_an_answer(bench: Bench) -> None:
    shown = await call(bench.executor.reader, "device_show", device="r1", command="show nonsense")
    assert (shown.status, shown.content["outputs"][0]["status"]) == ("ok", "rejected")


@pytest.mark.mesh
@pytest.mark.parametrize(
    ("tool", "arguments", "status", "why"),
    [
        ("device_show", {"command": "show version"}, "error", "'device' is missing"),
        ("device_show", {"device": "r9", "command": "show version"}, "error", "no device 'r9'"),
        ("device_show", {"device": "r1", "command": "reload"}, "refused", "no reading command"),
        ("device_show", {"device": "r1"}, "refused", "it is empty"),
        ("device_show", {"device": "r1", "command": "show x", "door": "window"}, "error", "no door 'window'"),
        ("device_show", {"device": "r1", "command": "show x", "door": "shell"}, "refused", "none of the known"),
        ("device_show", {"device": "r1", "command": "ip link set e0 down", "door": "shell"}, "refused", "none of"),
        ("device_state", {"device": "r1"}, "error", "'views' must be a list"),
        ("device_state", {"device": "r1", "views": ["coffee"]}, "error", "no view 'coffee'"),
        ("device_state", {"device": "r1", "views": ["bgp"] * 99}, "error", "'views' must be a list"),
        ("device_state", {"device": "r1", "views": [["bgp"]]}, "error", "no view"),
        ("device_validate", {"device": "r1"}, "error", "'patterns' must be a list"),
        ("device_validate", {"device": "r1", "patterns": []}, "error", "'patterns' must be a list"),
        ("device_validate", {"device": "r1", "patterns": ["x"]}, "error", "found x"),
        ("device_validate", {"device": "r1", "patterns": [{"text": " "}]}, "error", "found"),
        ("device_validate", {"device": "r1", "patterns": [{"text": "x", "present": "no"}]}, "error", "found"),
        ("device_reboot", {"device": "r1"}, "error", "no tool 'device_reboot'"),
    ],
)
async def test_what_is_asked_wrongly_is_answered_with_the_reason(
    bench: Bench, tool: str, arguments: dict[str, Any], status: str, why: str
) -> None:
    reply = await call(bench.executor.reader, tool, **arguments)
    assert reply.status == status
    assert why in reply.error


@pytest.mark.mesh
async def test_a_device_without_a_shell_leaves_the_question_unasked(bench: Bench) -> None:
    shown = await call(bench.executor.reader, "device_show", device="r1", command="ip -j neigh show", door="shell")
    assert shown.content["outputs"] == [
        {"command": "ip -j neigh show", "door": "shell", "text": "", "status": "unasked", "object": ""}
    ]
    views = ["interfaces", "filters", "switching", "bgp"]
    state = await call(bench.executor.reader, "device_state", device="r1", views=views)
    unasked = {"filters": "unasked", "switching": "unasked"}
    assert state.content["state"]["status"] == {"interfaces": "parsed", "bgp": "parsed", **unasked}
    assert {output["door"] for output in state.content["outputs"]} == {"cli"}


@pytest.mark.mesh
async def test_the_subject_says_which_tool_not_the_body(bench: Bench) -> None:
    reply = await call(bench.executor.reader, "device_show", said="device_backup", device="r1", command="show version")
    assert "outputs" in reply.content


@pytest.mark.mesh
async def test_a_device_that_cannot_be_reached_is_told_from_an_error(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    Cuts(monkeypatch).shut = True
    assert (await call(bench.executor.reader, "device_backup", device="r1")).status == "unreachable"


@pytest.mark.mesh
async def test_an_answer_that_the_broker_cannot_carry_is_said_to_be_too_long(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MAX_ANSWER", 100)
    reply = await call(bench.executor.reader, "device_show", device="r1", command="show running-config")
    assert (reply.status, reply.content) == ("error", {})
    assert "ask for less" in reply.error


class Printing(Reader):
    """A reader whose devices print what they are told to: the cut itself is tried on real sessions elsewhere."""

    def __init__(self, text: str, status: Any = "ok") -> None:
        super().__init__(None, None, Network(), logger(role="ssh"))  # type: ignore[arg-type]
        self.output = Output(command="show running-config", text=text, status=status)

    async def outputs(self, device: Device, commands: Any, *, single_use: bool = False) -> list[Output]:
        return [self.output]


WHOLE = "frr version 8.4\nhostname r1\nrouter bgp 65001\n neighbor 10.0.0.1 remote-as 2\nexit\n!\nend\n"


async def test_a_whole_configuration_has_a_hash() -> None:
    text, sha256 = await Printing(WHOLE).running(Device(name="r1", platform="frr", address=""))
    assert "router bgp 65001" in text
    assert len(sha256) == 64


@pytest.mark.parametrize("kept", range(1, WHOLE.count("\n")))
async def test_a_configuration_that_was_cut_off_has_none(kept: int) -> None:
    cut = "".join(line + "\n" for line in WHOLE.splitlines()[:kept])
    with pytest.raises(DeviceError, match="not whole"):
        await Printing(cut).running(Device(name="r1", platform="frr", address=""))


@pytest.mark.parametrize("strange", ["% Unknown command", "Mar  1 00:00:01 r1 bgpd: up", " --More-- "])
async def test_a_configuration_with_something_else_in_it_has_none(strange: str) -> None:
    mixed = WHOLE.replace("hostname r1\n", f"hostname r1\n{strange}\n")
    with pytest.raises(DeviceError, match="not whole"):
        await Printing(mixed).running(Device(name="r1", platform="frr", address=""))


async def test_a_device_that_does_not_show_its_configuration_says_so() -> None:
    with pytest.raises(DeviceError, match="does not show its configuration: denied"):
        await Printing("denied", "rejected").running(Device(name="r1", platform="frr", address=""))


# --- the role


async def hosted(mesh: Mesh, folder: Path, inventory: Path | None) -> tuple[Context, "asyncio.Task[None]"]:
    settings = Settings(data=folder, inventory=inventory, heartbeat_seconds=0.2)
    context = Context(mesh=mesh, settings=settings, clock=SystemClock(), log=logger(role="ssh"), name=mesh.me.name)
    return context, asyncio.create_task(role.role.run(context))  # type: ignore[arg-type]


@pytest.mark.mesh
async def test_the_role_serves_publishes_the_network_and_drains(mesh_on: MeshFor, tmp_path: Path) -> None:
    async with SimulatedNetwork.running(PAIR) as network:
        inventory = tmp_path / "inventory.yaml"
        inventory.write_text(network.inventory_yaml())
        mesh = await mesh_on("bridge", name="ssh-1", type="ssh")
        agent = await mesh_on("agent", name="bgp-1", type="bgp")
        context, task = await hosted(mesh, tmp_path, inventory)

        async def known() -> bool:
            return bool((await load_network(agent.agents)).devices)

        await eventually(known)
        where = subject("ai.tools.call.<tool>", tool="device_state")
        request = ToolRequest(tool="device_state", arguments={"device": "r1", "views": ["bgp"]}, call_id="c")

        async def served() -> bool:
            with contextlib.suppress(NotFoundError):
                return bool(await agent.agents.request(where, request, ToolReply))
            return False

        await eventually(served)
        reply = await agent.agents.request(where, request, ToolReply)
        assert reply.status == "ok"
        assert reply.content["state"]["device"] == "r1"
        where = subject("ai.tools.call.<tool>", tool="device_show")
        writing = {"device": "r1", "command": "username x password s3cr3t"}
        wrong = ToolRequest(tool="device_show", arguments=writing, call_id="c", incident_id="i1")
        replies = [await agent.agents.request(where, wrong, ToolReply) for _ in range(EACH + 5)]
        assert {reply.status for reply in replies} == {"refused"}
        context.stopping.set()
        await task
    assert (tmp_path / "masking.key").stat().st_mode & 0o777 == 0o600
    audit = await mesh_on("audit")
    told = [each.body async for each in audit.core.history("ATTEMPTS", "ai.attempts.ssh-1", Attempt)]
    assert {(each.actor, each.actor_kind, each.action, each.target) for each in told} == {
        ("bgp-1", "agent", "tool_refused", "r1")
    }
    assert [each.unsaid for each in told] == [0] * EACH + [4], "the flood is counted, and told at the end"
    assert "no reading command" in told[0].why
    assert (told[0].facts["tool"], told[0].facts["incident_id"]) == ("device_show", "i1")
    assert all(b"s3cr3t" not in each.to_json() for each in told)


@pytest.mark.mesh
async def test_a_bridge_without_an_inventory_leaves_the_published_network_alone(
    mesh_on: MeshFor, tmp_path: Path
) -> None:
    mesh = await mesh_on("bridge", name="ssh-1", type="ssh")
    await publish_network(mesh.agents, Network(devices=[Device(name="r1", platform="frr", address="x")]))
    context, task = await hosted(mesh, tmp_path, None)
    agent = await mesh_on("agent", name="bgp-1", type="bgp")
    where = subject("ai.tools.call.<tool>", tool="device_show")

    async def answers() -> bool:
        request = ToolRequest(tool="device_show", arguments={"device": "r1"}, call_id="c")
        with contextlib.suppress(NotFoundError):
            return "no device" in (await agent.agents.request(where, request, ToolReply)).error
        return False

    await eventually(answers)
    context.stopping.set()
    await task
    assert len((await load_network(mesh.agents)).devices) == 1


def test_the_masking_key_is_the_setting_or_made_once(tmp_path: Path) -> None:
    assert role.masking_key(Settings(data=tmp_path, credential_encryption_key=SecretStr("k"))) == b"k"
    made = role.masking_key(Settings(data=tmp_path / "new"))
    assert len(made) == 32
    assert role.masking_key(Settings(data=tmp_path / "new")) == made
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["masking.key"]


def test_whoever_comes_second_takes_the_key_of_the_first(tmp_path: Path) -> None:
    (tmp_path / "masking.key").write_bytes(b"first")
    role._make_key(tmp_path / "masking.key")
    assert (tmp_path / "masking.key").read_bytes() == b"first"


def test_a_new_mesh_masks_as_the_baselines_that_it_is_given(tmp_path: Path) -> None:
    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "masking.key").write_bytes(b"of before")
    settings = Settings(data=tmp_path / "data", baselines=tmp_path / "base")
    assert role.masking_key(settings) == b"of before"
    (tmp_path / "base" / "masking.key").write_bytes(b"of another")
    assert role.masking_key(settings) == b"of before", "its own, once it has one"
    assert len(role.masking_key(Settings(data=tmp_path / "other", baselines=tmp_path / "none"))) == 32


def test_a_private_key_that_cannot_be_read_stops_the_bridge_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "inventory.yaml").write_text(
        "version: 1\n"
        "credentials:\n"
        f"  key: {{username: u, private_key_file: '{tmp_path}/none', passphrase: w0rds}}\n"
        "devices:\n"
        "  - {name: r1, platform: frr, address: 192.0.2.1, credential: key}\n"
    )
    inventory = load_inventory(tmp_path / "inventory.yaml")
    with pytest.raises(PreconditionError, match="r1: its private key cannot be read"):
        role.target_of(inventory.devices[0], Opener(Settings(data=tmp_path)))
    (tmp_path / "none").write_text("KEY")
    target = role.target_of(inventory.devices[0], Opener(Settings(data=tmp_path)))
    assert (target.private_key, target.passphrase) == ("KEY", "w0rds")


def test_a_shell_is_a_door_of_its_own_at_the_same_address(tmp_path: Path) -> None:
    (tmp_path / "inventory.yaml").write_text(
        "version: 1\n"
        "credentials:\n"
        "  cli: {username: ops, password: one}\n"
        "  shell: {username: root, password: two}\n"
        "devices:\n"
        "  - {name: r1, platform: frr, address: 192.0.2.1, credential: cli, host_key: 'SHA256:x',\n"
        "     max_sessions: 4, logins_per_minute: 6,\n"
        "     shell: {port: 2222, credential: shell}}\n"
        "  - {name: r2, platform: frr, address: 192.0.2.2, credential: cli}\n"
    )
    targets = role.targets_of(load_inventory(tmp_path / "inventory.yaml").devices, Opener(Settings(data=tmp_path)))
    assert [target.name for target in targets] == ["r1", "r2", "r1/shell"]
    assert [(target.max_sessions, target.logins_per_minute) for target in targets] == [(4, 6), (2, 0), (4, 0)]
    shell = targets[2]
    assert (shell.platform, shell.host, shell.port) == ("linux", "192.0.2.1", 2222)
    assert (shell.username, shell.password, shell.host_key) == ("root", "two", "SHA256:x")
