"""Every typed fact can be quoted from the answer that it came from; real devices' answers included."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nocmesh.messages.state import Bgp, DeviceState, Interface, Output, Quote, Route, View
from nocmesh_bridges.platforms import state

VIEWS: tuple[View, ...] = ("interfaces", "bgp", "routes", "config")
SAMPLES = Path(__file__).parent / "samples"
CAPTURES = Path(__file__).parents[4] / "shared" / "show" / "cisco_ios"
"""Real captures, where they lie beside the project."""
CONFIG = Output(command="show running-config", text="version 15.9\nhostname r\nend\n")
FOLDERS: dict[str, tuple[View, str]] = {
    "show_interfaces": ("interfaces", "show interfaces"),
    "show_ip_route": ("routes", "show ip route"),
    "show_ip_bgp_neighbors": ("bgp", "show ip bgp neighbors"),
}


def quotes(found: DeviceState) -> Iterator[Quote]:
    records: list[Interface | Route | Bgp] = [
        *(found.interfaces or []),
        *(found.routes or []),
        *([found.bgp] if found.bgp else []),
    ]
    yield from (record.quote for record in records if record.quote is not None)
    for neighbor in found.bgp.neighbors if found.bgp else []:
        yield from neighbor.quotes


def sample(platform: str) -> list[Output]:
    return [
        Output(command=path.stem.replace("_", " "), text=path.read_text())
        for path in sorted((SAMPLES / platform).glob("*.txt"))
    ]


def captured() -> list[Path]:
    return [path for folder in FOLDERS for path in sorted((CAPTURES / folder).glob("*.raw"))]


@pytest.mark.parametrize("platform", ["frr", "cisco_iosxe"])
def test_every_quote_occurs_letter_for_letter_in_the_answer_that_it_names(platform: str) -> None:
    outputs = sample(platform)
    texts = {output.command: output.text for output in outputs}
    found = list(quotes(state("r1", platform, VIEWS, outputs)))
    assert len(found) > 15
    assert all(quote.text and quote.text in texts[quote.command] for quote in found)


@pytest.mark.skipif(not CAPTURES.is_dir(), reason="no captures of real devices beside the project")
@pytest.mark.parametrize("path", captured(), ids=lambda path: path.stem)
def test_a_real_capture_is_parsed_whole_and_quoted(path: Path) -> None:
    view, command = FOLDERS[path.parent.name]
    text = path.read_text()
    found = state("r1", "cisco_iosxe", [view], [Output(command=command, text=text), CONFIG])
    assert found.status == {view: "parsed"}
    assert all(quote.text in text for quote in quotes(found))
    assert list(quotes(found))
