"""What the things of one run are called: all of them carry its id, so that they can be told from everything else."""

import re
from pathlib import Path
from typing import NamedTuple

PREFIX = "nm"
FRR_CONFIG = Path("/etc/frr")
FRR_STATE = Path("/var/run/frr")
NAMESPACES = Path("/run/netns")
LINKS = Path("/sys/class/net")
_NAMESPACE = re.compile(rf"{PREFIX}-([0-9a-f]{{4}})-[a-z0-9]+")
_LINK = re.compile(rf"{PREFIX}([0-9a-f]{{4}})(v\d+)?")


class Names(NamedTuple):
    """The names of a run."""

    run_id: str

    def namespace(self, node: str) -> str:
        """Of a node, or of the patch room; FRRouting's path space too."""
        return f"{PREFIX}-{self.run_id}-{node}"

    @property
    def bridge(self) -> str:
        """The management network's bridge, in the root namespace."""
        return f"{PREFIX}{self.run_id}"

    def uplink(self, index: int) -> str:
        """The bridge's side of the management cable of the node of that place in the plan."""
        return f"{PREFIX}{self.run_id}v{index}"

    def config(self, node: str) -> Path:
        """Where FRRouting looks for the node's configuration."""
        return FRR_CONFIG / self.namespace(node)

    def state(self, node: str) -> Path:
        """Where its daemons keep their sockets and process ids; its log too."""
        return FRR_STATE / self.namespace(node)


def run_of(name: str) -> str:
    """The run that a namespace, a folder or a link belongs to by its name; empty: none."""
    found = _NAMESPACE.fullmatch(name) or _LINK.fullmatch(name)
    return found[1] if found else ""
