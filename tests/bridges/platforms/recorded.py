"""What real routers, switches and hosts answered, as recorded; see ``samples``."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

from nocmesh.messages.state import DeviceState, Door, Output, Quote
from nocmesh_bridges.platforms import VIEWS, asks, state

SAMPLES = Path(__file__).parent / "samples"


def filed(command: str) -> str:
    """The name of the file that holds the answer to ``command``."""
    return "".join(c if c.isalnum() or c == "-" else "_" for c in command).strip("_")[:60] + ".txt"


def recorded(folder: str, platform: str) -> list[Output]:
    """Every recorded answer in ``folder``."""
    known = [(ask, SAMPLES / folder / filed(ask.command)) for ask in asks(platform, VIEWS, shell=True)]
    return [Output(command=ask.command, door=ask.door, text=path.read_text()) for ask, path in known if path.exists()]


def with_text(outputs: Sequence[Output], command: str, text: str) -> list[Output]:
    """``outputs``, with another answer to ``command``."""
    found = [o if o.command != command else Output(command=command, door=o.door, text=text) for o in outputs]
    assert any(o.command == command for o in found), f"{command} was not recorded"
    return found


def text_of(outputs: Sequence[Output], command: str) -> str:
    """The answer to ``command``."""
    return next(o.text for o in outputs if o.command == command)


def through(outputs: Sequence[Output], door: Door) -> list[Output]:
    """Those answers that came through ``door``."""
    return [o for o in outputs if o.door == door]


def seen(outputs: Sequence[Output], platform: str) -> DeviceState:
    """The state in all views."""
    return state("r1", platform, VIEWS, outputs)


def quotes(value: object) -> Iterator[Quote]:
    """Every quote in ``value``, however deep."""
    if isinstance(value, Quote):
        yield value
    elif isinstance(value, Struct):
        yield from quotes(list(asdict(value).values()))
    elif isinstance(value, list):
        for item in value:
            yield from quotes(item)
