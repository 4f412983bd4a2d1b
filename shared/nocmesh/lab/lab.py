"""A running lab: its nodes are asked, configured, damaged and healed through it."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

from nocmesh.errors import DeviceError, DeviceRejectedError, NotFoundError, PreconditionError, TooLateError
from nocmesh.lab import alertmanager, ground, healing, inventory, runs, scripts, status
from nocmesh.lab.ground import Tell
from nocmesh.lab.names import Names
from nocmesh.lab.patch import PATCH
from nocmesh.lab.plan import LabPlan, Node
from nocmesh.lab.process import Ran, each, ran
from nocmesh.lab.render import daemons
from nocmesh.lab.status import LabStatus, NodeStatus
from nocmesh.yamlfile import nearest

LOOK_AGAIN = 0.5
CONVERGE_SECONDS = 60.0
STOP_SECONDS = 10.0


def _silent(_: str) -> None:
    """Tell nobody."""


class Lab:
    """One lab. Make it with `up`, come back to it with `open`."""

    def __init__(self, run_id: str, plan: LabPlan, folder: Path) -> None:
        self.run_id = run_id
        self.plan = plan
        self.folder = folder
        self.names = Names(run_id)
        self._inits: dict[str, int] = {}

    @classmethod
    async def up(cls, plan: LabPlan, *, root: Path | None = None, tell: Tell = _silent) -> "Lab":
        """Make a lab of `plan` in the labs folder `root`; what was made is unmade when that fails.

        It has not converged yet (`converged`). Raises: PreconditionError with what the machine lacks or said.
        """
        reason = ground.unavailable()
        if reason:
            raise PreconditionError(f"{reason}; or use simulated devices: `nocmesh lab up --simulated`")
        run, placed, folder = runs.claim(root or runs.labs_folder(), plan)
        lab = cls(run.run_id, placed, folder)
        tell(f"lab {run.run_id}: {plan.topology}")
        try:
            await ground.make(placed, lab.names, folder, tell)
            lab.write_inventory(folder / "inventory.yaml")
            (folder / inventory.SSH_CONFIG).write_text(inventory.ssh_config(placed, folder), "utf-8")
            (folder / inventory.KNOWN_HOSTS).write_text(inventory.known_hosts(placed, folder), "utf-8")
        except BaseException:
            await asyncio.shield(lab.down())
            raise
        return lab

    @classmethod
    def open(cls, run_id: str | None = None, *, root: Path | None = None) -> "Lab":
        """The lab of that id; without id the only one. Raises: NotFoundError, PreconditionError (damaged)."""
        folder = runs.found(root or runs.labs_folder(), run_id)
        if runs.run_at(folder).simulated:
            raise PreconditionError(f"lab {folder.name} is simulated; it has no real routers to enter")
        run, plan = runs.read(folder)
        return cls(run.run_id, plan, folder)

    async def down(self) -> None:
        """End and remove all of it."""
        await alertmanager.stop(self.folder)
        await ground.unmake(self.run_id)
        runs.forget(self.run_id, self.folder)

    async def exec(self, node: str, *argv: str, stdin: str = "", check: bool = True, timeout: float = 20.0) -> Ran:
        """Run a command inside a node (or the patch room).

        With `check` a failure raises DeviceError with what it said. Raises: NotFoundError, DeviceTimeoutError.
        """
        done = await ran(*self._entering(node), *argv, stdin=stdin, timeout=timeout)
        if check and done.code:
            said = (done.stderr.strip() or done.stdout.strip())[:500]
            raise DeviceError(f"{node}: `{' '.join(argv)[:200]}` failed ({done.code}): {said}", device=node)
        return done

    def _entering(self, node: str) -> list[str]:
        if node == PATCH:
            return ["ip", "netns", "exec", self.names.namespace(PATCH)]
        self.node(node)
        if not self._inits.get(node):
            self._inits = ground.first_processes(self.plan, self.names)
        if not self._inits[node]:
            raise DeviceError(f"{node} is not running; `nocmesh lab down {self.run_id}` and up again", device=node)
        return ground.entering(self._inits[node])

    def node(self, name: str) -> Node:
        """The node of that name. Raises: NotFoundError with the nearest."""
        found = self.plan.node(name)
        if found is None:
            hint = nearest(name[:40], (node.name for node in self.plan.nodes))
            raise NotFoundError(f"lab {self.run_id} has no node {name[:40]!r}; {hint}")
        return found

    async def vtysh(self, node: str, *commands: str) -> str:
        """What the router's CLI answers to `commands`, in one session.

        Raises: DeviceRejectedError when it refuses one; DeviceError when there is no router.
        """
        if self.node(node).kind != "router":
            raise DeviceError(f"{node} is a {self.node(node).kind}; only routers have a CLI", device=node)
        asked = [part for command in commands for part in ("-c", command)]
        done = await self.exec(node, "vtysh", "-N", self.names.namespace(node), *asked, check=False)
        if done.code or _refused(done.stdout):
            said = f"{done.stdout}\n{done.stderr}".strip()
            raise DeviceRejectedError(f"{node} refused {'; '.join(commands)[:300]}: {said[:500]}", device=node)
        return done.stdout

    async def configure(self, node: str, lines: Sequence[str]) -> None:
        """Enter lines of configuration, from the top. Raises: DeviceRejectedError with the router's words."""
        await self.vtysh(node, "configure terminal", *lines)

    async def start_daemon(self, node: str, daemon: str) -> None:
        """Start one of the node's daemons or services; running: nothing happens.

        A daemon reads its part of the saved configuration.
        """
        self._known(node, daemon)
        if await self._running(node, daemon):
            return
        service = self._services(node).get(daemon)
        if service:
            await self.exec(node, "sh", "-c", service)
            return
        await self.exec(node, "sh", "-c", scripts.daemon(self.names, self.node(node), daemon))
        await self.exec(node, "vtysh", "-N", self.names.namespace(node), "-b", "-d", daemon)

    async def stop_daemon(self, node: str, daemon: str) -> None:
        """Stop one of the node's daemons or services and wait for its end. Raises: TooLateError."""
        self._known(node, daemon)
        await self.exec(node, "pkill", "-x", daemon, check=False)  # inside: it sees the node's own processes only
        await self.exec(node, "pkill", "-CONT", "-x", daemon, check=False)  # a halted one cannot end
        limit = time.monotonic() + STOP_SECONDS
        while await self._running(node, daemon):
            if time.monotonic() > limit:
                raise TooLateError(f"{node}: {daemon} did not end within {STOP_SECONDS:g} s")
            await asyncio.sleep(0.05)

    def _known(self, node: str, daemon: str) -> None:
        known = [*daemons(self.plan, self.node(node)), *self._services(node)]
        if daemon not in known:
            raise NotFoundError(f"{node} has no daemon {daemon[:40]!r}; {nearest(daemon[:40], known)}")

    def _services(self, node: str) -> dict[str, str]:
        return scripts.services(self.node(node), ground.node_folder(self.folder, node))

    async def _running(self, node: str, daemon: str) -> bool:
        return (await self.exec(node, "pgrep", "-x", daemon, check=False)).code == 0

    async def status(self) -> LabStatus:
        """How the lab is, asked from its nodes themselves."""
        nodes = await each(self._look(node) for node in self.plan.nodes)
        return LabStatus(run_id=self.run_id, topology=self.plan.topology, nodes=nodes)

    async def _look(self, node: Node) -> NodeStatus:
        wanted = status.expected(self.plan, node)
        try:
            asked = await self.exec(node.name, "sh", "-c", status.looking(self.plan, node, self.names), check=False)
        except DeviceError as error:
            return NodeStatus(
                node=node.name, kind=node.kind, expected=wanted, seen=status.Seen(), wrong=[error.message]
            )
        return status.judged(node, wanted, status.seen(self.plan, node, asked.stdout))

    async def converged(self, timeout: float = CONVERGE_SECONDS) -> LabStatus:
        """Wait until every node shows what it should. Raises: TooLateError that says what is missing."""
        limit = time.monotonic() + timeout
        while not (state := await self.status()).converged:
            if time.monotonic() > limit:
                missing = "; ".join(state.wrong[:8])
                raise TooLateError(f"lab {self.run_id} did not converge within {timeout:g} s: {missing}")
            await asyncio.sleep(LOOK_AGAIN)
        if not healing.remembered(self):
            await healing.remember(self)
        return state

    async def deviations(self) -> dict[str, list[str]]:
        """What differs from the lab's healthy state, by node (and the patch room); a healthy node is not listed.

        Raises: PreconditionError when the lab has never converged.
        """
        return await healing.deviations(self)

    async def reset(self, node: str) -> None:
        """Put a node back to its healthy state, whatever happened to it.

        Raises: DeviceError with what still differs.
        """
        await healing.reset(self, node)

    def inventory_yaml(self) -> str:
        """The inventory of this lab."""
        return inventory.inventory_yaml(self.plan, self.folder)

    def write_inventory(self, path: Path) -> None:
        """The inventory as a file, readable by its owner only; its key stays in the run's folder."""
        path.touch(mode=0o600)
        path.write_text(self.inventory_yaml(), "utf-8")


def _refused(text: str) -> bool:
    return any(line.startswith("% ") for line in text.splitlines())
