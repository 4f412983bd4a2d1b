"""Baselines as files: what was written comes back, and what is damaged names its file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from nocmesh.baseline_files import copy_key, read_snapshots, write_snapshot
from nocmesh.diagnosis.baseline import Snapshot, Taken
from nocmesh.errors import InvalidInputError, NotFoundError, PreconditionError
from nocmesh.messages.state import DeviceState, Interface

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
STATE = DeviceState(device="r1", platform="frr", interfaces=[Interface(name="e0")], status={"interfaces": "parsed"})
TAKEN = Taken(number=3, slot=2, at=NOON, until=NOON, why="start", sha256="a" * 64, problems={"stp": "no such view"})
ONE = Snapshot(device="r1", taken=TAKEN, config="hostname r1\n", state=STATE)


def test_what_was_written_comes_back(tmp_path: Path) -> None:
    bare = Snapshot(device="r/2 ü", taken=TAKEN)
    folder = write_snapshot(tmp_path, ONE)
    write_snapshot(tmp_path, bare)
    assert sorted(read_snapshots(tmp_path), key=lambda s: s.device) == [bare, ONE]
    assert sorted(path.name for path in folder.iterdir()) == ["config.txt", "meta.json", "state.json"]
    assert (folder / "config.txt").read_text() == "hostname r1\n"


def test_taking_it_again_replaces_it(tmp_path: Path) -> None:
    write_snapshot(tmp_path, ONE)
    write_snapshot(tmp_path, replace(ONE, config="hostname new\n"))
    assert [snapshot.config for snapshot in read_snapshots(tmp_path)] == ["hostname new\n"]


@given(config=st.text(max_size=40).map(lambda text: text.replace("\r", "")))
def test_any_configuration_comes_back(tmp_path_factory: pytest.TempPathFactory, config: str) -> None:
    folder = tmp_path_factory.mktemp("base")
    write_snapshot(folder, replace(ONE, config=config))
    assert read_snapshots(folder)[0].config == config


def test_one_that_was_not_finished_does_not_count(tmp_path: Path) -> None:
    (write_snapshot(tmp_path, ONE) / "meta.json").unlink()
    with pytest.raises(NotFoundError, match="holds no baseline"):
        read_snapshots(tmp_path)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="is no folder"):
        read_snapshots(tmp_path / "none")


@pytest.mark.parametrize(
    ("file", "content", "why"),
    [
        ("meta.json", b"{", "cannot be read"),
        ("meta.json", b"{}", "cannot be read"),
        ("state.json", b"\xff", "cannot be read"),
        ("state.json", b'{"device": 3}', "cannot be read"),
        ("config.txt", b"hostname \xff", "not UTF-8 at byte 9"),
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, file: str, content: bytes, why: str) -> None:
    path = write_snapshot(tmp_path, ONE) / file
    path.write_bytes(content)
    with pytest.raises(InvalidInputError, match=why) as caught:
        read_snapshots(tmp_path)
    assert str(path) in caught.value.message


def test_a_file_that_is_gone_is_named(tmp_path: Path) -> None:
    (write_snapshot(tmp_path, ONE) / "state.json").unlink()
    with pytest.raises(InvalidInputError, match=r"state\.json: cannot be read"):
        read_snapshots(tmp_path)


def test_a_folder_that_was_renamed_is_refused(tmp_path: Path) -> None:
    write_snapshot(tmp_path, ONE).rename(tmp_path / "r2")
    with pytest.raises(InvalidInputError, match="is of 'r1', not of r2"):
        read_snapshots(tmp_path)


def test_the_key_of_the_masks_goes_along_where_there_is_one(tmp_path: Path) -> None:
    copy_key(tmp_path / "from", tmp_path / "to")
    assert not (tmp_path / "to").exists()
    (tmp_path / "from").mkdir()
    (tmp_path / "from" / "masking.key").write_bytes(b"key")
    copy_key(tmp_path / "from", tmp_path / "to")
    assert (tmp_path / "to" / "masking.key").read_bytes() == b"key"
    assert (tmp_path / "to" / "masking.key").stat().st_mode & 0o777 == 0o600
    (tmp_path / "file").write_text("")
    with pytest.raises(PreconditionError, match=r"masking\.key cannot be written"):
        copy_key(tmp_path / "from", tmp_path / "file")


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "base").write_text("a file")
    with pytest.raises(PreconditionError, match="cannot be written"):
        write_snapshot(tmp_path / "base", ONE)
    assert [path.name for path in tmp_path.iterdir()] == ["base"]
