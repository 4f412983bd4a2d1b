"""Maintenance windows of the inventory: what they cover, and every mistake in them with its line."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nocmesh.errors import InvalidInputError
from nocmesh.inventory import Inventory, inventory_of
from nocmesh.network import End, Window
from nocmesh.yamlfile import parse_document

FILE = """\
version: 1
credentials: {lab: {username: admin, password: x}}
devices:
  - {name: r1, platform: frr, address: 192.0.2.1, credential: lab, interfaces: [{name: e0}, {name: e1}]}
  - {name: r2, platform: frr, address: 192.0.2.2, credential: lab, interfaces: [{name: e0}]}
links:
  - {a: "r1:e0", b: "r2:e0"}
maintenance:
  - {device: r2, from: 2026-01-31T22:00:00Z, until: 2026-02-01T02:00:00+01:00, reason: new power supply}
  - {interface: "r1:e1", from: "2026-01-31T22:00:00Z", until: "2026-01-31T23:00:00Z", reason: optics}
  - {link: "r2:e0--r1:e0", from: 2026-01-31T22:00:00Z, until: 2026-01-31T23:00:00Z, reason: the provider works}
"""
R1_E0, R1_E1, R2_E0 = (End(device=d, interface=i) for d, i in (("r1", "e0"), ("r1", "e1"), ("r2", "e0")))


def read(text: str = FILE) -> Inventory:
    return inventory_of(parse_document(text, "lab.yaml"), Path())


def refused(text: str) -> str:
    with pytest.raises(InvalidInputError) as caught:
        read(text)
    return str(caught.value)


def test_a_window_covers_a_device_an_interface_or_both_ends_of_a_link() -> None:
    device, port, link = read().network().maintenance
    assert [device.covers(end) for end in (R1_E0, R1_E1, R2_E0)] == [False, False, True]
    assert [port.covers(end) for end in (R1_E0, R1_E1, R2_E0)] == [False, True, False]
    assert [link.covers(end) for end in (R1_E0, R1_E1, R2_E0)] == [True, False, True]


def test_a_window_is_open_from_its_beginning_until_its_end_in_any_zone() -> None:
    window = read().network().maintenance[0]
    start = datetime(2026, 1, 31, 22, tzinfo=UTC)
    assert (window.start, window.until) == (start, start + timedelta(hours=3))
    moments = [start - timedelta(seconds=1), start, start + timedelta(hours=2), start + timedelta(hours=3)]
    assert [window.open(at) for at in moments] == [False, True, True, False]
    assert str(window) == "maintenance until 2026-02-01 01:00 UTC: new power supply"


@pytest.mark.parametrize(
    ("old", "new", "line", "reason"),
    [
        ("{device: r2", "{device: r3", 9, "maintenance[0].device: no device 'r3'; expected one of: r1, r2"),
        ("{device: r2", "{device: 'r2:e0'", 9, "maintenance[0].device: 'r2:e0' is no device; write it as interface"),
        ('interface: "r1:e1"', 'interface: "r1:e9"', 10, "r1 has no interface 'e9'; expected one of: e0, e1"),
        ('interface: "r1:e1"', "interface: r1", 10, "'r1' is no interface; expected device:interface"),
        ("r2:e0--r1:e0", "r2:e0--r1:e1", 11, "maintenance[2].link: no link 'r2:e0--r1:e1'; did you mean"),
        ("{device: r2, ", "{", 9, "expected one of device, interface, link; found none"),
        ("{device: r2, ", "{device: r2, link: 'r1:e0--r2:e0', ", 9, "found device and link"),
        (
            "until: 2026-02-01T02:00:00+01:00",
            "until: tomorrow",
            9,
            "'tomorrow' is no time; expected a time with its zone",
        ),
        ("until: 2026-02-01T02:00:00+01:00", "until: 2026-02-01T02:00:00", 9, "is no time with a zone"),
        (
            "until: 2026-02-01T02:00:00+01:00",
            "until: 2026-01-31T22:00:00Z",
            9,
            "maintenance[0].until: is not after from",
        ),
        ("from: 2026-01-31T22:00:00Z, until: 2026-02", "until: 2026-02", 9, "maintenance[0].from: is missing"),
        ("reason: new power supply", "reason: ''", 9, "maintenance[0].reason: expected"),
        ("reason: optics", "reasn: optics", 10, "unknown key 'reasn'; did you mean 'reason'?"),
        ('from: "2026', 'form: "2026', 10, "unknown key 'form'; did you mean 'from'?"),
    ],
)
def test_a_mistake_in_a_window_is_told_with_its_line(old: str, new: str, line: int, reason: str) -> None:
    assert old in FILE
    said = refused(FILE.replace(old, new, 1))
    assert f"lab.yaml:{line}: " in said
    assert reason in said


def test_a_network_without_windows_has_none() -> None:
    assert read(FILE.split("maintenance:")[0]).network().maintenance == []
    assert Window(start=datetime(2026, 1, 1, tzinfo=UTC), until=datetime(2026, 1, 2, tzinfo=UTC), reason="x").ends == []
