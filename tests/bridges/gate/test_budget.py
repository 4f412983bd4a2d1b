"""How many changes may be under way at once: counted once each, and never more than the policy allows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.policy.form import BudgetEntry
from nocmesh_bridges.gate.budget import Claim, no_room

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def claim(change: str, site: str = "", minutes: int = 10) -> Claim:
    return Claim(change_id=change, device=f"d-{change}", site=site, until=NOON + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("in_all", "per_site", "site", "full"),
    [
        (0, 0, "north", False),
        (2, 0, "north", True),
        (3, 0, "north", False),
        (0, 1, "north", True),
        (0, 2, "north", False),
        (0, 1, "south", False),
        (0, 1, "", False),
    ],
)
def test_a_change_waits_where_there_is_no_room(in_all: int, per_site: int, site: str, full: bool) -> None:
    limits = BudgetEntry(in_all=in_all, per_site=per_site)
    claims = [claim("a", "north"), claim("b"), claim("old", "north", minutes=0)]
    assert bool(no_room(claims, claim("c", site), limits, NOON)) is full
    assert not no_room(claims, claim("a", "north"), BudgetEntry(in_all=2, per_site=1), NOON), "it went before"


@given(
    st.lists(st.tuples(st.integers(0, 8), st.sampled_from(["", "n", "s"])), max_size=30),
    st.integers(0, 3),
    st.integers(0, 2),
)
def test_whatever_order_changes_come_in_the_limits_hold(
    wishes: list[tuple[int, str]], in_all: int, per_site: int
) -> None:
    limits = BudgetEntry(in_all=in_all, per_site=per_site)
    claims: dict[str, Claim] = {}
    for number, site in wishes:
        wanted = claims.get(f"c{number}") or claim(f"c{number}", site)
        if not no_room(list(claims.values()), wanted, limits, NOON):
            claims[wanted.change_id] = wanted
    assert not in_all or len(claims) <= in_all
    sites = [each.site for each in claims.values() if each.site]
    assert not per_site or all(sites.count(site) <= per_site for site in sites)
