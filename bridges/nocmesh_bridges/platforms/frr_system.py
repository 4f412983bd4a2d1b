"""What FRR says of itself: version and daemons (vtysh/vtysh.c, lib/version). Pure."""

import re
from collections.abc import Sequence

from msgspec.structs import replace

from nocmesh.messages.state import Output, Quote, ViewStatus
from nocmesh_bridges.platforms import linux_system
from nocmesh_bridges.platforms.protocol import Judge, Parsed, told

VERSION = "show version"
DAEMONS = "show daemons"
"""What vtysh believes: it notices the death of a daemon only when it asks it something. So the running configuration,
which asks all of them, goes before; and where there is a shell, `ps` decides."""
_VERSION = re.compile(r"^FRRouting (?P<version>[\w.\-~+]+) \((?P<hostname>[^)\s]+)\)", re.MULTILINE)
_NAMES = frozenset(
    [
        *("zebra", "staticd", "bgpd", "ospfd", "ospf6d", "isisd", "ripd", "ripngd", "eigrpd", "pimd", "pim6d", "ldpd"),
        *("bfdd", "vrrpd", "nhrpd", "pathd", "pbrd", "babeld", "fabricd", "sharpd", "watchfrr", "mgmtd"),
    ]
)


def version_status(text: str) -> ViewStatus:
    """Parsed when the version stands where FRR puts it."""
    return "parsed" if _VERSION.search(text) else "unparsed"


def daemons_status(text: str) -> ViewStatus:
    """Parsed when there is one line of daemons' names."""
    words = text.split()
    return "parsed" if words and _NAMES.issuperset(words) and len(text.strip().splitlines()) == 1 else "unparsed"


def system(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `system` from VERSION, DAEMONS (behind the running configuration) and, with a shell, what Linux says."""
    version, _, daemons, facts, table, packages = answers
    found = linux_system.system_of(facts, table, packages)
    match = _VERSION.search(version.text)
    assert match is not None  # its judge has seen it
    quotes = [Quote(command=version.command, text=match[0])]
    if told(daemons.status):
        quotes.append(Quote(command=daemons.command, text=daemons.text.strip()))
    value = replace(
        found,
        hostname=match["hostname"],
        version=match["version"],
        services=found.services or _services(daemons),
        quotes=[*quotes, *found.quotes],
    )
    return Parsed(status=status, value=value)


def _services(daemons: Output) -> dict[str, bool]:
    running = set(daemons.text.split()) if told(daemons.status) else set()
    return {name: name in running for name in linux_system.SERVICES if name in _NAMES} if running else {}


JUDGES: dict[str, Judge] = {VERSION: version_status, DAEMONS: daemons_status}
