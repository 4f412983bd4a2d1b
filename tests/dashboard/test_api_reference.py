"""The page on the API says what the route table says."""

from pathlib import Path

from nocmesh_dashboard.reference import page
from nocmesh_dashboard.routes import API

PAGE = Path(__file__).parents[2] / "docs/reference/api.md"


def test_the_page_is_what_the_route_table_makes() -> None:
    made = "python -m nocmesh_dashboard.reference > docs/reference/api.md"
    assert PAGE.read_text() == page(), f"out of date: {made}"


def test_every_call_has_a_line_that_says_who_may_use_it() -> None:
    lines = [line for line in page().splitlines() if line.startswith("| `")]
    assert len(lines) == len([endpoint for endpoint in API if endpoint.kind != "html"])
    assert all("| anybody |" in line or "| signed in |" in line for line in lines)
