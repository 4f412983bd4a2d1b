"""What is down because somebody wants it so: the inventory, a maintenance window, a change of the mesh's own. Pure.

A window explains what is down while it lasts, and nothing else: what is up in it is judged as ever.
"""

from datetime import datetime

from nocmesh.diagnosis.history import History
from nocmesh.network import End, Network, Window


def why_off(network: Network, end: End, at: datetime | None, history: History | None) -> str:
    """Who says that an interface that is down shall be, or may be; empty: nobody.

    ``at``: when it was seen so; ``history``: of its device.
    """
    device = network.device(end.device)
    if any(i.name == end.interface and not i.enabled for i in (device.interfaces if device else [])):
        return "the inventory wants it down"
    window = next((window for window in _open(network, at) if window.covers(end)), None)
    return str(window) if window else _shut_by_us(end, history)


def why_silent(network: Network, device: str, at: datetime | None) -> str:
    """The maintenance window that says that the device need not answer; empty: none does."""
    return next((str(window) for window in _open(network, at) if window.device == device), "")


def _open(network: Network, at: datetime | None) -> list[Window]:
    return [window for window in network.maintenance if at is not None and window.open(at)]


def _shut_by_us(end: End, history: History | None) -> str:
    """The approved change that shut the interface down, where no later one brought it back."""
    section = f"interface {end.interface} | "
    for change in reversed(history.applied if history else []):
        for line in reversed(change.lines):
            if line.startswith(section):
                back = line.removeprefix(section).startswith("no ")
                return "" if back else f"the approved change {change.change_id} of {change.at:%Y-%m-%d %H:%M} UTC"
    return ""
