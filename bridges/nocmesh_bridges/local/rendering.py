"""The arguments of a listed command, from values that are what the list says. Pure."""

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from nocmesh.errors import GuardError
from nocmesh_bridges.connect.form import CommandEntry, ParameterEntry
from nocmesh_bridges.connect.lines import lines_of

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One run of a listed command."""

    target: str
    argv: tuple[str, ...]
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def lines(self) -> list[str]:
        """What is run, as one would type it, then its parameters."""
        return lines_of(shlex.join(self.argv), dict(self.parameters))


def rendered(entry: CommandEntry, given: Any) -> Command:
    """``entry`` with ``given`` filled in. Raises GuardError for a value that is not what the list says."""
    parameters = given if isinstance(given, Mapping) else {}
    if set(parameters) != set(entry.parameters) or not isinstance(given, Mapping | None):
        raise _refused(f"{entry.name} takes the parameters {sorted(entry.parameters)}, not {given!r:.80}")
    texts = {name: _text(name, entry.parameters[name], parameters[name]) for name in entry.parameters}
    argv = tuple(_PLACE.sub(lambda found: texts[found[1]], word) for word in entry.argv)
    return Command(target=entry.name, argv=argv, parameters=tuple(texts.items()))


def _text(name: str, entry: ParameterEntry, value: Any) -> str:
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not _fits(entry, text):
        raise _refused(f"{name} is {value!r:.80}; expected {_expected(entry)}")
    return text


def _fits(entry: ParameterEntry, text: str) -> bool:
    if entry.enum:
        return text in entry.enum
    if entry.type == "integer":
        assert entry.least is not None
        assert entry.most is not None
        return bool(re.fullmatch(r"-?(0|[1-9][0-9]{0,17})", text)) and entry.least <= int(text) <= entry.most
    if entry.type == "ip":
        try:
            return "%" not in text and str(ip_address(text)) == text.lower()
        except ValueError:
            return False
    return bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", text))


def _expected(entry: ParameterEntry) -> str:
    if entry.enum:
        return f"one of {', '.join(entry.enum)}"
    if entry.type == "integer":
        return f"a whole number of {entry.least} to {entry.most}"
    return "an IP address" if entry.type == "ip" else "a name: letters, digits, '.', '_', '-', no dash first"


def _refused(reason: str) -> GuardError:
    return GuardError(f"the command is refused: {reason}", reason=reason)
