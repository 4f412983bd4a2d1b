"""What moved between two snapshots of a device: lines of configuration by section, and typed state.

Pure. Counters, ages and what else moves by itself is left out; a view that either side could not read is not compared
and said to be so, for `unparsed` is never the same as none.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from nocmesh.diagnosis.baseline import Snapshot
from nocmesh.diagnosis.configtext import sections, unified_diff
from nocmesh.diagnosis.moves import moves
from nocmesh.messages.base import Message
from nocmesh.messages.state import ConfigLine, DeviceState

Fields = dict[str, Any]

KEYS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "interfaces": ("interface", ("name",)),
    "queues": ("queue", ("interface",)),
    "neighbors.entries": ("address", ("interface", "address")),
    "neighbors.lldp": ("LLDP neighbour", ("interface",)),
    "routes": ("route", ("prefix", "protocol")),
    "filters": ("filter", ("name", "hook", "interface", "text")),
    "bgp.neighbors": ("BGP neighbour", ("address",)),
    "ospf.areas": ("OSPF area", ("area",)),
    "ospf.interfaces": ("OSPF interface", ("name",)),
    "ospf.neighbors": ("OSPF neighbour", ("router_id", "interface")),
    "isis.interfaces": ("IS-IS interface", ("name",)),
    "isis.adjacencies": ("IS-IS adjacency", ("system_id", "interface", "level")),
    "stp.bridges": ("spanning tree", ("name",)),
    "stp.ports": ("spanning tree port", ("bridge", "name")),
    "mac_table": ("MAC address", ("bridge", "vlan", "mac")),
    "switching.ports": ("switch port", ("name",)),
    "switching.lags": ("aggregate", ("name",)),
    "processes": ("process", ("name",)),
    "shell_config": ("setting", ("section", "text")),
}
"""Lists of state: what one entry is called, and the fields that tell it from the others."""

RESTLESS = frozenset(
    """
    quote quotes in_errors out_errors in_discards out_discards carrier_changes packets topology_changes
    prefixes_received prefixes_sent last_reset_reason last_error established_for neighbor_count
    last_up last_down dropped last_reset_ago up_for
    pid parent args handle cpu_percent memory_kb
    uptime_seconds memory_total_kb memory_available_kb checksum_errors""".split()  # noqa: SIM905 - a list would fill a page
)
"""Fields that move on a network where nothing is wrong."""
AGEING = frozenset({"neighbors.entries", "mac_table", "processes"})
"""Entries that come and go by themselves: only one that changed is told, and it alone makes no new version."""
AGEING_FIELDS = frozenset({"state"})
SOFT = frozenset({"neighbors", "mac_table", "processes"})
"""Views in which a difference alone is no reason to keep a new version."""


APART = frozenset({"config", "pulse", "log"})
"""Views that are compared as text, are told by the others, or are no state."""


class SectionDiff(Message, frozen=True, kw_only=True):
    """What one section of the configuration lost and gained."""

    section: str
    """`router bgp 65001`, or empty at the top."""
    removed: list[str] = []
    added: list[str] = []


class Moved(Message, frozen=True, kw_only=True):
    """One thing of the state that is not what it was."""

    view: str
    what: str
    """`BGP neighbour 10.0.12.2`, `interface r1-e0`."""
    kind: Literal["gone", "new", "changed"]
    fields: dict[str, list[Any]] = {}
    """Of a change: each field with its value before and after."""


class ConfigDiff(Message, frozen=True, kw_only=True):
    """What moved on one device between two looks at it."""

    device: str
    since: str
    """The older version: `baseline`, `latest` or a number."""
    to: str
    """The newer one, or `running`."""
    seen_before: datetime
    """When the older one was last seen so: what moved, moved after that."""
    seen_after: datetime
    """When the newer one was first seen so: what moved, moved before that."""
    diff: str = ""
    """Unified diff of the configuration; empty: the same."""
    sections: list[SectionDiff] = []
    state: list[Moved] = []
    not_compared: dict[str, str] = {}
    """Views that one side lacks, and why."""

    @property
    def equal(self) -> bool:
        """Nothing that was compared has moved."""
        return not self.diff and not self.state


def compare(before: Snapshot, after: Snapshot, since: str, to: str) -> ConfigDiff:
    """What moved from ``before`` to ``after``, which are called ``since`` and ``to``."""
    both = bool(before.config and after.config)
    gaps = {} if both else {"config": _gap(before, after)}
    was, now = before.state, after.state
    if was is not None and now is not None:
        gaps |= uncompared(was, now)
    return ConfigDiff(
        device=before.device,
        since=since,
        to=to,
        seen_before=before.taken.until,
        seen_after=after.taken.at,
        diff=unified_diff(before.config, after.config, before.device) if both else "",
        sections=section_diffs(before.config, after.config) if both else [],
        state=state_diffs(was, now) if was is not None and now is not None else [],
        not_compared=gaps,
    )


def has_moved(found: ConfigDiff) -> bool:
    """Whether ``found`` is worth a version of its own: more than entries that age."""
    return bool(found.diff) or any(moved.view not in SOFT for moved in found.state)


def _gap(before: Snapshot, after: Snapshot) -> str:
    lacking = [(name, side) for name, side in (("older", before), ("newer", after)) if not side.config]
    reasons = [side.taken.problems.get("config", "") for _, side in lacking]
    why = "; ".join(dict.fromkeys(reason for reason in reasons if reason))
    sides = " and the ".join(name for name, _ in lacking)
    return f"the {sides} snapshot has no configuration{': ' if why else ''}{why}"


# --- configuration


def section_diffs(before: str, after: str) -> list[SectionDiff]:
    """What each section lost and gained, in the order of the newer text."""
    old, new = sections(before), sections(after)
    moved = moves(old, new)
    gone, come = _by_section(moved.gone), _by_section(moved.new)
    every = dict.fromkeys(line.section for line in [*new, *old])
    return [
        SectionDiff(section=section, removed=gone.get(section, []), added=come.get(section, []))
        for section in every
        if section in gone or section in come
    ]


def _by_section(lines: Sequence[ConfigLine]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for line in lines:
        found.setdefault(line.section, []).append(line.text)
    return found


# --- state


def uncompared(before: DeviceState, after: DeviceState) -> dict[str, str]:
    """Views that one side knows and the other could not read."""
    found = {}
    for view in dict.fromkeys([*before.status, *after.status]):
        sides = before.status.get(view, "unasked"), after.status.get(view, "unasked")
        if view not in APART and "unasked" not in sides and not set(sides) <= {"parsed", "empty"}:
            found[view] = f"{sides[0]} before, {sides[1]} after"
    return found


def state_diffs(before: DeviceState, after: DeviceState) -> list[Moved]:
    """Every thing that is gone, new or changed in the views that both sides could read."""
    read = {"parsed", "empty"}
    views = [v for v in before.status if v not in APART and before.status[v] in read and after.status.get(v) in read]
    was, now = msgspec.to_builtins(before), msgspec.to_builtins(after)
    return [moved for view in views for moved in _view_diffs(view, was[view], now[view])]


def _view_diffs(view: str, before: Any, after: Any) -> Iterator[Moved]:
    old, new = dict(_things(view, before)), dict(_things(view, after))
    for path, what in dict.fromkeys([*old, *new]):
        was, now = old.get((path, what)), new.get((path, what))
        if was is not None and now is not None:
            fields = {name: [was.get(name), now.get(name)] for name in _differing(path, was, now)}
            if fields:
                yield Moved(view=view, what=what, kind="changed", fields=fields)
        elif path not in AGEING:
            yield Moved(view=view, what=what, kind="gone" if now is None else "new")


def _differing(path: str, was: Fields, now: Fields) -> list[str]:
    ignored = AGEING_FIELDS if path in AGEING else frozenset()
    return [name for name in dict.fromkeys([*was, *now]) if name not in ignored and was.get(name) != now.get(name)]


Thing = tuple[tuple[str, str], Fields]
"""The list that it stands in and its name, and what is told of it."""


def _things(view: str, value: Any) -> Iterator[Thing]:
    """Everything in ``view`` that has a name of its own, and the view itself where it has fields."""
    if value is None:
        return
    if isinstance(value, list):
        yield from _entries(view, value)
        return
    lists = {name: inner for name, inner in value.items() if f"{view}.{name}" in KEYS}
    own = {name: _settled(inner) for name, inner in value.items() if name not in lists and name not in RESTLESS}
    if own:
        yield (view, view), own
    for name, inner in lists.items():
        yield from _entries(f"{view}.{name}", inner)


def _entries(path: str, items: Sequence[Fields]) -> Iterator[Thing]:
    label, keys = KEYS[path]
    seen: Counter[str] = Counter()
    for item in items:
        name = " ".join(str(item[key]) for key in keys if item[key] not in (None, ""))
        seen[name] += 1
        again = f" #{seen[name]}" if seen[name] > 1 else ""
        fields = {key: _settled(inner) for key, inner in item.items() if key not in RESTLESS and key not in keys}
        yield (path, f"{label} {name}{again}"), fields


def _settled(value: Any) -> Any:
    """``value`` without what moves by itself; lists of words in order, since devices list them as they like."""
    if isinstance(value, list):
        inner = [_settled(item) for item in value]
        return sorted(inner, key=str)
    if isinstance(value, dict):
        return {key: _settled(inner) for key, inner in value.items() if key not in RESTLESS}
    return value
