"""Ports of this machine: is one free, and which is."""

import secrets
import socket

OURS = range(20_000, 32_000)
"""Below those that the system gives to connections that go out: one of those may be taken before it is listened on."""
TRIES = 50


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens on ``host``:``port`` now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on now."""
    tried = (OURS[secrets.randbelow(len(OURS))] for _ in range(TRIES))
    found = next((port for port in tried if is_free(host, port)), None)
    return found if found is not None else _any(host)


def _any(host: str) -> int:
    """Whichever the system gives."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
