"""One message to one target, through Apprise, to real receivers."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bridges.notify.receivers import hook, post
from typer.testing import CliRunner

from nocmesh.cli.app import app
from nocmesh.errors import PreconditionError, TooLateError
from nocmesh_bridges.notify.note import Note
from nocmesh_bridges.notify.sending import Sender, problem, scrubbed
from nocmesh_bridges.notify.targets import Target

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")]  # a plugin of Apprise's

NOTE = Note(
    key="k",
    title="Approval wanted: core1, risk high",
    text="why\nhttps://noc.example.net/incidents/1",
    severity="critical",
    at=datetime(2026, 3, 1, tzinfo=UTC),
)


def to(address: str, name: str = "1-x") -> Target:
    return Target(name=name, address=address)


async def test_a_web_hook_gets_title_text_and_severity() -> None:
    with hook() as there:
        await Sender().send(to(there.url("in")), NOTE)
    [got] = there.got
    assert (got["title"], got["message"], got["type"]) == (NOTE.title, NOTE.text, "failure")


async def test_a_chat_whose_hook_has_blocks_like_slack_gets_it() -> None:
    """Rocket.Chat, Mattermost and Slack take a JSON post with the text; Mattermost lets the host be named."""
    with hook() as there:
        await Sender().send(to(f"mmost://127.0.0.1:{there.port}/3ccdd113474722377935511fc85d3dd4"), NOTE)
    [got] = there.got
    assert NOTE.title in got["text"]
    assert "https://noc.example.net/incidents/1" in got["text"]


async def test_a_mail_server_gets_a_letter() -> None:
    async with post() as box:
        address = f"mailto://127.0.0.1:{box.port}?from=nocmesh@example.net&to=noc@example.net&mode=insecure"
        await Sender().send(to(address), NOTE)
    [letter] = box.letters
    assert letter["Subject"] == NOTE.title
    assert letter["To"] == "noc@example.net"


async def test_what_a_target_refuses_is_told_without_its_tokens() -> None:
    with hook() as there:
        there.refuse = [403]
        with pytest.raises(PreconditionError, match=r"target 1-x: not taken: .*error=403") as refused:
            await Sender().send(to(f"json://us3r:s3cret@127.0.0.1:{there.port}/t0ken"), NOTE)
    assert not any(word in refused.value.message for word in ("s3cret", "us3r", "t0ken"))


async def test_a_target_that_hangs_costs_its_bound_once_and_no_other_target_anything() -> None:
    with hook() as stuck, hook() as fine:
        stuck.silent.clear()
        sender = Sender(seconds=0.3)
        with pytest.raises(TooLateError, match="no answer within"):
            await sender.send(to(stuck.url()), NOTE)
        with pytest.raises(TooLateError, match="still stuck"):
            await sender.send(to(stuck.url()), NOTE)
        await sender.send(to(fine.url(), "2-x"), NOTE)
        assert len(fine.got) == 1


async def test_messages_to_one_target_go_one_after_the_other() -> None:
    with hook() as there:
        sender = Sender()
        await asyncio.gather(*(sender.send(to(there.url()), NOTE) for _ in range(5)))
        assert len(there.got) == 5
        assert there.most_at_once == 1


@pytest.mark.parametrize("address", ["nosuch://x", "slack://onlyonetoken", "mailto://"])
def test_an_address_that_apprise_does_not_know_is_told_at_the_start(address: str) -> None:
    assert "correct NOCMESH_NOTIFY" in problem(to(address))
    assert "onlyonetoken" not in problem(to(address))


def test_scrubbing_takes_every_part_of_an_address_out() -> None:
    said = "cannot post to hooks.example.net with tok%20en, tok en, user"
    assert scrubbed(said, "slack://user:tok%20en@hooks.example.net/x") == "cannot post to … with …, …, …"


def test_the_command_tells_what_became_of_each_target(tmp_path: Path) -> None:
    with hook() as there:
        environment = {"NOCMESH_NOTIFY": f"{there.url()} critical=json://127.0.0.1:1/s3cret", "NOCMESH_URL": "http://x"}
        done = CliRunner().invoke(app, ["notify", "test", "--output", "json"], env=environment)
    assert done.exit_code == 1, done.output
    assert '"target":"1-json","hears":"info","told":true' in done.stdout
    assert '"target":"2-json","hears":"critical","told":false' in done.stdout
    assert "s3cret" not in done.output
    assert there.titles == ["nocmesh: a test"]
    nobody = CliRunner().invoke(app, ["notify", "test"], env={"NOCMESH_NOTIFY": ""})
    assert isinstance(nobody.exception, PreconditionError)
