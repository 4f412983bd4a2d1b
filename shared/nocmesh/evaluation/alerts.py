"""The alert of a case as its monitoring system would send it now; and, when the case is over, its resolution. Pure.

In a text of the body `{now}`, `{now-5m}` and `{now+30s}` become times (RFC 3339), `{address:r1/r1-e0}` the first
address of an interface. An alert without `startsAt` begins now.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

_TIME = re.compile(r"\{now(?:([+-])(\d{1,6})([smh]))?\}")
_ADDRESS = re.compile(r"\{address:([^/{}]+)/([^{}]+)\}")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours"}

AddressOf = Callable[[str, str], str]
"""A device and one of its interfaces, to its address without prefix length."""


def nowhere(device: str, interface: str) -> str:
    """No network is known yet: a documentation address stands for every other."""
    return "192.0.2.1"


def filled(body: Mapping[str, Any], now: datetime, address_of: AddressOf = nowhere) -> dict[str, Any]:
    """``body`` with its times and addresses filled in, every alert of it with a start."""
    whole: dict[str, Any] = _filled(dict(body), now, address_of)
    alerts = whole.get("alerts")
    if isinstance(alerts, list):
        whole["alerts"] = [_started(alert, now) if isinstance(alert, dict) else alert for alert in alerts]
    return whole


def resolved(body: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What the same monitoring system sends when the trouble is over; ``body`` is filled in already."""
    alerts = body.get("alerts")
    over = [{**alert, "status": "resolved", "endsAt": stamp(now)} for alert in alerts] if alerts else []
    return {**body, "status": "resolved", "alerts": over}


def stamp(at: datetime) -> str:
    """A time as RFC 3339 in UTC."""
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _filled(value: Any, now: datetime, address_of: AddressOf) -> Any:
    if isinstance(value, str):
        timed = _TIME.sub(lambda told: stamp(now + _shift(told)), value)
        return _ADDRESS.sub(lambda told: address_of(told[1], told[2]), timed)
    if isinstance(value, dict):
        return {key: _filled(inner, now, address_of) for key, inner in value.items()}
    if isinstance(value, list):
        return [_filled(inner, now, address_of) for inner in value]
    return value


def _shift(told: "re.Match[str]") -> timedelta:
    if not told[1]:
        return timedelta(0)
    shift = timedelta(**{_UNITS[told[3]]: int(told[2])})
    return -shift if told[1] == "-" else shift


def _started(alert: dict[str, Any], now: datetime) -> dict[str, Any]:
    return alert if alert.get("startsAt") else {**alert, "startsAt": stamp(now)}
