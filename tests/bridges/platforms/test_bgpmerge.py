"""What two vendors call one thing."""

import pytest

from nocmesh_bridges.platforms.bgpmerge import notification, session_state


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("OPEN Message Error/Bad Peer AS", "Bad Peer AS"),
        ("peer in wrong AS", "Bad Peer AS"),
        ("Hold Timer Expired", "Hold Timer Expired"),
        ("hold time expired", "Hold Timer Expired"),
        ("Cease/Maximum Number of Prefixes Reached", "Maximum Number of Prefixes Reached"),
        ("Cease/Administrative Shutdown", "Administrative Shutdown"),
        ("OPEN Message Error/Unspecific", "OPEN Message Error"),
        ("no supported AFI/SAFI", "no supported AFI/SAFI"),
        ("something new", "something new"),
    ],
)
def test_a_notification_has_one_name(said: str, name: str) -> None:
    assert notification(said) == name


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Established", "established"),
        ("OpenSent", "opensent"),
        ("Idle", "idle"),
        ("Clearing", "unknown"),
        ("", "unknown"),
    ],
)
def test_a_session_is_in_a_state_of_the_rfc_or_unknown(word: str, state: str) -> None:
    assert session_state(word) == state
