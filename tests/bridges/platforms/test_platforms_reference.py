"""The page on the platforms says what their tables say."""

from pathlib import Path

from nocmesh_bridges.platforms import PLATFORMS, VIEWS
from nocmesh_bridges.platforms.reference import page

PAGE = Path(__file__).parents[3] / "docs/reference/platforms.md"


def test_the_page_is_what_the_tables_make() -> None:
    made = "python -m nocmesh_bridges.platforms.reference > docs/reference/platforms.md"
    assert PAGE.read_text() == page(), f"out of date: {made}"


def test_every_view_has_a_row_and_every_platform_its_commands() -> None:
    lines = page().splitlines()
    assert [line.split("`")[1] for line in lines if line.startswith("| `")] == list(VIEWS)
    assert [line.split("`")[1] for line in lines if line.startswith("- `")] == [each.name for each in PLATFORMS]
