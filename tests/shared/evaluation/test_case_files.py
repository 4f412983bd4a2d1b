"""Case files: what is sound, and what is refused with file, line and what was expected."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shared.evaluation.cases import TEXT, case, healthy

from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.evaluation.case import HEALTHY, RECOVERED, SEVERAL
from nocmesh.evaluation.networks import ground_of
from nocmesh.evaluation.reading import parse_cases, read_cases

HERE = Path(__file__).parent
TOP = "topology: demo"
CLOS = """\
name: clos-ospf-area
topology: clos                    # a named one, or `graph: FILE` (nodes, links)
options: {igp: ospf, bgp: ebgp, spines: 2, leaves: 4}
faults:
  - {type: ospf_area_misconfiguration, at: node/leaf2, params: {area: 0.0.0.9}}
alert:                            # as the monitoring system would send it; times are filled in
  source: alertmanager
  body: {status: firing, alerts: [{status: firing, labels: {alertname: OspfNeighborDown, instance: spine1, severity: critical}, annotations: {summary: "adjacency to leaf2 lost"}}]}
expect:
  verdict: true_positive
  root_causes: [{resource: node/leaf2, fault_type: ospf_area_misconfiguration}]
"""  # noqa: E501 - as it stands in the contract


def refused(text: str) -> str:
    with pytest.raises(InvalidInputError) as wrong:
        parse_cases(text, "c.yaml", HERE)
    return wrong.value.message


def test_the_form_of_the_contract_is_read() -> None:
    [found] = parse_cases(CLOS, "c.yaml", HERE)
    assert found.name == "clos-ospf-area"
    assert (found.chosen.spines, found.chosen.leaves, found.chosen.bgp) == (2, 4, "ebgp")
    assert found.faults[0].params == {"area": "0.0.0.9"}
    assert found.family == "ospf"
    assert ground_of(found) == "lab"


def test_a_file_holds_documents_and_lists_of_cases() -> None:
    other = TEXT.replace("wrong-as", "other")
    listed = "".join(f"- {line}\n" if n == 0 else f"  {line}\n" for n, line in enumerate(other.splitlines()))
    assert [c.name for c in parse_cases(f"{TEXT}---\n{listed}", "c.yaml", HERE)] == ["wrong-as", "other"]


def test_a_mistake_in_a_later_document_has_its_own_line() -> None:
    broken = TEXT.replace("wrong-as", "other").replace("topology: demo", "topolgy: demo")
    said = refused(f"{TEXT}---\n{broken}")
    assert f"c.yaml:{len(TEXT.splitlines()) + 3}: topolgy: unknown key 'topolgy'; did you mean 'topology'?" in said


def test_a_mistake_in_a_list_has_its_own_line() -> None:
    said = refused(
        "- name: a\n  topology: nowhere\n  alert: {body: {alerts: [{}]}}\n  expect: {verdict: false_positive}\n"
    )
    assert said.startswith("c.yaml:2: topology: unknown topology 'nowhere'; expected one of: ")


def test_every_mistake_is_told_at_once() -> None:
    said = refused("name: a b\ntopology: demo\nalert: {source: zabix, body: {}}\nexpect: {verdict: sure}\n")
    assert len(said.splitlines()) == 2
    assert "c.yaml:1: name: 'a b' cannot be a name" in said
    assert "c.yaml:4: expect.verdict: expected 'true_positive', 'false_positive' or 'uncertain'" in said


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("bgp_asn_misconfig, at", "bgp_asn_misconfg, at"), ":4: faults[0].type: unknown fault type"),
        (("at: node/core1", "at: interface/core1/eth1"), ":4: faults[0].at: bgp_asn_misconfig is a fault of a node"),
        (("at: node/core1", "at: node/"), ":4: faults[0].at: expected node/<device>, got 'node/'"),
        (("topology: demo\n", ""), ":1: expected either topology (abilene"),
        (("topology: demo", "graph: nothing.yaml"), ":2: graph: no file 'nothing.yaml' beside the case file"),
        ((TOP, TOP + "\noptions: {ipg: isis}"), ":3: options.ipg: unknown option 'ipg'; did you"),
        ((TOP, TOP + "\noptions: {igp: rip}"), ":3: options.igp: Invalid enum value 'rip'"),
        ((TOP, TOP + "\noptions: {hosts: many}"), ":3: options.hosts: Expected `int`, got `str`"),
        ((TOP, f"{TOP}\nground: lab"), ":3: ground: demo is a simulated network; leave ground out"),
        (("alert:\n", "alert:\n  source: zabix\n"), ":6: alert.source: unknown alert source 'zabix'; expected one of"),
        (("alerts: [", "alert: ["), ":6: alert.body: alertmanager sends no such body: alerts: expected a list"),
        (("faults:\n  - {type: bgp_asn_misconfig, at: node/core1}\n", ""), ":1: faults: nothing is injected"),
        (("verdict: true_positive", "verdict: false_positive"), ":8: expect.verdict: false_positive with root causes"),
        (("\n  root_causes: [{resource: node/core1, fault_type: bgp_asn_misconfig}]", ""), "a true_positive has a"),
        (("topology: demo", "topology: demo\nrecovered: true"), "what has recovered is no cause any more"),
        (("topology: demo", "topology: demo\nwait: 121"), ":3: wait: expected less than or equal to 120"),
        (("topology: demo", "topology: demo\nwait: .nan"), ":3: wait: "),
        (("name: wrong-as", "name: ../../escape"), ":1: name: '../../escape' cannot be a name"),
        (("name: wrong-as\n", ""), ":1: name: is missing; add it"),
    ],
)  # fmt: skip
def test_a_mistake_says_where_it_is_and_what_was_expected(change: tuple[str, str], expected: str) -> None:
    assert change[0] in TEXT
    assert expected in refused(TEXT.replace(*change, 1))


def test_the_ends_of_a_link_stand_in_alphabetical_order() -> None:
    there = TEXT.replace("bgp_asn_misconfig, at: node/core1", 'link_down, at: "link/r2:e0--r1:e1"')
    assert "the ends of a link stand in alphabetical order: link/r1:e1--r2:e0" in refused(there)


def test_a_name_is_given_once() -> None:
    assert "'wrong-as' is used twice" in refused(f"{TEXT}---\n{TEXT}")


def test_nothing_can_recover_that_was_not_there() -> None:
    text = (
        TEXT.split("faults:")[0] + "recovered: true\nalert: {body: {alerts: [{}]}}\nexpect: {verdict: false_positive}\n"
    )
    assert "recovered: nothing is injected that could recover" in refused(text)


@pytest.mark.parametrize("text", ["", "# only words\n", "---\n---\n"])
def test_an_empty_file_is_a_mistake(text: str) -> None:
    assert "no case in it" in refused(text)


@pytest.mark.parametrize("text", ["hello", "- hello", "5", "[[]]", "a: *b", "!!python/object:os {}", "{", "- - -"])
def test_what_is_no_case_is_refused(text: str) -> None:
    assert refused(text).startswith("c.yaml:")


def test_a_graph_lies_beside_the_case_file(tmp_path: Path) -> None:
    (tmp_path / "ring.yaml").write_text("nodes: [a]\n")
    (tmp_path / "case.yaml").write_text(TEXT.replace("topology: demo", "graph: ring.yaml"))
    [found] = read_cases(tmp_path / "case.yaml")
    assert found.graph == str(tmp_path / "ring.yaml")
    assert ground_of(found) == "lab"


def test_a_file_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="give the path of a case file"):
        read_cases(tmp_path / "none.yaml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_bytes(b"name: \xff")
    with pytest.raises(InvalidInputError, match="not UTF-8 at byte 6"):
        read_cases(tmp_path / "c.yaml")


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nocmesh.evaluation.reading.MAX_BYTES", 10)
    (tmp_path / "c.yaml").write_text(TEXT)
    with pytest.raises(InvalidInputError, match="larger than 10 bytes"):
        read_cases(tmp_path / "c.yaml")


@given(st.text(alphabet="-:{}[]\n #'\"abn1!&*|>", max_size=60))
@settings(max_examples=150)
def test_any_text_is_cases_or_a_clear_mistake(text: str) -> None:
    try:
        said = "c.yaml:" if parse_cases(text, "c.yaml", HERE) else "nothing"
    except InvalidInputError as wrong:
        said = wrong.message
    assert said.startswith("c.yaml:")


def test_a_case_belongs_to_one_family() -> None:
    two = {
        "verdict": "true_positive",
        "root_causes": [
            {"resource": "node/a", "fault_type": "ospf_cost_misconfig"},
            {"resource": "node/b", "fault_type": "bgp_asn_misconfig"},
        ],
    }
    families = [
        case().family,
        case(expect=two).family,
        healthy().family,
        case(recovered=True, expect={"verdict": "false_positive"}).family,
    ]
    assert families == ["bgp", SEVERAL, HEALTHY, RECOVERED]


def test_a_seed_is_short_for_the_option() -> None:
    assert case(topology="clos", seed=7).chosen.seed == 7
    assert case(topology="clos", options={"seed": 3}).chosen.seed == 3
