"""Processes, packages and what /proc tells of a Linux system (proc(5), ps(1), dpkg-query(1)). Pure."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from nocmesh.messages.state import Output, Process, Quote, System, ViewStatus
from nocmesh_bridges.platforms.protocol import Parsed, told

PROCESSES = "ps -eo pid,netns,stat,pcpu,rss,comm"
FACTS = (
    "cat /proc/uptime /proc/loadavg /proc/meminfo /etc/os-release /proc/net/snmp /proc/net/netstat"
    " /proc/sys/kernel/hostname /proc/sys/net/ipv4/ip_forward"
)
"""The last is one digit: without it the answer was cut off."""
PACKAGES = r"dpkg-query -W -f='${db:Status-Abbrev} ${Package} ${Version}\n'"
SERVICES = (
    *("sshd", "snmpd", "lldpd", "chronyd", "ntpd", "rsyslogd", "dnsmasq", "keepalived", "nginx"),
    *("zebra", "staticd", "bgpd", "ospfd", "ospf6d", "isisd", "ripd", "pimd", "ldpd", "bfdd", "vrrpd", "watchfrr"),
)
"""What is said to run or not to run; other processes stand in the view `processes`."""
DAEMONS = f"ps -ww -C {','.join(SERVICES)} -o pid,ppid,args"
"""How they were started, and no other process: a command line may hold what is nobody's business."""
_HEAD = re.compile(r"\s*PID\s+NETNS\s+STAT\s+%CPU\s+RSS\s+COMMAND\s*")
_ROW = re.compile(
    r"\s*(?P<pid>\d+)\s+(?P<netns>\d+|-)\s+(?P<stat>[A-Z]\S*)\s+(?P<cpu>\d+(?:\.\d+)?)\s+(?P<rss>\d+)\s+(?P<name>\S.*?)\s*"
)
_SELF = "ps"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of `ps`."""

    line: str
    pid: int
    netns: str
    stat: str
    cpu: float
    rss: int
    name: str

    @property
    def running(self) -> bool:
        """Neither stopped nor dead (ps(1), "Process State Codes")."""
        return self.stat[0] not in "TtZX"


def processes_status(text: str) -> ViewStatus:
    """Parsed when each line is a process, and `ps` itself is the last or among them: the list was printed whole."""
    lines = [line for line in text.splitlines() if line.strip()]
    whole = bool(lines) and _HEAD.fullmatch(lines[0]) and all(_ROW.fullmatch(line) for line in lines[1:])
    return "parsed" if whole and any(row.name == _SELF for row in _rows(text)) else "unparsed"


def _rows(text: str) -> Iterator[Row]:
    for line in text.splitlines()[1:]:
        match = _ROW.fullmatch(line)
        if match is not None:
            yield Row(
                line=line.strip(),
                pid=int(match["pid"]),
                netns=match["netns"],
                stat=match["stat"],
                cpu=float(match["cpu"]),
                rss=int(match["rss"]),
                name=match["name"],
            )


def own_rows(output: Output) -> list[Row]:
    """The processes of the network namespace that `ps` ran in: on a machine with many routers, this one's.

    Without the right to see the others' namespaces `ps` prints `-`: those are left in.
    """
    if not told(output.status):
        return []
    rows = list(_rows(output.text))
    mine = next((row.netns for row in reversed(rows) if row.name == _SELF), "-")
    return [row for row in rows if row.netns in (mine, "-") or mine == "-"]


_STARTED = re.compile(r"\s*(?P<pid>\d+)\s+(?P<parent>\d+)\s+(?P<args>\S.*?)\s*")


def daemons_status(text: str) -> ViewStatus:
    """Parsed when each line under the heading is a process; a system without any of them prints the heading alone."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines or lines[0].split() != ["PID", "PPID", "COMMAND"]:
        return "unparsed"
    return "parsed" if all(_STARTED.fullmatch(line) for line in lines[1:]) else "unparsed"


def _started(output: Output) -> dict[int, re.Match[str]]:
    """What DAEMONS says of each process, by its id."""
    lines = output.text.splitlines()[1:] if told(output.status) else []
    return {int(match["pid"]): match for line in lines if (match := _STARTED.fullmatch(line))}


def processes(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `processes` from PROCESSES and, where it is understood, DAEMONS."""
    started = _started(answers[1])
    found = [
        Process(
            name=row.name,
            pid=row.pid,
            running=row.running,
            cpu_percent=row.cpu,
            memory_kb=row.rss,
            parent=int(started[row.pid]["parent"]) if row.pid in started else None,
            args=started[row.pid]["args"] if row.pid in started else "",
            quote=Quote(command=answers[0].command, text=row.line),
        )
        for row in own_rows(answers[0])
        if row.name != _SELF
    ]
    return Parsed(status=status, value=found)


def services_of(output: Output) -> dict[str, bool]:
    """Which of SERVICES run; nothing when `ps` was not understood."""
    rows = own_rows(output)
    running = {row.name for row in rows if row.running}
    return {name: name in running for name in SERVICES} if rows else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What FACTS tells."""

    hostname: str = ""
    os_version: str = ""
    uptime_seconds: int | None = None
    ip_forwarding: bool | None = None
    memory: Mapping[str, int] = field(default_factory=dict)
    checksum_errors: Mapping[str, int] = field(default_factory=dict)
    quotes: Sequence[str] = ()
    """The lines of /proc/net/snmp that say whether the system forwards, and what came with a wrong checksum."""


_PLACES = re.compile(
    r"(?P<uptime>\d+\.\d+ \d+\.\d+)\n"
    r"(?P<load>\d+\.\d+ \d+\.\d+ \d+\.\d+ \d+/\d+ \d+)\n"
    r"(?P<memory>(?:[\w()]+: +\d+(?: kB)?\n)+)"
    r"(?P<release>(?:(?:[A-Z_]+=[^\n]*|#[^\n]*)?\n)+)"
    r"(?P<counters>(?:\w+: [^\n]+\n)+)"
    r"(?P<hostname>[\w.\-]+)\n"
    r"(?P<forwarding>[01])\n"
)


def facts_status(text: str) -> ViewStatus:
    """Parsed when each file's text stands in its place."""
    return "parsed" if _PLACES.fullmatch(f"{text.strip()}\n") and "VERSION_ID" in text else "unparsed"


def facts_of(output: Output) -> Facts:
    """What FACTS answered; nothing when it was not understood."""
    match = _PLACES.fullmatch(f"{output.text.strip()}\n") if told(output.status) else None
    if match is None:
        return Facts()
    release = dict(line.split("=", 1) for line in match["release"].splitlines() if "=" in line)
    memory = (line.split() for line in match["memory"].splitlines())
    return Facts(
        hostname=match["hostname"],
        os_version=release.get("VERSION_ID", "").strip('"'),
        uptime_seconds=int(match["uptime"].split(".")[0]),
        ip_forwarding=match["forwarding"] == "1",
        memory={words[0].rstrip(":"): int(words[1]) for words in memory},
        checksum_errors=checksum_errors(match["counters"]),
        quotes=_evidence(match["counters"]),
    )


def _evidence(text: str) -> list[str]:
    """The names with their numbers, of `Ip` up to `Forwarding` and of each protocol that counted a wrong checksum."""
    wrong = {name for name, count in checksum_errors(text).items() if count}
    found = []
    for names, numbers in pairwise(text.splitlines()):
        if names.startswith("Ip: Forwarding ") and numbers.startswith("Ip: "):
            found.append(f"{names}\n{' '.join(numbers.split()[:2])}")
    return [*found, *checksum_lines(text, wrong)]


def checksum_lines(text: str, protocols: Collection[str]) -> list[str]:
    """The lines of names and of numbers of each of ``protocols``, as they stand: what a count is quoted by."""
    pairs = [(names, numbers) for names, numbers in pairwise(text.splitlines()) if "InCsumErrors" in names.split()]
    return [f"{names}\n{numbers}" for names, numbers in pairs if _protocol(names.split()[0]) in protocols]


def checksum_errors(text: str) -> dict[str, int]:
    """`InCsumErrors` of each protocol: a line of names, then a line of numbers (net/ipv4/proc.c).

    IP's own, of damaged headers, stands in /proc/net/netstat under `IpExt`.
    """
    lines = text.splitlines()
    found: dict[str, int] = {}
    for names, numbers in pairwise(lines):
        heads, values = names.split(), numbers.split()
        if heads[:1] == values[:1] and "InCsumErrors" in heads and len(heads) == len(values):
            value = values[heads.index("InCsumErrors")]
            if value.isascii() and value.isdecimal():
                found[_protocol(heads[0])] = int(value)
    return found


def _protocol(head: str) -> str:
    return "ip" if head == "IpExt:" else head.rstrip(":").lower()


_PACKAGE = re.compile(r"(?P<status>[a-z]{2}[ A-Z]?) +(?P<name>[a-z0-9][a-z0-9+.\-]*(?::\w+)?) (?P<version>[^\s]*)")


def packages_status(text: str) -> ViewStatus:
    """Parsed when each line is a package, and dpkg itself is among them."""
    lines = [line for line in text.splitlines() if line.strip()]
    whole = bool(lines) and all(_PACKAGE.fullmatch(line.rstrip()) for line in lines)
    return "parsed" if whole and any(" dpkg " in line for line in lines) else "unparsed"


def packages_of(output: Output) -> dict[str, str]:
    """Installed packages by version: those that dpkg calls `ii`, or held, with nothing left to configure."""
    if not told(output.status):
        return {}
    rows = [match for line in output.text.splitlines() if (match := _PACKAGE.fullmatch(line.rstrip()))]
    return {row["name"]: row["version"] for row in rows if row["status"][1] == "i"}


def system(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `system` from FACTS, PROCESSES and PACKAGES."""
    facts, table, packages = answers
    return Parsed(status=status, value=system_of(facts, table, packages))


def system_of(facts: Output, table: Output, packages: Output) -> System:
    """What the three tell together; each may be missing."""
    found = facts_of(facts)
    rows = own_rows(table)
    return System(
        hostname=found.hostname,
        version=found.os_version,
        uptime_seconds=found.uptime_seconds,
        ip_forwarding=found.ip_forwarding,
        memory_total_kb=found.memory.get("MemTotal"),
        memory_available_kb=found.memory.get("MemAvailable"),
        packages=packages_of(packages),
        services=services_of(table),
        checksum_errors=dict(found.checksum_errors),
        quotes=[
            *(Quote(command=facts.command, text=text) for text in found.quotes),
            *(Quote(command=table.command, text=row.line) for row in rows if row.name in SERVICES),
        ],
    )
