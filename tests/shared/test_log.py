"""One line a happening, on stderr."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import SecretStr

from nocmesh.log import configure, correlated, logger


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """As it was before: no configuration, no handler of ours."""
    before = list(logging.getLogger().handlers)
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()
    logging.getLogger().handlers = before


def test_json_lines_have_time_level_action_and_fields(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    logger(role="bgp").bind(run_id="r").info("task_done", seconds=1.5)
    out, err = capsys.readouterr()
    line = json.loads(err)
    assert out == ""
    assert list(line)[:3] == ["timestamp", "level", "action"]
    assert {key: value for key, value in line.items() if key != "timestamp"} == {
        "level": "info",
        "action": "task_done",
        "role": "bgp",
        "run_id": "r",
        "seconds": 1.5,
    }


def test_console_lines_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    logger(role="bgp").warning("task_late", why="it was slow", n=3, empty="")
    assert capsys.readouterr().err.split("Z ", 1)[1] == 'warning task_late role=bgp why="it was slow" n=3 empty=""\n'


def test_nobody_can_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    for form in ("console", "json"):
        configure("info", form)
        logger().info("alert", text="a\n2026-01-01T00:00:00Z error forged\x1b[2J\u2028x")
        err = capsys.readouterr().err
        assert err.count("\n") == 1
        assert "\x1b" not in err


def test_what_is_below_the_level_is_not_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure("warning", "json")
    logger().info("quiet")
    logger().error("loud")
    assert json.loads(capsys.readouterr().err)["action"] == "loud"


def test_a_correlation_id_is_on_every_line_inside(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    log = logger()
    with correlated("c1", incident_id="i1"):
        log.info("inside")
    log.info("outside")
    inside, outside = map(json.loads, capsys.readouterr().err.splitlines())
    assert (inside["correlation_id"], inside["incident_id"]) == ("c1", "i1")
    assert "correlation_id" not in outside


@pytest.mark.parametrize("form", ["console", "json"])
def test_an_exception_brings_its_trace_and_a_secret_stays_one(capsys: pytest.CaptureFixture[str], form: str) -> None:
    configure("info", form)  # type: ignore[arg-type]
    try:
        int("boom")
    except ValueError:
        logger().exception("it_broke", key=SecretStr("hunter2"))
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert "boom" in err
    assert "hunter2" not in err


def test_what_libraries_warn_of_comes_in_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    configure("info", "json")
    logging.getLogger("some.library").info("chatter")
    logging.getLogger("some.library").warning("look %s", "here")
    [line] = capsys.readouterr().err.splitlines()
    assert (json.loads(line)["action"], json.loads(line)["library"]) == ("library", "some.library")
    assert json.loads(line)["text"] == "look here"


def test_a_value_that_json_does_not_know_is_told_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    logger().info("odd", error=ValueError("why"), big=2**80, pair=("a", 1))
    line = json.loads(capsys.readouterr().err)
    assert (line["error"], line["big"], line["pair"]) == ("why", 2**80, ["a", 1])
