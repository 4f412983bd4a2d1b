"""Processes of a lab, found by the namespace that they run in and never by name (namespaces(7), proc(5))."""

import os
import signal
from pathlib import Path

from nocmesh.lab.names import NAMESPACES

PROC = Path("/proc")


def network_id(namespace: str) -> int:
    """The inode that tells a network namespace; 0: there is none of that name."""
    try:
        return (NAMESPACES / namespace).stat().st_ino
    except OSError:
        return 0


def processes() -> dict[int, list[int]]:
    """Process ids by the inode of their network namespace."""
    found: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                inode = (entry / "ns" / "net").stat().st_ino
            except OSError:
                continue  # it has ended, or is a kernel thread
            found.setdefault(inode, []).append(int(entry.name))
    return found


def first_process(pids: list[int]) -> int:
    """The one that is number 1 inside a process namespace of its own; 0: none of them is."""
    return next((pid for pid in sorted(pids) if _inner(pid) == ["1"]), 0)


def _inner(pid: int) -> list[str]:
    try:
        lines = (PROC / str(pid) / "status").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []
    return next((line.split()[2:] for line in lines if line.startswith("NSpid:")), [])


def kill(pids: list[int]) -> None:
    """End them at once."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue  # it has ended
