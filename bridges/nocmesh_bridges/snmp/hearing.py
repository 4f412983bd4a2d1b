"""One datagram to one trap, or to the reason why it is dropped: versions 1 and 2c here, 3 by way of pysnmp.

Nothing of version 3 reaches pysnmp that is not from a user whom the inventory knows: an unauthenticated message could
move the clock that it keeps of a sender, and then the sender's own traps would be refused.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from nocmesh_bridges.snmp.ber import BerError
from nocmesh_bridges.snmp.engine import Engine, Notice
from nocmesh_bridges.snmp.header import Header, header_of
from nocmesh_bridges.snmp.inbox import Datagram
from nocmesh_bridges.snmp.target import User
from nocmesh_bridges.snmp.trap import V1, V3, Trap, decode, named, response, version_of
from nocmesh_bridges.snmp.usm import authentic, master_key

Reason = Literal[
    "malformed", "unknown_community", "unknown_user", "not_authentic", "not_accepted", "too_many_discoveries"
]
VERSIONS: Mapping[int, Literal["1", "2c", "3"]] = {V1: "1", 1: "2c", V3: "3"}
DISCOVERIES = 50
"""Answers a second to senders who ask who we are: each is a message from us to whatever address it claims."""


class Dropped(Exception):  # noqa: N818 - no error, a decision
    """It is not believed, or not understood."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Answer:
    """What an inform's sender is owed; two of the same request are one."""

    key: object
    send: Callable[[], None] = field(compare=False)


@dataclass(frozen=True)
class Heard:
    """A trap that is believed."""

    trap: Trap
    version: Literal["1", "2c", "3"]
    answer: Answer | None = None


class Ears:
    """Knows whom to believe."""

    def __init__(self, communities: Iterable[str], users: Iterable[User], engine: Engine) -> None:
        """``communities`` of versions 1 and 2c; ``users`` of version 3."""
        self._communities = {each.encode() for each in communities}
        self._users = {user.name.encode(): user for user in users}
        self._masters: dict[bytes, bytes] = {}
        self._engine = engine
        self._notice: Notice | None = None
        self._discoveries = (0, 0)

    def listen(self, send: Callable[[bytes, Any], None]) -> None:
        """Let pysnmp answer by ``send``: discovery, and informs of version 3."""
        self._engine.hear(send, self._told)
        for user in self._users.values():
            self._engine.know(user)

    def hear(self, datagram: Datagram, answer: Callable[[bytes, Datagram], None], now: float) -> Heard | None:
        """The trap in ``datagram``; None for a message that carries none (discovery). Raises Dropped."""
        try:
            if version_of(datagram.data) == V3:
                return self._third(datagram, now)
            trap = decode(datagram.data)
        except BerError as wrong:
            raise Dropped("malformed") from wrong
        if trap.community not in self._communities:
            raise Dropped("unknown_community")
        owed = Answer((datagram.address, datagram.data), lambda: answer(response(datagram.data, trap), datagram))
        return Heard(trap, VERSIONS[trap.version], owed if trap.confirmed else None)

    def _third(self, datagram: Datagram, now: float) -> Heard | None:
        header = header_of(datagram.data)
        if header.asks_who_we_are:
            self._count_discovery(int(now))
            self._engine.feed(datagram.data, datagram.address)
            return None
        self._believe(datagram, header)
        self._notice = None
        self._engine.feed(datagram.data, datagram.address)
        if self._notice is None:
            if header.engine_id == self._engine.engine_id:
                return None  # its sender did not know our clock yet, and now does (RFC 3414 §4)
            raise Dropped("not_accepted")
        return _heard(self._notice)

    def _believe(self, datagram: Datagram, header: Header) -> None:
        """Raises Dropped unless the sender has the key of a user whom we know."""
        user = self._users.get(header.user)
        if user is None:
            raise Dropped("unknown_user")
        if header.user not in self._masters:
            self._masters[header.user] = master_key(user.auth_password, user.auth)
        if not authentic(datagram.data, header, self._masters[header.user], user.auth):
            raise Dropped("not_authentic")
        if header.engine_id != self._engine.engine_id:
            self._engine.know(user, header.engine_id)

    def _count_discovery(self, second: int) -> None:
        at, count = self._discoveries
        self._discoveries = (second, count + 1 if at == second else 1)
        if self._discoveries[1] > DISCOVERIES:
            raise Dropped("too_many_discoveries")

    def _told(self, notice: Notice) -> None:
        self._notice = notice


def _heard(notice: Notice) -> Heard:
    """Raises BerError when the notification has no name."""
    uptime, trap, varbinds = named(notice.varbinds)
    whole = Trap(V3, b"", notice.confirmed, 0, uptime, trap, varbinds)
    return Heard(whole, "3", Answer(object(), notice.respond) if notice.confirmed else None)
