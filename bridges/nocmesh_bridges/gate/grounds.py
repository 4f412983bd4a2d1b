"""What the gate stands on, gathered: the policy, the inventory, when an approval was asked for, what admins ordered."""

from datetime import datetime

from nocmesh.bus import Bus
from nocmesh.messages.approval import ApprovalRequest
from nocmesh.messages.change import Change, DeviceCommand
from nocmesh.messages.order import EVERYWHERE, Kind, Order
from nocmesh.network import Network
from nocmesh.policy.policy import Policy
from nocmesh.subjects import subject
from nocmesh_bridges.gate.gate import Ground, frozen


class Grounds:
    """Gathers what the gate must know beside the command and its decision."""

    def __init__(self, core: Bus, network: Network, policy: Policy) -> None:
        self._core = core
        self._network = network
        self._policy = policy

    async def of(self, command: DeviceCommand, now: datetime) -> Ground:
        """For ``command``, at ``now``. Raises what the bus raises: who cannot look does not let anything pass."""
        change = command.change
        where = subject("ai.approvals.pending.<id>", id=command.approval_id)
        asked = await self._core.last(where, ApprovalRequest)
        by_engine = asked is not None and asked.speaker is not None and asked.speaker.role == "orchestrator"
        shown = asked is not None and asked.body.change.hash() == change.hash()
        return Ground(
            policy=self._policy,
            device=self._network.device(change.device),
            network=self._network,
            asked_at=asked.at if asked and by_engine and shown else None,
            orders=await self._orders(change, now),
        )

    async def frozen(self, change: Change, now: datetime) -> str:
        """Why nothing may be changed on its device at ``now``; empty: it may."""
        return frozen(await self._orders(change, now), self._network.device(change.device), now)

    async def _orders(self, change: Change, now: datetime) -> list[Order]:
        """Those in force about this device and whoever asks."""
        device = self._network.device(change.device)
        names: list[tuple[Kind, str]] = [("freeze", EVERYWHERE)]
        names += [("freeze", device.site)] if device and device.site else []
        names += [("autonomy", change.requested_by)] if change.requested_by in self._policy.autonomy else []
        found = [await self._order(kind, name) for kind, name in names]
        return [order for order in found if order and order.holds(now)]

    async def _order(self, kind: Kind, name: str) -> Order | None:
        found = await self._core.last(subject("ai.approvals.orders.<kind>.<name>", kind=kind, name=name), Order)
        if found is None or found.speaker is None or found.speaker.role != "approvals":
            return None
        return found.body
