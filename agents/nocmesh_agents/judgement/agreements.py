"""The knowledge of ``agreements.toml``: what the two ends of an adjacency must agree on."""

import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from nocmesh.diagnosis.igp import LEVELS, Protocol
from nocmesh.messages.base import Message


class Agreement(Message, frozen=True, kw_only=True):
    """One setting."""

    protocol: Protocol
    setting: str
    fault: str
    says: str
    must: Literal["agree", "overlap", "be_no"] = "agree"
    against: Literal["adjacency", "routes"] = "adjacency"
    given: str = ""
    source: str

    def broken(self, a: str | None, b: str | None) -> bool:
        """Whether the ends' settings cannot go together; one that was not told is not held against anybody."""
        if self.must == "be_no":
            return "yes" in (a, b)
        if a is None or b is None:
            return False
        if self.must == "overlap":
            return not LEVELS.get(a, set()) & LEVELS.get(b, set())
        return a != b


@cache
def agreements(fault: str) -> Sequence[Agreement]:
    """Those whose breach is called ``fault``, in the file's order."""
    return tuple(agreement for agreement in _all() if agreement.fault == fault)


@cache
def _all() -> Sequence[Agreement]:
    protocols = tomllib.loads(files("nocmesh_agents.judgement").joinpath("agreements.toml").read_text("utf-8"))
    rows = [
        {"protocol": protocol, "setting": name, **row}
        for protocol, settings in protocols.items()
        for name, row in settings.items()
    ]
    return msgspec.convert(rows, tuple[Agreement, ...])
