"""What a line of a log says: that something came, went, or was changed. The knowledge is ``loglines.toml``. Pure.

A log may hold anything that somebody managed to have written there. A line is therefore only ever an explanation of
what was seen, never a reason to believe that something is well.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from nocmesh.errors import PreconditionError
from nocmesh.messages.state import LogEntry

Layer = Literal["device", "daemon", "interface", "stp", "ospf", "isis", "bgp", "config"]
Says = Literal["up", "down", "changed"]
_DAEMONS = {"BGP": "bgpd", "OSPF": "ospfd", "ISIS": "isisd"}
"""As FRR's log calls its daemons, and as they are called."""


class _Row(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    source: str
    text: str
    layer: Layer
    says: Says
    mnemonic: str = ".*"


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    line: tuple[_Row, ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    source: re.Pattern[str]
    mnemonic: re.Pattern[str]
    text: re.Pattern[str]
    layer: Layer
    says: Says


@dataclass(frozen=True, slots=True)
class Said:
    """What one line says."""

    layer: Layer
    says: Says
    what: str = ""
    """The interface, the neighbour's address, the daemon; empty: the device itself."""


def said(entry: LogEntry) -> Said | None:
    """What ``entry`` says of something that comes and goes; None: nothing that is known here."""
    for rule in _rules():
        source = rule.source.fullmatch(entry.source)
        text = rule.text.fullmatch(entry.text) if source and rule.mnemonic.fullmatch(entry.mnemonic) else None
        if source and text:
            daemon = _DAEMONS.get(source.groupdict().get("daemon") or "", "")
            return Said(rule.layer, rule.says, text.groupdict().get("what") or daemon)
    return None


@cache
def _rules() -> tuple[_Rule, ...]:
    path = Path(__file__).with_name("loglines.toml")
    try:
        rows = msgspec.convert(tomllib.loads(path.read_text()), _Table).line
        return tuple(_rule(row) for row in rows)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError, re.error) as wrong:
        raise PreconditionError(f"{path}: {wrong}; correct the table") from wrong


def _rule(row: _Row) -> _Rule:
    return _Rule(re.compile(row.source), re.compile(row.mnemonic), re.compile(row.text), row.layer, row.says)
