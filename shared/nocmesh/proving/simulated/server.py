"""A simulated network that runs: a server per device, all in one process."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from nocmesh.clock import Clock, SystemClock
from nocmesh.errors import NotFoundError
from nocmesh.proving.simulated.breakages import Breakage, breakage
from nocmesh.proving.simulated.inventory import inventory, written
from nocmesh.proving.simulated.live import LiveNetwork, Received
from nocmesh.proving.simulated.model import Network
from nocmesh.proving.simulated.ports import HOST, Access, Behaviour, Device
from nocmesh.proving.simulated.topology import DEMO, Topology, build
from nocmesh.proving.simulated.view import View

__all__ = ["Access", "Behaviour", "SimulatedNetwork"]


class SimulatedNetwork:
    """A running simulation. Make it with ``running``."""

    def __init__(self, live: LiveNetwork, devices: Mapping[str, Device], access: Access) -> None:
        self.live = live
        self._devices = devices
        self._access = access
        self._faults: list[Breakage] = []

    @classmethod
    @asynccontextmanager
    async def running(
        cls,
        topology: Topology = DEMO,
        *,
        clock: Clock | None = None,
        access: Access | None = None,
        behaviours: Mapping[str, Behaviour] | None = None,
    ) -> "AsyncIterator[SimulatedNetwork]":
        """Builds ``topology`` and serves every device of it on a free port of the loopback interface."""
        live = LiveNetwork(build(topology), clock or SystemClock())
        access = access or Access()
        devices = {
            name: Device(name, live, access, (behaviours or {}).get(name, Behaviour())) for name in live.model.nodes
        }
        try:
            for device in devices.values():
                await device.start()
            yield cls(live, devices, access)
        finally:
            for device in devices.values():
                await device.stop()

    @property
    def model(self) -> Network:
        """What is configured and cabled."""
        return self.live.model

    def address(self, device: str) -> tuple[str, int]:
        """Where a device's command line listens. Raises NotFoundError."""
        acceptor = self._device(device).acceptor
        assert acceptor is not None
        return HOST, acceptor.get_port()

    def host_key(self, device: str) -> str:
        """A device's public host key, as `ssh-ed25519 AAAA…`."""
        return self._device(device).key.export_public_key("openssh").decode().strip()

    def log(self, device: str, *, by: str = "") -> list[Received]:
        """Every configuration line that the device received, refused ones too; ``by``: of one login name only.

        Lines of an injected fault are by `fault`.
        """
        received = self.live.received.get(self._device(device).name, [])
        return [entry for entry in received if by in ("", entry.by)]

    def config(self, device: str) -> str:
        """The running configuration as the device would show it."""
        node = self.live.model.node(device)
        return self._answer(node.name, "show running-config")

    def _answer(self, device: str, command: str) -> str:
        shell = self._devices[device].shell("console")
        shell.privileged = True
        return shell.answer(command)

    def view(self, device: str) -> View:
        """What the device can say."""
        return View(self.live, self._device(device).name)

    def inject(self, fault: str, *, device: str = "", target: str = "", at: str = "") -> Breakage:
        """Breaks the network; gives the fault with its label and its alert. Raises as ``breakage``."""
        made = breakage(self.live, fault, device, target, at)
        made.inject(self.live)
        self._faults.append(made)
        return made

    def heal(self) -> None:
        """Everything as it was before the first fault that is still there."""
        while self._faults:
            self._faults.pop().heal(self.live)

    def showing(self) -> list[dict[str, str]]:
        """The labels of the injected faults that show now."""
        return [fault.expect for fault in self._faults if fault.expect is not None and fault.shows(self.live)]

    def inventory_yaml(self) -> str:
        """The inventory file of this network, with the way in and the host keys."""
        access: dict[str, Any] = {
            "username": self._access.username,
            "password": self._access.password,
            "host_keys": {name: self.host_key(name) for name in self._devices},
        }
        if self._access.enable_password:
            access["enable_password"] = self._access.enable_password
        return written(inventory(self.model, {name: self.address(name) for name in self._devices}, access))

    def _device(self, name: str) -> Device:
        if name not in self._devices:
            known = ", ".join(sorted(self._devices))
            raise NotFoundError(f"no simulated device {name!r}; there are {known}", device=name)
        return self._devices[name]
