"""The vocabulary is closed: what it does not know is refused with a hint, and its page is generated from it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.diagnosis.resources import check_resource, device_of, kind_of
from nocmesh.diagnosis.vocabulary import check_root_cause, fault_type, fault_types, render_page
from nocmesh.errors import InvalidInputError
from nocmesh.messages.report import RootCause
from nocmesh.network import Device, End, IntendedInterface, Link, Network

NETWORK = Network(
    devices=[
        Device(name="r1", platform="frr", address="a", interfaces=[IntendedInterface(name="e0")]),
        Device(name="r2", platform="frr", address="b"),
    ],
    links=[Link(a=End(device="r2", interface="e7"), b=End(device="r1", interface="e0"))],
)
LINK = "link/r1:e0--r2:e7"


def cause(fault: str, resource: str) -> RootCause:
    return RootCause(resource=resource, fault_type=fault, confidence=1.0, summary="")


@pytest.mark.parametrize(
    ("fault", "resource"),
    [
        ("link_down", LINK),
        ("interface_admin_down", "interface/r1/e0"),
        ("interface_admin_down", "interface/r2/e7"),
        ("bgp_asn_misconfig", "node/r2"),
    ],
)
def test_a_known_type_on_a_known_resource_of_its_kind_is_accepted(fault: str, resource: str) -> None:
    assert check_root_cause(cause(fault, resource), NETWORK).resource == resource


@pytest.mark.parametrize(
    ("fault", "resource", "expected"),
    [
        ("bgp_asn_missconfig", "node/r1", "did you mean 'bgp_asn_misconfig'"),
        ("gremlins", "node/r1", "closed vocabulary"),
        ("link_down", "link/r2:e7--r1:e0", "nearest known one is 'link/r1:e0--r2:e7'"),
        ("bgp_asn_misconfig", "node/r9", "nearest known one is"),
        ("bgp_asn_misconfig", "\x00" * 9999, "expected node/<device>"),
        ("link_down", "node/r1", "named on a link"),
        ("", "", "unknown fault type"),
    ],
)
def test_anything_else_is_refused_with_what_was_expected(fault: str, resource: str, expected: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_root_cause(cause(fault, resource), NETWORK)
    assert expected in refused.value.message
    assert refused.value.field in ("fault_type", "resource")
    assert len(refused.value.message) < 700


@given(st.text())
def test_no_text_is_taken_for_a_type_that_is_not_one(name: str) -> None:
    if name in fault_types():
        assert fault_type(name).name == name
    else:
        with pytest.raises(InvalidInputError):
            fault_type(name)


def test_every_type_has_a_family_a_kind_and_a_ground() -> None:
    types = fault_types()
    assert len(types) == 72
    assert {t.family for t in types.values()} >= {"link", "bgp", "ospf", "isis", "spanning_tree", "device", "drift"}
    assert types["bgp_auth_mismatch"].resource == "node"
    assert types["vlan_mismatch"].ground == "sim"
    assert types["link_down"].nika
    assert all(t.meaning.endswith(".") for t in types.values())


@pytest.mark.parametrize("fault", fault_types())
def test_every_type_says_what_it_does_and_what_a_person_does_about_it(fault: str) -> None:
    row = fault_types()[fault]
    for said in (row.effect, row.by_hand):
        assert said[0].isupper()
        assert said.endswith(".")
        assert "|" not in said, "it stands in a table"
        assert len(said) < 200
    assert row.effect != row.meaning


def test_the_page_in_the_documents_is_the_generated_one() -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "faults.md"
    assert page.read_text("utf-8") == render_page(), "write render_page() to docs/reference/faults.md"


def test_a_resource_tells_its_kind_and_its_device() -> None:
    assert [kind_of(r) for r in ("node/r1", "interface/r1/e0", LINK)] == ["node", "interface", "link"]
    assert [device_of(r) for r in ("node/r1", "interface/r1/Gi0/0/1", LINK)] == ["r1", "r1", "r1"]
    assert check_resource(LINK, NETWORK) == LINK
