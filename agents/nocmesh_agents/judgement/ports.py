"""A port as its own section of the configuration has it, now and when all was well."""

from collections.abc import Sequence

from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.report import Evidence
from nocmesh.messages.state import ConfigLine
from nocmesh.network import End

MOVED, ODD, LEAD = 0.97, 0.6, 0.4
"""How sure: it is not as it was; it differs from the other end; it may be over."""


def reconfigured(scene: Scene, end: End) -> bool:
    """The port's own section has moved; False where nobody knows."""
    return bool(moved_lines(scene, end, ""))


def lines_of(scene: Scene, end: End, *begins: str) -> list[str]:
    """The port's configured lines of that beginning, those that are new first."""
    sight = scene.facts.sight(end.device)
    now = _section(sight.config or [], end) if sight else []
    past = _section(sight.config_before, end) if sight else []
    return sorted((text for text in now if text.startswith(begins)), key=lambda text: text in past)[:3]


def moved_lines(scene: Scene, end: End, *begins: str) -> list[str]:
    """The port's lines of that beginning that are new, and those that are gone; none where nobody knows."""
    sight = scene.facts.sight(end.device)
    if sight is None or not sight.config_before or sight.config is None:
        return []
    now, past = set(_section(sight.config, end)), set(_section(sight.config_before, end))
    return sorted(text for text in now ^ past if text.startswith(begins))


def lost_lines(scene: Scene, end: End, *begins: str) -> list[Evidence]:
    """Evidence of the baseline for the port's lines of that beginning that are gone."""
    sight = scene.facts.sight(end.device)
    if sight is None:
        return []
    now = _section(sight.config or [], end)
    gone = [text for text in _section(sight.config_before, end) if text.startswith(begins) and text not in now]
    return sight.was(*gone[:3])


def _section(lines: Sequence[ConfigLine], end: End) -> list[str]:
    return [line.text for line in lines if line.section == f"interface {end.interface}"]
