"""The door to TextFSM."""

import pytest

from nocmesh_bridges.platforms.parsing import TEMPLATES, rows


def test_a_template_that_gives_up_finds_no_rows() -> None:
    assert rows(TEMPLATES, "show interfaces status", "lorem ipsum dolor sit amet\n") == []


def test_a_value_that_is_a_list_becomes_one_text() -> None:
    text = "cisco WS-C3750 (PowerPC405) processor\nSystem serial number            : ABC\n"
    assert all(isinstance(value, str) for row in rows(TEMPLATES, "show version", text) for value in row.values())


def test_a_command_without_a_template_is_the_callers_mistake() -> None:
    with pytest.raises(FileNotFoundError):
        rows(TEMPLATES, "show me everything", "")
