"""The explanation that a person reads at night: five answers first, sections that are never empty, for every fault."""

import re
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from shared.explaining.incidents import FIXED, LINK, NOON, ballot, cause, later, proposal, report, told

from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.explaining.explain import explain
from nocmesh.explaining.render import as_markdown, as_text
from nocmesh.explaining.told import Happened, Told
from nocmesh.messages.explanation import Explanation
from nocmesh.messages.incident import IncidentState
from nocmesh.messages.report import Evidence, Outcome, Recovered, Report, RootCause, Timing


def answers(case: Told) -> dict[str, str]:
    found = explain(case)
    return {name: getattr(found, name) for name in ("what", "where", "since", "how_bad", "do", "needs")}


def lines(case: Told, key: Any) -> str:
    section = explain(case).section(key)
    return " ".join(section.lines) if section else ""


def whole(found: Explanation) -> None:
    """What holds for every explanation."""
    for name in ("title", "what", "where", "since", "how_bad", "do"):
        assert getattr(found, name).strip(), name
    keys = [section.key for section in found.sections]
    assert len(set(keys)) == len(keys)
    assert {"what", "since", "next"} <= set(keys)
    for section in found.sections:
        assert section.title
        assert section.lines
        assert all(line.strip() for line in section.lines), section.key
        assert all(block.label and block.lines for block in section.blocks), section.key
    assert msgspec.json.decode(found.to_json(), type=Explanation) == found


@pytest.mark.parametrize("fault", fault_types())
def test_every_fault_of_the_vocabulary_is_explained_with_its_place_its_effect_and_its_quotes(fault: str) -> None:
    found = explain(told(report(cause(fault), proposals=[proposal()]), [ballot()]))
    whole(found)
    assert "r1" in found.where
    assert found.needs == "decision"
    effect, impact = fault_types()[fault].effect, found.section("impact")
    assert impact is not None
    assert effect in " ".join(impact.lines)
    assert fault in lines(told(report(cause(fault))), "what")
    for text in (as_text(found), as_markdown(found)):
        assert '"operationalStatus":"down"' in text
        assert "show interface json" in text
        assert "no shutdown" in text
    assert effect in " ".join(as_text(found, 10_000).split())


def test_the_golden_incident_reads_as_it_should() -> None:
    shut = cause("interface_admin_down", summary="e0 of r1 is shut down")
    case = told(report(shut, proposals=[proposal()]), [ballot(reasons=["it changes routing"])])
    assert as_text(explain(case)) == GOLDEN


GOLDEN = """\
LinkDown r1
awaiting approval, critical, incident i1

What     e0 of r1 is shut down.
Where    Interface e0 of r1
Since    11:57:00 UTC at the latest, 3 minutes before the alert came in.
How bad  r1 is cut off from the rest of the network.
Do now   Approve or reject the change on r1: it takes 2 different people, until 12:30:00 UTC.

WHAT BROKE
  e0 of r1 is shut down. That is interface_admin_down on interface e0 of r1, 97 % sure. Shut down by
  configuration, and nothing explains it.

SINCE WHEN
  alertmanager says so.
  The diagnosis stood 4 seconds after the alert came in.

HOW WE KNOW
  1 quote out of what was recorded on r1, found there letter for letter.
  r1# show interface json
  | "operationalStatus":"down"
  What was seen to be broken, 1:
    OSPF adjacency r1 - r2 is lost

WHAT IT TAKES DOWN
  r1 is cut off from the rest of the network.
  Nothing passes the interface and its link; traffic takes another path where there is one.
  This is computed from the links and the intent in the inventory and from the symptoms, not tested.
  Carries nothing, 2:
    the link between r1 (e0) and r2 (e0)
    interface e0 of r1
  Cut off, 1:
    r1

WHAT TO DO NEXT
  Approve or reject the change on r1: it takes 2 different people, until 12:30:00 UTC.
  e0 of r1 is no longer shut down.
  Its risk is critical: it changes routing.
  If nobody decides in time nothing is changed, and the incident goes to a person.
  Change on r1, critical risk:
    interface e0
    no shutdown
  Rollback on r1:
    interface e0
    shutdown
  Proved on r1 by:
    e0 is up

WHAT HAPPENED
  It began with the alert at 2026-03-01 12:00:00 UTC; the last is from 12:00:04 UTC.
  In order:
    12:00:00 UTC  open: LinkDown: r1 e0 is down
    12:00:04 UTC  diagnosed: link_down on link/r1:e0--r2:e0: r1 says so

WHAT IT IS NOT
  1 other fault of the vocabulary was looked for and not found.
  Not there:
    mtu_mismatch: both ends have 1500

WHAT WAS LOOKED AT
  2 devices answered 2 commands that only read: r1 and r2.
"""


def test_what_makes_a_change_risky_is_not_that_it_heals() -> None:
    case = told(report(cause()), [ballot()])
    assert "Its risk is critical: it changes routing." in lines(case, "next")


def test_whoever_voted_already_is_named_and_counted() -> None:
    one = answers(told(report(cause()), [ballot(yes=["nina"])]))
    assert one["do"] == "Approve or reject the change on r1: it takes 1 more person, until 12:30:00 UTC."
    assert "nina approved it already." in lines(told(report(cause()), [ballot(yes=["nina"])]), "next")
    several = answers(told(report(cause()), [ballot(), ballot(device="r2", expires_at=None)]))
    assert several["do"] == "Decide on 2 changes, on r1 and r2: approve or reject each, until 12:30:00 UTC."
    endless = answers(told(report(cause()), [ballot(expires_at=None, quorum=1)]))
    assert endless["do"].endswith("it takes 1 person, with no end set.")


@pytest.mark.parametrize(
    ("state", "more", "needs", "begins"),
    [
        ("investigating", {}, "patience", "Wait: the mesh is looking."),
        ("diagnosed", {}, "patience", "Wait: the mesh is writing down what to do."),
        ("fixing", {}, "patience", "Wait: the approved change goes to its device"),
        ("verifying", {}, "patience", "Wait: the change is in"),
        ("closed", {"outcome": FIXED}, "nothing", "Nothing: it is fixed"),
        ("closed", {}, "nothing", "Nothing: the incident is over."),
        ("escalated", {"needs_person": f"{LINK}: x"}, "hands", "Take over. Look at the cable, the optics"),
        ("escalated", {"outcome": Outcome(rolled_back=True)}, "hands", "Take over: the change did not help"),
        (
            "escalated",
            {"outcome": Outcome(verification="failed")},
            "hands",
            "Take over: the change is in",
        ),
        ("escalated", {}, "hands", "Take over. Look at the cable, the optics"),
    ],
)
def test_what_to_do_follows_from_where_the_incident_stands(state: str, more: Any, needs: str, begins: str) -> None:
    found = answers(told(report(cause(), state=state, **more)))
    assert found["needs"] == needs
    assert found["do"].startswith(begins)


def test_a_refused_change_says_who_refused_it_or_that_nobody_did_anything() -> None:
    found = report(cause(), state="escalated", proposals=[proposal()])
    refused = answers(told(found, [ballot(status="rejected", no=["omar"])]))
    assert "the change on r1 was rejected by omar, so nothing was changed" in refused["do"]
    expired = answers(told(found, [ballot(status="expired")]))
    assert "expired, for nobody decided in time" in expired["do"]


def test_what_a_person_must_do_is_told_beside_a_change_and_once() -> None:
    case = told(report(cause(), needs_person=f"{LINK}: look at the cable."), [ballot()])
    assert "By hand: look at the cable." in lines(case, "next")
    escalated = told(report(cause(), state="escalated", needs_person=f"{LINK}: look at the cable."))
    assert lines(escalated, "next").lower().count("look at the cable") == 1
    two = told(report(cause(), cause("mtu_mismatch"), state="escalated", needs_person=f"{LINK}: look at it."))
    assert "The link between r1 (e0) and r2 (e0): look at it." in lines(two, "next")
    assert "Interface e0 of r1: give both ends the same MTU" in answers(two)["do"]


@pytest.mark.parametrize("fault", fault_types())
def test_who_must_take_over_hears_what_to_do_with_their_hands(fault: str) -> None:
    found = explain(told(report(cause(fault), state="escalated")))
    assert found.do == f"Take over. {fault_types()[fault].by_hand}"
    assert found.needs == "hands"


def test_the_words_with_which_the_mesh_gave_up_are_kept() -> None:
    gave_up = Happened(kind="escalated", at=NOON, text=f"a person must go on: no template for {LINK}")
    case = told(report(cause(), state="escalated"), happened=[gave_up])
    assert "a person must go on: no template for the link between r1 (e0) and r2 (e0)." in lines(case, "next")


def test_the_past_is_told_as_past() -> None:
    ended = Timing(alert_received=NOON, ended=later(99), seconds_to_end=99)
    found = told(report(cause(), state="closed", outcome=FIXED, timing=ended))
    assert answers(found)["how_bad"] == "While it lasted: r1 is cut off from the rest of the network."
    assert lines(found, "impact").startswith("So it was while it lasted:")
    assert "It was over at 2026-03-01 12:01:39 UTC, 1 minute 39 seconds after the alert" in lines(found, "since")
    given_up = told(report(cause(), state="escalated", timing=ended))
    assert "The mesh gave it to a person at 2026-03-01 12:01:39 UTC" in lines(given_up, "since")


def test_a_false_alarm_says_what_was_swept() -> None:
    case = told(report(state="closed", verdict="false_positive", summary="swept r1, r2: all well", beginning=None))
    found = answers(case)
    assert (found["what"], found["how_bad"]) == ("Nothing: it was a false alarm.", "Nothing is broken.")
    assert found["needs"] == "nothing"
    assert lines(case, "proof") == "Swept r1, r2: all well."
    assert found["since"] == "The alert came in at 2026-03-01 12:00:00 UTC."
    whole(explain(case))


def test_an_episode_that_healed_by_itself_is_told_with_its_proof() -> None:
    line = Evidence(observation_id="o9", device="r1", command="show logging", quote="e0: link up")
    episode = Recovered(
        what="the link flapped", since=later(-180), until=later(-60), how_we_know="the log of r1", evidence=[line]
    )
    case = told(report(state="closed", verdict="false_positive", recovered=episode))
    assert answers(case)["what"] == "It healed by itself: the link flapped."
    assert answers(case)["do"].startswith("Nothing now: it healed by itself.")
    assert "known from this: the log of r1" in lines(case, "proof")
    assert "It healed at 2026-03-01 11:59:00 UTC, 2 minutes later." in lines(case, "since")
    proof = explain(case).section("proof")
    assert proof is not None
    assert proof.quotes == [line]


def test_while_nothing_is_known_it_says_so_and_what_was_done_last() -> None:
    case = told(report(state="investigating", timing=Timing(), beginning=None), opened_at=None, devices=())
    found = answers(case)
    assert found["what"] == "It is not known yet what broke; the mesh is looking."
    assert (found["where"], found["since"]) == ("It is not known yet where.", "It is not known since when.")
    assert found["how_bad"] == "It is not known yet how bad it is."
    assert "The last that is known, from 2026-03-01 12:00:04 UTC: link_down" in lines(case, "what")
    whole(explain(case))


def test_where_no_cause_is_proven_the_suspects_are_named_and_the_symptoms_shown() -> None:
    found = report(state="escalated", unproven=[cause("mtu_mismatch")], symptoms=report(cause()).symptoms)
    case = told(found, happened=[Happened(kind="escalated", at=NOON, text="a person must go on: nothing proved")])
    assert answers(case)["what"] == "No cause could be proven."
    assert "Suspected and not proven: r1 says so. That is mtu_mismatch on interface e0 of r1" in lines(case, "what")
    assert answers(case)["do"].endswith("A person must go on: nothing proved.")
    assert "nothing that was recorded proves why" in lines(case, "proof")


def test_several_causes_are_counted_and_only_the_first_are_in_the_headline() -> None:
    many = [cause("link_flap", summary=f"cause {n}") for n in range(5)]
    case = told(report(*many))
    assert answers(case)["what"] == "cause 0. cause 1. cause 2. 2 more below."
    assert "Cause 5 of 5: cause 4." in lines(case, "what")


def test_a_cause_on_several_interfaces_is_one_sentence_in_the_headline_and_whole_below() -> None:
    both = ("IS-IS: r1:e0 is in area 49.0002; r2:e0 is in area 49.0001.", "IS-IS: r1:e1 is in area 49.0002.")
    case = told(report(cause("isis_area_mismatch", summary=" ".join(both))))
    assert answers(case)["what"] == both[0]
    assert " ".join(both) in lines(case, "what")


def test_without_the_inventory_the_effect_is_told_all_the_same() -> None:
    found = answers(told(report(cause("ospf_cost_misconfig"), impact=None)))
    assert found["how_bad"] == fault_types()["ospf_cost_misconfig"].effect
    strange = RootCause(resource="node/r1", fault_type="gremlins", confidence=1, summary="x")
    assert "cannot be told" in answers(told(report(strange, impact=None)))["how_bad"]


def test_a_list_that_is_too_long_for_text_is_cut_there_and_whole_in_the_data() -> None:
    ruled = [{"fault_type": f"f{n}", "because": "no"} for n in range(60)]
    found = explain(told(msgspec.convert({**report(cause()).to_dict(), "ruled_out": ruled}, Report)))
    assert "and 48 more" in as_text(found)
    section = found.section("ruled_out")
    assert section is not None
    assert len(section.blocks[0].lines) == 60


HOSTILE = "```\n</pre><script>alert(1)</script>\n# x\n\x1b[2J\u202e~~~\n- [a](javascript:1) | *b* `c`"


def test_nothing_that_a_device_says_steers_a_terminal_or_becomes_markup() -> None:
    quote = Evidence(observation_id="o", device=HOSTILE, command=HOSTILE, quote=HOSTILE)
    evil = cause(summary=HOSTILE, evidence=[quote])
    found = explain(told(report(evil, title=HOSTILE, proposals=[proposal(HOSTILE)]), [ballot(summary=HOSTILE)]))
    for text in (as_text(found), as_markdown(found)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    outside = as_markdown(found)
    for fence in ("````",):  # one longer than any inside
        parts = outside.split(f"\n{fence}\n")
        outside = "\n".join(parts[::2])
    assert "<script>" not in outside
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert not any(line.startswith(("~~~", "- [")) for line in outside.splitlines())


TEXTS = st.text(max_size=40)


@given(
    state=st.sampled_from(get_args(IncidentState)),
    verdict=st.sampled_from(["true_positive", "false_positive", "uncertain"]),
    faults=st.lists(st.sampled_from(sorted(fault_types())), max_size=3),
    status=st.sampled_from(["pending", "approved", "rejected", "expired"]),
    outcome=st.sampled_from([None, FIXED, Outcome(rolled_back=True), Outcome(verification="failed")]),
    text=TEXTS,
)
@example(state="awaiting_approval", verdict="true_positive", faults=[], status="pending", outcome=None, text=" ")
@example(state="open", verdict="false_positive", faults=[], status="pending", outcome=None, text=" ")
def test_whatever_is_known_the_explanation_is_whole(
    state: Any, verdict: Any, faults: list[str], status: Any, outcome: Any, text: str
) -> None:
    found = report(
        *(cause(fault, summary=f"x{text}") for fault in faults),
        state=state,
        verdict=verdict,
        outcome=outcome,
        summary=text,
        needs_person=text.strip(),
    )
    explanation = explain(told(found, [ballot(status=status, summary=text)]))
    whole(explanation)
    assert (explanation.needs == "decision") == (status == "pending" and state not in ("closed", "escalated"))
    assert as_text(explanation)
    assert as_markdown(explanation)
