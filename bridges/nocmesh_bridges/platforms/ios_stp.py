"""Spanning tree as Cisco IOS shows it. Pure.

Reads `show spanning-tree`.
Untried on a device; tried on the simulated one.
"""

import re
from collections.abc import Sequence

from nocmesh.messages.state import Output, Quote, Stp, StpBridge, StpPort, ViewStatus
from nocmesh_bridges.platforms.ios_names import full_name
from nocmesh_bridges.platforms.protocol import Judge, Parsed, told
from nocmesh_bridges.platforms.tables import Block, Line, Table, judge_of, mac, number, paragraphs

TREES = "show spanning-tree"
DETAIL = "show spanning-tree detail"
_NONE = re.compile(r"^No spanning tree instances? exists?\.?\s*$", re.MULTILINE)
_TREE = re.compile(
    r"^(?P<name>(?:VLAN|MST|VL)\d+)\s*\n +Spanning tree enabled protocol (?P<protocol>\S+)\s*$", re.MULTILINE
)
_ANY = re.compile(r"^(?:VLAN|MST|VL)\d+\s*$", re.MULTILINE)
_PORTS = Table(
    head=re.compile(r"Interface +Role Sts Cost +Prio\.Nbr Type\s*$"),
    row=re.compile(
        r"(?P<name>[A-Z][\w/.-]*\d) +(?P<role>[A-Z][a-z]+) (?P<state>[A-Z]{3}\*?) *(?P<cost>\d+) +"
        r"(?P<priority>\d+)\.(?P<number>\d+) +(?P<type>\S.*?)\s*$"
    ),
    noise=re.compile(r"-{4}[ -]*$"),
)
_HEADING = re.compile(
    r" +(?:Spanning tree enabled protocol |Root ID +Priority |Address +[0-9a-f.]{14}\s*$|Cost +\d|Port +\d"
    r"|This bridge is the root|Bridge ID +Priority |Hello Time +\d|Aging Time +\d)"
)
_CHANGES = re.compile(
    r"^ *(?P<name>(?:VLAN|MST)\d+) is executing .*?^ *Number of topology changes (?P<count>\d+) ",
    re.MULTILINE | re.DOTALL,
)
_STATES = {
    "FWD": "forwarding",
    "BLK": "blocking",
    "BKN*": "blocking",
    "LIS": "listening",
    "LRN": "learning",
    "DIS": "disabled",
}
_ROLES = {
    "Root": "root",
    "Desg": "designated",
    "Altn": "alternate",
    "Back": "backup",
    "Mstr": "master",
    "Dsbl": "disabled",
}
_PROTOCOLS = {"ieee": "stp", "rstp": "rstp", "mstp": "mstp"}


def _trees(text: str) -> list[Block] | None:
    """The trees, each whole: root, bridge and a table of ports in which every line is one."""
    if _NONE.search(text) and not _ANY.search(text):
        return []
    found = paragraphs(text, _TREE, _whole)
    return found if found and len(_ANY.findall(text)) == len(found) else None


def _whole(block: Block) -> bool:
    top, head, _ = _parts(block)
    known = all(_HEADING.match(line) for line in top.splitlines()[1:] if line.strip())
    return bool(head) and known and "Root ID" in top and "Bridge ID" in top and bool(_ports(block))


def _parts(block: Block) -> tuple[str, str, str]:
    return block.text.partition("Interface  ")


def _ports(block: Block) -> list[Line]:
    _, head, table = _parts(block)
    return _PORTS.rows(head + table)


def stp(answers: Sequence[Output], status: ViewStatus) -> Parsed:
    """The view `stp` from TREES, with the count of changes from DETAIL where that can be read."""
    trees, detail = answers
    found = _trees(trees.text) or []
    changes = {m["name"]: int(m["count"]) for m in _CHANGES.finditer(detail.text)} if told(detail.status) else {}
    value = Stp(
        bridges=[_bridge(block, changes.get(block["name"])) for block in found],
        ports=[_port(block["name"], line) for block in found for line in _ports(block)],
    )
    return Parsed(status=status, value=value)


def _bridge(block: Block, changes: int | None) -> StpBridge:
    top, _, _ = _parts(block)
    root, _, own = top.partition("Bridge ID")
    priority = re.search(r"Priority +(?P<all>\d+)(?: +\(priority (?P<own>\d+) sys-id-ext \d+\))?", own)
    itself = _id(own)
    return StpBridge(
        name=block["name"],
        enabled=True,
        bridge_id=itself,
        root_id=_id(root),
        priority=number(priority["own"] or priority["all"]) if priority else None,
        root_port=full_name(block.find(r"^ +Port +\d+ \((?P<it>[^)]+)\)")),
        root_path_cost=0 if "This bridge is the root" in root else block.number(r"^ +Cost +(?P<it>\d+)"),
        topology_changes=changes,
        protocol=_PROTOCOLS.get(block["protocol"], block["protocol"]),
        quote=Quote(command=TREES, text=block.match[0].strip()),
    )


def _id(text: str) -> str:
    """`8000.525400123456` from the lines that give priority and address (IEEE 802.1D §9.2.5)."""
    priority, address = re.search(r"Priority +(\d+)", text), re.search(r"Address +([0-9a-f.]{14})", text)
    return f"{int(priority[1]):04x}.{mac(address[1]).replace(':', '')}" if priority and address else ""


def _port(bridge: str, line: Line) -> StpPort:
    return StpPort(
        name=full_name(line["name"]),
        bridge=bridge,
        state=_STATES.get(line["state"], line["state"].lower()),
        role=_ROLES.get(line["role"], line["role"].lower()),
        cost=int(line["cost"]),
        priority=int(line["priority"]),
        quote=line.quote(TREES),
    )


def _detail_status(text: str) -> ViewStatus:
    return "parsed" if _CHANGES.search(text) else "empty" if _NONE.search(text) else "unparsed"


JUDGES: dict[str, Judge] = {TREES: judge_of(_trees), DETAIL: _detail_status}
