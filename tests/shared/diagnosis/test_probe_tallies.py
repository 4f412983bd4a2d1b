"""What probes prove: loss is told from accident, damage is counted, and the link to blame is found."""

import random
from typing import Any

import pytest
from shared.diagnosis.sighted import end, facts, link

from nocmesh.diagnosis.probeplan import Wish, crossed, leg_of, next_probes, tallies
from nocmesh.diagnosis.probes import FEW, LOSSES, MANY, TOOL, Probed, Tally, guilty, probes_of, tallied
from nocmesh.diagnosis.reach import Journey, Place
from nocmesh.diagnosis.signs import Scene, signs_of
from nocmesh.messages.probe import ProbeResult
from nocmesh.messages.session import Observation
from nocmesh.network import Link

R12, LAN = link("r1-e0 r2-e0"), link("r3-lan s1-e0")
H2, H3, MIDDLE = link("s1-e2 h2-e0"), link("s2-e1 h3-e0"), link("s1-e1 s2-e0")


def observed(device: str, target: str, asked: int = FEW, **result: Any) -> Observation:
    fields = {"sent": asked, "received": asked, "first_lost": False, **result}
    content = {"probe": ProbeResult(target=target, **fields).to_dict()}
    arguments = {"device": device, "target": target, "count": asked}
    return Observation(
        observation_id=f"{device}-{target}-{asked}", tool=TOOL, device=device, arguments=arguments, content=content
    )


def probed(*args: Any, **more: Any) -> Probed:
    [found] = probes_of([observed(*args, **more)])
    return found


def tally(*probes: Probed, links: tuple[Link, ...] = (R12,)) -> Tally:
    return Tally(frozenset(links), probes)


def test_a_first_packet_that_is_lost_alone_proves_nothing() -> None:
    warm = tally(probed("r1", "10.0.0.2", MANY, received=MANY - 1, first_lost=True))
    assert (warm.lost, warm.clean, warm.doubtful) == (0, True, False)


def test_one_that_is_lost_later_is_a_doubt_and_no_proof() -> None:
    one = tally(probed("r1", "10.0.0.2", received=FEW - 1))
    assert (one.clean, one.doubtful, one.lossy) == (False, True, False)
    many = tally(*one.probes, probed("r1", "10.0.0.2", MANY), probed("r2", "10.0.0.1", MANY, received=MANY - 1))
    assert (many.lost, many.lossy, guilty([many])) == (2, False, [])


def test_what_is_lost_altogether_is_not_called_loss() -> None:
    dead = tally(probed("r1", "10.0.0.2", MANY, received=0, first_lost=True))
    assert (dead.doubtful, dead.lossy) == (False, False)


@pytest.mark.parametrize("percent", [3, 5, 30, 60])
def test_a_link_that_loses_is_accused_and_one_that_does_not_never_is(percent: int) -> None:
    """The chances that the module's page tells of, with dice."""
    dice = random.Random(percent)

    def answered(count: int, share: float) -> int:
        return sum(dice.random() >= share and dice.random() >= share for _ in range(count))

    accused = [
        tally(*(probed(*who, MANY, received=answered(MANY, percent / 100)) for who in (("r1", "a"), ("r2", "b")))).lossy
        for _ in range(200)
    ]
    assert sum(accused) >= 196
    accidents = [tally(probed("r1", "a", 2 * MANY, received=answered(2 * MANY, 0.0005))).lossy for _ in range(300)]
    assert not any(accidents)


def test_the_share_is_that_of_one_direction() -> None:
    assert tally(probed("r1", "a", 100, received=49)).share == pytest.approx(0.3)
    assert tally(probed("r1", "a", 100, received=0)).share == 1.0


def test_damage_is_what_was_counted_and_what_came_back_otherwise() -> None:
    counts = {"ip": 7, "icmp": 2, "tcp": 90}
    assert tally(probed("r1", "a", checksum_errors=counts), probed("r2", "b")).damaged == 9
    assert tally(probed("r1", "a", damaged=3)).damaged == 3
    assert tally(probed("r1", "a", checksum_errors={})).damaged == 0
    assert tally(probed("r1", "a")).damaged is None


def test_of_a_lossy_row_the_link_that_no_clean_row_crosses_is_to_blame() -> None:
    bad = tally(probed("h3", "10.2.0.1", MANY, received=60), links=(H3, MIDDLE, LAN))
    clean = tally(probed("h2", "10.2.0.1", MANY), links=(H2, LAN))
    beside = tally(probed("h3", "10.2.0.12", received=15), links=(H3, MIDDLE, H2))
    assert guilty([bad]) == []
    assert guilty([bad, clean, beside]) == []  # two links are left, and nothing tells them apart
    inside = tally(probed("s1", "10.2.0.99", MANY), links=(MIDDLE,))
    assert [found for found, _ in guilty([bad, clean, beside, inside])] == [H3]


def test_probes_that_crossed_the_same_links_are_one_tally() -> None:
    rows = [probed("r1", "10.0.0.2"), probed("r2", "10.0.0.1"), probed("r1", "x", sent=0, received=0)]
    [found] = tallied([(row, (R12,)) for row in rows])
    assert len(found.probes) == 2


@pytest.mark.parametrize("content", [{}, {"probe": 7}, {"probe": {"sent": "many"}}, {"probe": {"kind": "flood"}}])
def test_an_answer_that_is_none_counts_as_unasked(content: dict[str, Any]) -> None:
    observation = Observation(observation_id="o", tool=TOOL, device="r1", content=content)
    [found] = probes_of([observation])
    assert (found.result.status, found.told, found.asked) == ("unasked", False, 0)


# --- which probes are worth their cost


def scene(*probes: Observation, words: str = "", journeys: tuple[Journey, ...] = (), **more: Any) -> Scene:
    return Scene(facts(**more), words=frozenset(words.split()), journeys=journeys, probes=probes_of(probes))


def asked(wishes: list[Wish]) -> list[tuple[str, str, int]]:
    return [(wish.device, wish.target, wish.count) for wish in wishes]


ENDS = [("r1", "10.0.0.2", FEW), ("r2", "10.0.0.1", FEW)]


def test_without_a_reason_nobody_is_probed() -> None:
    assert next_probes(scene(words="configuration"), ["r1"], unexplained=False) == []
    assert next_probes(scene(), ["r1"], unexplained=True) == []


def test_words_of_quality_are_a_reason_to_probe_the_suspects_links_from_both_ends() -> None:
    found = asked(next_probes(scene(words="packet loss"), ["r2"], unexplained=False))
    assert found == [*ENDS, ("r2", "10.0.0.10", FEW), ("r3", "10.0.0.9", FEW)]


def test_the_named_interface_comes_first_and_two_named_devices_mean_their_link() -> None:
    named = asked(next_probes(scene(words="errors r2-e1"), ["r2"], unexplained=False))
    assert named[0] == ("r2", "10.0.0.10", FEW)
    assert asked(next_probes(scene(words="adjacency"), ["r1", "r2"], unexplained=False)) == ENDS


def test_where_some_were_lost_many_follow_and_damage_is_counted() -> None:
    lost = [observed("r1", "10.0.0.2", received=17), observed("r2", "10.0.0.1")]
    found = next_probes(scene(*lost, words="adjacency"), ["r1", "r2"], unexplained=False)
    assert asked(found) == [("r1", "10.0.0.2", MANY), ("r2", "10.0.0.1", MANY)]
    assert all(wish.counters for wish in found)
    clean = [observed("r1", "10.0.0.2"), observed("r2", "10.0.0.1")]
    assert next_probes(scene(*clean, words="adjacency"), ["r1", "r2"], unexplained=False) == []


def test_where_switches_lie_between_bystanders_tell_the_links_apart() -> None:
    lost = [observed("r3", "10.2.0.13", received=12), observed("h3", "10.2.0.1", received=11)]
    found = asked(next_probes(scene(*lost, words="loss"), ["h3"], unexplained=False))
    assert {("r3", "10.2.0.13", MANY), ("h3", "10.2.0.1", MANY)} < set(found)
    assert {("r3", "10.2.0.12", MANY), ("h3", "10.2.0.12", MANY)} < set(found)


def test_a_journey_is_tried_from_its_ends_and_then_along_its_way() -> None:
    way = Journey(source=Place(device="h1", address="10.1.0.11"), target=Place(device="h2", address="10.2.0.12"))
    first = asked(next_probes(scene(words="unreachable", journeys=(way,)), ["h1"], unexplained=False))
    assert first == [("h1", "10.2.0.12", FEW), ("h2", "10.1.0.11", FEW)]
    some = [observed("h1", "10.2.0.12", received=12), observed("h2", "10.1.0.11", received=13)]
    along = asked(next_probes(scene(*some, words="unreachable", journeys=(way,)), ["h1"], unexplained=False))
    assert {("h1", "10.1.0.1", FEW), ("r1", "10.1.0.11", FEW), ("r3", "10.2.0.12", FEW)} < set(along)
    fine = [observed("h1", "10.2.0.12"), observed("h2", "10.1.0.11")]
    assert next_probes(scene(*fine, words="unreachable", journeys=(way,)), ["h1"], unexplained=False) == []


def test_a_journey_without_an_answer_is_a_sign_and_one_that_is_answered_is_none() -> None:
    way = Journey(source=Place(device="h1", address="10.1.0.11"), target=Place(device="h2", address="10.2.0.12"))
    silence = observed("h1", "10.2.0.12", received=0, first_lost=True)
    [sign] = signs_of(scene(silence, journeys=(way,)))
    assert (sign.kind, sign.devices[:2], "gets no answer" in sign.what) == ("path", ("h1", "h2"), True)
    assert signs_of(scene(observed("h1", "10.2.0.12", received=3), journeys=(way,))) == []


def test_a_probe_crosses_what_lies_between_two_stations_of_one_subnet() -> None:
    seen = facts()
    assert crossed(seen, probed("h3", "10.2.0.12")) == (H3, MIDDLE, H2)
    assert crossed(seen, probed("h1", "10.2.0.12")) == ()
    assert crossed(seen, probed("h3", "10.2.0.13")) == ()
    leg = leg_of(seen, MIDDLE)
    assert leg is None  # neither of its ends has an address: nobody is asked because of it alone
    own = leg_of(seen, H3)
    assert own is not None
    assert own.ends[0] == end("h3-e0")
    assert [t.links for t in tallies(scene(observed("r1", "10.0.0.2")))] == [frozenset({R12})]
    assert LOSSES < FEW
