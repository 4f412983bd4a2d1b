"""`nocmesh audit` over a real broker: the chain of the bus is told, exported, anchored, and found when it is forged."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli.calling import Cli, Said

from nocmesh.audit.chain import GENESIS, chained
from nocmesh.bus import Authority, Mesh, provision
from nocmesh.bus.link import Link
from nocmesh.clock import SystemClock
from nocmesh.launch.home import Home
from nocmesh.messages.people import AuditEntry
from nocmesh.proving.broker import shared_broker
from nocmesh.subjects import Zone, subject

pytestmark = pytest.mark.mesh


class Kept:
    """A mesh's folder, its broker, and the hands of whoever holds all of its keys."""

    def __init__(self, data: Path, url: str, cli: Cli) -> None:
        self.data, self.url, self._cli = data, url, cli
        self.authority = Authority.open(Home(data).keys)

    def audit(self, *words: str | Path) -> Said:
        return self._cli("audit", *map(str, words), "--data", str(self.data), "--nats", self.url)

    def write(self, *entries: AuditEntry) -> None:
        asyncio.run(self._write(entries))

    async def _write(self, entries: tuple[AuditEntry, ...]) -> None:
        mesh = await Mesh.connect(self.url, self.authority.issue("audit", "audit"), clock=SystemClock())
        for entry in entries:
            where = subject("ai.audit.<actor_kind>", actor_kind=entry.actor_kind)
            await mesh.core.publish(where, entry, id=f"{entry.index}:{entry.hash}")
        await mesh.drain(2)

    def forget(self) -> None:
        """What only the provisioner's key can do: the stream is deleted as a whole, and made anew."""
        asyncio.run(self._forget())

    async def _forget(self) -> None:
        link = await Link.open(self.url, Zone.CORE, self.authority.issue("provisioner", "p"), lambda _: None)
        await link.request("$JS.API.STREAM.DELETE.AUDIT", b"")
        await link.close()
        await provision(self.url, self.authority)

    def plant(self) -> None:
        """A bridge has the broker publish, as an answer to it, where only the audit may."""
        asyncio.run(self._plant())

    async def _plant(self) -> None:
        link = await Link.open(self.url, Zone.CORE, self.authority.issue("bridge", "b"), lambda _: None)
        await link.send("ai.devices.results.r1", b"{}", reply="ai.audit.person")
        await link.flush()
        await link.close()


@pytest.fixture
def kept(tmp_path: Path, cli: Cli) -> Iterator[Kept]:
    authority = Authority.create(Home(tmp_path / "data").keys)
    with shared_broker(authority, tmp_path / "broker") as url:
        yield Kept(tmp_path / "data", url, cli)


def chain(*actors: str) -> list[AuditEntry]:
    made: list[AuditEntry] = []
    for number, actor in enumerate(actors):
        facts = {"why": f"because {number}", "correlation_id": f"i{number % 2}", "evidence": {"diff": "d" * 64}}
        entry = AuditEntry(
            index=0, actor=actor, actor_kind="person", action="vote_approve", target=f"a{number}",
            at=f"2026-03-0{number + 1}T12:00:00+00:00", facts=facts,
        )  # fmt: skip
        made.append(chained(made[-1] if made else None, entry))
    return made


def test_an_empty_audit_is_whole_and_gives_no_anchor(kept: Kept) -> None:
    said = kept.audit("verify", "-o", "json")
    assert (said.code, said.json["state"], said.json["entries"]) == (0, "whole", 0)
    assert kept.audit("anchor").code == 1


def test_the_chain_of_the_bus_from_anchor_to_forgery(kept: Kept, tmp_path: Path) -> None:
    anchors, exported = tmp_path / "anchors", tmp_path / "exported"
    kept.write(*chain("nina", "omar", "rita"))
    said = kept.audit("anchor", "--out", anchors)
    assert (said.code, said.json["index"]) == (0, 2)
    said = kept.audit("verify", "--anchor", anchors, "-o", "json")
    assert (said.code, said.json["state"], said.json["anchors"]) == (0, "whole", 1), said.err

    assert kept.audit("export", "--out", exported).code == 0
    assert exported.stat().st_mode & 0o777 == 0o600
    lines = exported.read_text().splitlines()
    exported.write_text("\n".join([lines[0], lines[1].replace("omar", "nina"), lines[2]]))
    said = kept.audit("verify", "--file", exported, "-o", "json")
    assert (said.code, said.json["first_wrong"]["index"], said.json["first_wrong"]["kind"]) == (1, 1, "edited")
    assert "entry 1 was edited" in said.err

    kept.forget()
    assert kept.audit("verify").code == 0
    assert kept.audit("verify", "--anchor", anchors, "-o", "name").out == "broken\n"
    kept.write(*chain("nina", "mallory", "rita"))
    assert kept.audit("verify").code == 0
    said = kept.audit("verify", "--anchor", anchors, "-o", "json")
    assert (said.code, said.json["first_wrong"]["kind"], said.json["first_wrong"]["index"]) == (1, "rewritten", 2)
    before = anchors.read_text()
    assert kept.audit("anchor", "--out", anchors).code == 1
    assert anchors.read_text() == before


def test_a_message_that_the_audit_did_not_sign_is_found_wherever_it_stands(kept: Kept) -> None:
    entries = chain("nina", "omar")
    kept.write(entries[0])
    kept.plant()
    said = kept.audit("verify", "-o", "json")
    assert (said.code, said.json["first_wrong"]["kind"], said.json["first_wrong"]["index"]) == (1, "foreign", 1)
    kept.write(entries[1])
    said = kept.audit("verify", "-o", "json")
    assert (said.code, said.json["first_wrong"]["kind"], said.json["entries"]) == (1, "foreign", 1)
    assert "no entries" in kept.audit("show").err


def test_an_auditor_reads_the_audit_from_elsewhere_and_nobody_else_does(kept: Kept, cli: Cli, tmp_path: Path) -> None:
    kept.write(*chain("nina"))
    codes = {}
    for role in ("auditor", "bridge"):
        key = tmp_path / f"{role}.json"
        issued = ("keys", "issue", "--role", role, "--name", f"{role}-1", "--out", str(key), "--data", str(kept.data))
        assert cli(*issued).code == 0
        words = ("audit", "verify", "--nats", kept.url, "--data", str(tmp_path / "elsewhere"))
        codes[role] = cli(*words, NOCMESH_CREDENTIALS=str(key)).code
    assert codes == {"auditor": 0, "bridge": 5}


def test_who_what_when_why_and_on_which_evidence(kept: Kept) -> None:
    kept.write(*chain("nina", "omar", "rita"))
    said = kept.audit("show")
    assert said.code == 0
    [_, line, *_] = said.out.splitlines()
    for word in ("2026-03-01T12:00:00", "nina (person)", "vote_approve", "a0", "because 0", "diff dddddddddddd"):
        assert word in line
    items = {
        words: [entry["actor"] for entry in kept.audit("show", *words, "-o", "json").json["items"]]
        for words in [
            ("--actor", "omar"),
            ("--target", "a2"),
            ("--incident", "i0"),
            ("--since", "2026-03-02T12:00Z"),
            ("--action", "nothing"),
        ]
    }
    assert list(items.values()) == [["omar"], ["rita"], ["nina", "rita"], ["omar", "rita"], []]
    assert kept.audit("show", "-o", "json", "--actor", "nina").json["items"][0]["previous"] == GENESIS
    said = kept.audit("show", "--since", "yesterday")
    assert (said.code, "expected a time" in said.err) == (2, True)


def test_what_is_missing_is_said_with_the_exit_code_of_its_kind(cli: Cli, tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert cli("audit", "verify", "--data", str(data)).code == 4
    Authority.create(Home(data).keys)
    said = cli("audit", "verify", "--data", str(data))
    assert (said.code, "no broker is named" in said.err) == (3, True)
    chain_file, anchors = tmp_path / "chain", tmp_path / "anchors"
    chain_file.write_text(json.dumps(chain("nina")[0].to_dict()))
    anchors.write_text("nonsense\n")
    said = cli("audit", "verify", "--file", str(chain_file), "--anchor", str(anchors))
    assert (said.code, "anchors, line 1 is no anchor" in said.err) == (2, True)
    assert cli("audit", "verify", "--file", str(tmp_path / "nowhere")).code == 3
    assert cli("audit", "verify", "--file", str(chain_file)).code == 0
