"""Pages that are made from the code say what the code says."""

from pathlib import Path

import pytest

from nocmesh.reference import subjects_page
from nocmesh.subjects import SUBJECTS, Subject, Zone

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "subjects.md"


def test_the_page_on_subjects_is_up_to_date() -> None:
    assert PAGE.read_text() == subjects_page(), (
        "run: .venv/bin/python -m nocmesh.reference > docs/reference/subjects.md"
    )


@pytest.mark.parametrize("row", SUBJECTS, ids=lambda row: row.pattern)
def test_every_subject_is_on_the_page_once(row: Subject) -> None:
    assert subjects_page().count(f"| `{row.pattern}` |") == 1


def test_a_row_says_how_it_is_kept_and_who_is_spoken_to() -> None:
    row = Subject(
        pattern="ai.x.<agent_id>",
        zone=Zone.AGENTS,
        stream=None,
        writers=("a", "b"),
        readers=("c",),
        body="",
        service=True,
        addressed=True,
    )
    assert "| `ai.x.<agent_id>` | service, addressed | raw | a, b | c |" in subjects_page([row])
