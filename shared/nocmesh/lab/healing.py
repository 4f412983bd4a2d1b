"""A lab measured against its own healthy state, and brought back to it, whatever happened to it meanwhile."""

import asyncio
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nocmesh.errors import DeviceError, PreconditionError
from nocmesh.lab import ground, mending, patch, pristine, scripts
from nocmesh.lab.patch import PATCH
from nocmesh.lab.plan import Cable
from nocmesh.lab.pristine import State
from nocmesh.lab.process import each
from nocmesh.lab.render import daemons, frr_conf
from nocmesh.log import logger

if TYPE_CHECKING:
    from nocmesh.lab.lab import Lab

FILE = "pristine.json"
LOOK_AGAIN = 0.1
START_SECONDS = 10.0


async def remember(lab: "Lab") -> None:
    """Take the snapshot that deviations are measured against, and keep it in the run's folder."""
    states = await _states(lab)
    _file(lab).write_bytes(msgspec.json.encode(states))


def remembered(lab: "Lab") -> bool:
    """True: there is a snapshot."""
    return _file(lab).exists()


def _file(lab: "Lab") -> Path:
    return lab.folder / FILE


def _healthy(lab: "Lab") -> dict[str, State]:
    if not remembered(lab):
        raise PreconditionError(f"lab {lab.run_id} has not converged yet; wait for it: `nocmesh lab status`")
    return msgspec.json.decode(_file(lab).read_bytes(), type=dict[str, State])


async def _states(lab: "Lab") -> dict[str, State]:
    names = [*(node.name for node in lab.plan.nodes), PATCH]
    states = await each(_state(lab, name) for name in names)
    return dict(zip(names, states, strict=True))


async def _state(lab: "Lab", name: str) -> State:
    script = pristine.looking(lab.plan.node(name), lab.names)
    text = (await lab.exec(name, "sh", "-c", script, check=False)).stdout
    try:
        return pristine.state(text)
    except (ValueError, KeyError, TypeError) as error:
        raise DeviceError(f"{name}: its state cannot be read ({error}); look at {lab.folder}", device=name) from error


async def deviations(lab: "Lab") -> dict[str, list[str]]:
    """What differs from the healthy state, by node; a node without differences is not listed."""
    healthy, now = _healthy(lab), await _states(lab)
    found = {name: mending.deviations(healthy[name], state) for name, state in now.items()}
    return {name: lines for name, lines in found.items() if lines}


async def reset(lab: "Lab", name: str) -> None:
    """Bring one node back. Raises: DeviceError with what still differs."""
    healthy = _healthy(lab)[name]
    for gone in mending.rewired(healthy, await _state(lab, name)):
        await _rewire(lab, name, gone)
    now = await _state(lab, name)
    await _mend(lab, name, mending.mending(healthy, now))
    if name != PATCH:
        await _serve(lab, name, healthy, now)
    left = await _settled(lab, name, healthy)
    if left:
        raise DeviceError(f"{name} still differs after its reset: {'; '.join(left[:5])}", device=name)


async def _settled(lab: "Lab", name: str, healthy: State) -> list[str]:
    """What differs, once that is nothing or time is up: daemons take a moment to read their configuration."""
    clock = asyncio.get_running_loop()
    limit = clock.time() + START_SECONDS
    while True:
        now = await _state(lab, name)
        left = mending.deviations(healthy, now)
        if not left or clock.time() > limit:
            return left
        await _mend(lab, name, mending.mending(healthy, now))
        await asyncio.sleep(LOOK_AGAIN)


async def _mend(lab: "Lab", name: str, lines: list[str]) -> None:
    """All lines in one shell; what one of them says is logged, and the state afterwards decides."""
    if not lines:
        return
    done = await lab.exec(name, "sh", stdin="\n".join(lines) + "\n", check=False)
    if done.stderr.strip():
        logger().debug("mending_said", node=name, said=done.stderr.strip()[:500])


async def _rewire(lab: "Lab", node: str, interface: str) -> None:
    """A cable's end that is gone: a new pair of interfaces, joined to the same wire (both of one pair go together)."""
    cable, end = _cable(lab, node, interface)
    if cable is None:
        return
    here = patch.wire(lab.plan, cable)
    side = here.facing(cable, end)
    owner, _, port = end.partition(":")
    near = f"{port} netns {lab.names.namespace(owner)}"
    far = f"{side} netns {lab.names.namespace(PATCH)}"
    await ground.must("ip", "-batch", "-", stdin=f"link add {near} type veth peer name {far}\n")
    await lab.exec(PATCH, "ip", "link", "set", side, "mtu", str(patch.WIRE_MTU), "master", here.bridge, "up")


def _cable(lab: "Lab", node: str, interface: str) -> tuple[Cable | None, str]:
    for cable in lab.plan.cables:
        here = patch.wire(lab.plan, cable)
        for end in (cable.a, cable.b):
            if end == f"{node}:{interface}" or (node == PATCH and here.facing(cable, end) == interface):
                return cable, end
    return None, ""


async def _serve(lab: "Lab", name: str, healthy: State, now: State) -> None:
    """The node's services run with its own configuration again."""
    node = lab.node(name)
    if node.kind == "router" and mending.restart_needed(healthy, now):
        for daemon in reversed(daemons(lab.plan, node)):
            await lab.stop_daemon(name, daemon)
        text = frr_conf(lab.plan, node, str(lab.names.state(name) / "frr.log"))
        ground.given(lab.names.config(name) / "frr.conf", text)
        starts = [scripts.daemon(lab.names, node, daemon) for daemon in daemons(lab.plan, node)]
        starts.append(f"vtysh -N {shlex.quote(lab.names.namespace(name))} -b")
        await lab.exec(name, "sh", "-ec", "\n".join(starts) + "\n")
    own = ground.node_folder(lab.folder, name)
    for command, start in scripts.services(node, own).items():
        if command in healthy.processes and command not in now.processes:
            await lab.exec(name, "sh", "-c", start)
