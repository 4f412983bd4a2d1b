"""Following the logs of all roles at once."""

from pathlib import Path

import pytest

from nocmesh.errors import PreconditionError
from nocmesh.launch.logtail import LogTail, logs_followed


def test_each_whole_line_is_told_once_with_who_wrote_it(tmp_path: Path) -> None:
    tail = LogTail(tmp_path)
    assert tail.news() == []
    (tmp_path / "core.log").write_bytes(b"one\ntw")
    (tmp_path / "edge.log").write_bytes(b"\xff three\n")
    assert tail.news() == ["core         one", "edge         \ufffd three"]
    with (tmp_path / "core.log").open("ab") as log:
        log.write(b"o\nfour\n")
    assert tail.news() == ["core         two", "core         four"]
    assert tail.news() == []


async def test_lines_written_to_the_very_end_reach_the_file_and_the_person(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "all"
    async with logs_followed(tmp_path, file, verbose=True):
        (tmp_path / "core.log").write_text("last words\n")
    assert file.read_text() == "core         last words\n" == capsys.readouterr().err


async def test_nobody_asked_is_nobody_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "core.log").write_text("secret\n")
    async with logs_followed(tmp_path, None, verbose=False):
        assert capsys.readouterr().err == ""


async def test_a_log_file_that_cannot_be_written_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(PreconditionError, match="cannot be written"):
        async with logs_followed(tmp_path, tmp_path / "no" / "such" / "file", verbose=False):
            pytest.fail("it began")
