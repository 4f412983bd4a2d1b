"""What a kind of check is, and how most are decided: an entry of the typed state, found and compared. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface, ip_network
from typing import Any

from nocmesh.messages.base import Message
from nocmesh.messages.state import View


class CheckResult(Message, frozen=True, kw_only=True):
    """Whether a check holds, and what the device showed."""

    passed: bool
    seen: str


Arguments = Mapping[str, Any]
Decide = Callable[[Any, Arguments], CheckResult]
Find = Callable[[Any, Arguments], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of check: the view that it reads, its arguments with their types, and who decides."""

    view: View
    decide: Decide
    needs: Mapping[str, type]
    may: Mapping[str, type]


def kind(view: View, decide: Decide, needs: Mapping[str, type], may: Mapping[str, type] | None = None) -> Kind:
    """A kind that reads ``view``."""
    return Kind(view=view, decide=decide, needs=needs, may=may or {})


def result(passed: bool, seen: str) -> CheckResult:
    """What was decided."""
    return CheckResult(passed=passed, seen=seen)


def there(present: bool, what: str) -> str:
    """``what`` is there, or is not, in words."""
    return f"{what} is there" if present else f"{what} is not there"


def one_of(find: Find, missing: str, decide: Callable[[Any, Arguments], CheckResult]) -> Decide:
    """Decides on the entry that ``find`` finds; ``missing`` says what is not there otherwise, with its arguments."""

    def decided(value: Any, arguments: Arguments) -> CheckResult:
        entry = find(value, arguments)
        if entry is None:
            return result(False, f"no {missing.format(**arguments)}")
        return decide(entry, arguments)

    return decided


def alike(name: str, fields: Iterable[str]) -> Callable[[Any, Arguments], CheckResult]:
    """Passes when each of ``fields`` that is given is what the entry has; ``name`` is the field with its name."""
    known = tuple(fields)

    def decide(entry: Any, arguments: Arguments) -> CheckResult:
        asked = [field for field in known if field in arguments]
        seen = ", ".join(f"{field.replace('_', ' ')} {_said(getattr(entry, field))}" for field in asked)
        passed = all(getattr(entry, field) == arguments[field] for field in asked)
        return result(passed, f"{getattr(entry, name)} has {seen}" if asked else f"{getattr(entry, name)} is there")

    return decide


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "unknown" if value in (None, "") else str(value)


def same_address(one: str, other: str) -> bool:
    """The same address, however it is written."""
    return _same(ip_address, one, other)


def same_prefix(one: str, other: str) -> bool:
    """The same prefix, however it is written."""
    return _same(ip_network, one, other)


def same_interface(one: str, other: str) -> bool:
    """The same address with the same length, however it is written."""
    return _same(ip_interface, one, other)


def _same(parse: Callable[[str], object], one: str, other: str) -> bool:
    try:
        return parse(one) == parse(other)
    except ValueError:
        return one == other
