"""A refused call of a tool, as the audit is told of it: who asked, for what, of which device, and why not."""

from nocmesh.audit.attempts import Attempts
from nocmesh.bus import Received
from nocmesh.clock import Clock
from nocmesh.errors import NocmeshError
from nocmesh.messages.agent import ToolRequest
from nocmesh_bridges.refusal import refusal
from nocmesh_bridges.ssh.reading import Refused


def refusals(attempts: Attempts, clock: Clock, key: bytes) -> Refused:
    """What tells the audit of each refused call. ``key`` is that of the masks."""

    async def tell(received: Received[ToolRequest], tool: str, refused: NocmeshError) -> None:
        why = str(refused.facts.get("reason") or refused.message)
        await attempts.tell(refusal(received, tool, why, clock.now(), key))

    return tell
