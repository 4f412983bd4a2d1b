"""Severity, device and fingerprint, by table."""

import pytest

from nocmesh.alerting import normalise


@pytest.mark.parametrize(
    ("word", "severity"),
    [
        ("critical", "critical"),
        ("Disaster", "critical"),
        ("major", "major"),
        ("ERROR", "major"),
        (" high ", "major"),
        ("minor", "minor"),
        ("warning", "warning"),
        ("info", "info"),
        ("purple", "warning"),
    ],
)
def test_each_word_of_the_field_has_one_severity(word: str, severity: str) -> None:
    assert normalise.severity({"severity": word}) == severity


def test_without_a_severity_it_is_a_warning() -> None:
    assert normalise.severity({"severity": "", "team": "noc"}) == "warning"


def test_an_older_label_says_how_bad_it_is_where_severity_is_missing() -> None:
    assert normalise.severity({"priority": "high"}) == "major"


@pytest.mark.parametrize(
    ("labels", "device"),
    [
        ({"instance": "r1:9100", "device": "r2"}, "r2"),
        ({"instance": "r1:9100", "hostname": "r3"}, "r3"),
        ({"target": "r4", "node": "r5"}, "r5"),
        ({"instance": "10.0.0.1:161"}, "10.0.0.1"),
        ({"instance": "[2001:db8::1]:9100"}, "2001:db8::1"),
        ({"instance": "2001:db8::1"}, "2001:db8::1"),
        ({"instance": "r1"}, "r1"),
        ({"instance": "r1:ge-0"}, "r1:ge-0"),
        ({"device": "  ", "router": "r6"}, "r6"),
        ({"job": "pinger"}, ""),
    ],
)
def test_the_most_telling_label_names_the_device(labels: dict[str, str], device: str) -> None:
    assert normalise.device(labels) == device


@pytest.mark.parametrize("volatile", sorted(normalise.VOLATILE_LABELS))
def test_what_is_volatile_is_no_part_of_the_fingerprint(volatile: str) -> None:
    assert normalise.fingerprint({"a": "b", volatile: "1"}) == normalise.fingerprint({"a": "b"})


def test_every_other_label_is_part_of_the_fingerprint() -> None:
    assert normalise.fingerprint({"a": "b"}) != normalise.fingerprint({"a": "c"})
