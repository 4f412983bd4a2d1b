"""What makes a mesh healthy."""

import pytest

from nocmesh.errors import InvalidInputError
from nocmesh.messages.agent import Candidate, DiscoveryReply
from nocmesh.messages.session import Observation
from nocmesh_agents.monitor.agent import _named
from nocmesh_agents.monitor.health import NEEDED_TYPES, verdict


def members(*types: str) -> DiscoveryReply:
    return DiscoveryReply(candidates=[Candidate(agent_id=f"{t}-1", type=t, load=0, status="available") for t in types])


def seen(device: str, status: str = "ok", error: str = "") -> Observation:
    return Observation(observation_id=device, tool="device_state", device=device, status=status, error=error)  # type: ignore[arg-type]


def test_all_is_well_when_everybody_is_there_and_every_device_answers() -> None:
    found = verdict(members(*NEEDED_TYPES), [seen("r1"), seen("r2")])
    assert (found["healthy"], found["missing_types"], found["unreachable"]) == (True, [], {})
    assert found["devices"] == 2


def test_who_is_missing_and_what_does_not_answer_is_named() -> None:
    found = verdict(members("triage"), [seen("r1", "unreachable", "no route"), seen("r2", "error")])
    assert not found["healthy"]
    assert found["missing_types"] == ["bgp", "remediation"]
    assert found["unreachable"] == {"r1": "no route", "r2": "error"}


def test_either_alone_is_enough_to_be_unwell() -> None:
    assert not verdict(members("triage", "bgp"), [])["healthy"]
    assert not verdict(members(*NEEDED_TYPES), [seen("r1", "refused")])["healthy"]


@pytest.mark.parametrize("given", ["r1", {"r1": 1}, ["r1", 2], [""], 7])
def test_devices_are_a_list_of_names(given: object) -> None:
    with pytest.raises(InvalidInputError, match="expected a list of device names"):
        _named(given)


def test_no_devices_named_means_all() -> None:
    assert _named(None) == _named("") == _named([]) == []
    assert _named(["r1"]) == ["r1"]
