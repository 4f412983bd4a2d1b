"""Making a lab on this machine, and unmaking all of it, however much of it there is."""

import asyncio
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from nocmesh.errors import PreconditionError, TooLateError
from nocmesh.lab import inside, scripts
from nocmesh.lab.names import FRR_CONFIG, FRR_STATE, LINKS, NAMESPACES, Names, run_of
from nocmesh.lab.patch import PATCH
from nocmesh.lab.plan import LabPlan, Node
from nocmesh.lab.process import Ran, each, ran
from nocmesh.lab.render import frr_conf

Tell = Callable[[str], None]
LOOK_AGAIN = 0.02
BIRTH_SECONDS = 20.0
DEATH_SECONDS = 60.0
START_SECONDS = 60.0
_PROGRAMS = {
    "ip": "iproute2",
    "bridge": "iproute2",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "vtysh": "frr",
    "/usr/lib/frr/zebra": "frr",
    "/usr/lib/x86_64-linux-gnu/frr/modules/zebra_snmp.so": "frr-snmp",
    "/usr/sbin/sshd": "openssh-server",
    "ssh-keygen": "openssh-client",
    "/usr/sbin/snmpd": "snmpd",
    "ping": "iputils-ping",
    "nft": "nftables",
}
"""What a lab needs, and the Debian package that brings it."""


def unavailable() -> str:
    """Why this machine cannot carry real routers; empty: it can."""
    if sys.platform != "linux":
        return f"real routers need Linux, and this is {sys.platform}"
    if os.geteuid() != 0:
        return "real routers need root"
    missing = sorted({package for program, package in _PROGRAMS.items() if not _there(program)})
    return f"real routers need packages that are not installed: {', '.join(missing)}" if missing else ""


def _there(program: str) -> bool:
    if program.startswith("/usr/lib/x86_64"):
        return any(Path("/usr/lib").glob("*/frr/modules/zebra_snmp.so"))
    return bool(shutil.which(program)) or Path(program).exists()


def node_folder(folder: Path, node: str) -> Path:
    """Where the run keeps the files of a node."""
    return folder / "nodes" / node


async def make(plan: LabPlan, names: Names, folder: Path, tell: Tell) -> None:
    """Bring up namespaces, cables and nodes. Raises: PreconditionError with what the machine said."""
    write_files(plan, names, folder)
    await _keys(plan, folder)
    tell(f"{len(plan.nodes)} nodes, {len(plan.cables)} cables")
    await _ip(scripts.making(plan, names))
    await _ip(scripts.patching(plan), names.namespace(PATCH))
    inits = await _born(plan, names, folder)
    tell("starting daemons")
    await each(start_node(inits[node.name], folder, node.name) for node in plan.nodes)


def write_files(plan: LabPlan, names: Names, folder: Path) -> None:
    """All files of all nodes."""
    init = folder / "init.sh"
    init.write_text(scripts.INIT, "utf-8")
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's own, that its service makes at boot
    for node in plan.nodes:
        own = node_folder(folder, node.name)
        own.mkdir(parents=True)
        files = {
            "start.sh": scripts.start(plan, node, names, own),
            "sshd_config": scripts.sshd_config(node, own, folder / f"{scripts.KEY_FILE}.pub"),
            "snmpd.conf": scripts.snmpd_conf(names, node),
            "cli.sh": scripts.cli_script(names, node),
            "shell.sh": scripts.shell_script(),
        }
        for name, text in files.items():
            (own / name).write_text(text, "utf-8")
            if name.endswith(".sh"):
                (own / name).chmod(0o700)
        if node.kind == "router":
            _write_frr(plan, names, node)


def _write_frr(plan: LabPlan, names: Names, node: Node) -> None:
    config, state = names.config(node.name), names.state(node.name)
    log_file = state / "frr.log"
    for place in (config, state, config / scripts.SNMP_FOLDER):
        place.mkdir(mode=0o750)
        shutil.chown(place, "frr", "frr")
    given(log_file, "")
    given(config / "frr.conf", frr_conf(plan, node, str(log_file)))
    given(config / "vtysh.conf", "service integrated-vtysh-config\n")
    given(config / scripts.SNMP_FOLDER / "frr.conf", f"agentXSocket {scripts.agentx(names, node)}\n")


def given(path: Path, text: str) -> None:
    """A file of the user frr's own."""
    path.write_text(text, "utf-8")
    path.chmod(0o640)
    shutil.chown(path, "frr", "frr")


async def _keys(plan: LabPlan, folder: Path) -> None:
    targets = [(folder / scripts.KEY_FILE, "nocmesh lab")]
    targets += [(node_folder(folder, node.name) / "host_key", node.name) for node in plan.nodes]
    await each(_key(path, comment) for path, comment in targets)


async def _key(path: Path, comment: str) -> None:
    await must("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path))


async def _ip(lines: Sequence[str], namespace: str = "") -> None:
    inside_of = ["-n", namespace] if namespace else []
    await must("ip", *inside_of, "-batch", "-", stdin="\n".join(lines) + "\n", timeout=START_SECONDS)


async def must(*argv: str, stdin: str = "", timeout: float = 20.0) -> Ran:
    """Run it; it dies with us. Raises: PreconditionError with what it said when it failed."""
    done = await ran("setpriv", "--pdeathsig", "KILL", *argv, stdin=stdin, timeout=timeout)
    if done.code:
        raise PreconditionError(f"`{' '.join(argv)[:200]}` failed ({done.code}): {done.stderr.strip()[:1000]}")
    return done


async def _born(plan: LabPlan, names: Names, folder: Path) -> dict[str, int]:
    """Start every node's first process; gives their process ids. Raises: TooLateError."""
    ready = {node.name: node_folder(folder, node.name) / "ready" for node in plan.nodes}
    await each(
        must(*scripts.birth(names, node, folder / "init.sh", ready[node.name]), timeout=BIRTH_SECONDS)
        for node in plan.nodes
    )
    try:
        async with asyncio.timeout(BIRTH_SECONDS):
            for path in ready.values():
                while not path.exists():  # noqa: ASYNC110 - a file of another process
                    await asyncio.sleep(LOOK_AGAIN)
    except TimeoutError as late:
        missing = ", ".join(name for name, path in ready.items() if not path.exists())
        raise TooLateError(f"no first process within {BIRTH_SECONDS:g} s: {missing}") from late
    return first_processes(plan, names)


def first_processes(plan: LabPlan, names: Names) -> dict[str, int]:
    """Node by node, the process id of its first process; 0: it is not running."""
    by_network = inside.processes()
    return {
        node.name: inside.first_process(by_network.get(inside.network_id(names.namespace(node.name)), []))
        for node in plan.nodes
    }


def entering(init: int) -> list[str]:
    """The command prefix that runs something inside a node."""
    return ["nsenter", "--target", str(init), "--net", "--uts", "--pid", "--mount"]


async def start_node(init: int, folder: Path, node: str) -> None:
    """Run a node's start script inside it. Raises: PreconditionError with what it said."""
    own = node_folder(folder, node)
    log = own / "start.log"
    script = f"exec sh {own}/start.sh > {log} 2>&1"
    done = await ran(*entering(init), "sh", "-c", script, timeout=START_SECONDS)
    if done.code:
        said = log.read_text("utf-8", "replace").strip()[-1000:] if log.exists() else done.stderr
        raise PreconditionError(f"{node} did not start ({done.code}): {said}")


async def unmake(run_id: str) -> None:
    """End every process and remove every namespace, link and folder that carries the run's id; none is no error.

    Raises: TooLateError when something of it cannot be ended.
    """
    try:
        async with asyncio.timeout(DEATH_SECONDS):
            await _swept(run_id)
    except TimeoutError as late:
        raise TooLateError(f"lab {run_id} does not end within {DEATH_SECONDS:g} s; see `ip netns` and `ps`") from late
    for place in (FRR_CONFIG, FRR_STATE):
        for name in _named(place, run_id):
            shutil.rmtree(place / name)


def _named(place: Path, run_id: str) -> list[str]:
    names = [entry.name for entry in place.iterdir()] if place.is_dir() else []
    return sorted(name for name in names if run_of(name) == run_id)


async def _swept(run_id: str) -> None:
    """Sweep until nothing is found twice: what a killed command had begun may just be finishing."""
    inodes: set[int] = set()
    clean = 0
    while clean < 2:
        spaces, links = _named(NAMESPACES, run_id), _named(LINKS, run_id)
        inodes |= {inode for name in spaces if (inode := inside.network_id(name))}
        ended = await _kill_all(inodes)
        await _remove([f"link del {name}" for name in sorted(links, key=len, reverse=True)])
        await _remove([f"netns del {name}" for name in spaces])
        clean = 0 if spaces or links or ended else clean + 1
        await asyncio.sleep(LOOK_AGAIN)


async def _kill_all(inodes: set[int]) -> bool:
    """End the processes of those networks; gives whether there were any."""
    found = False
    while pids := [pid for inode, group in inside.processes().items() if inode in inodes for pid in group]:
        found = True
        inside.kill(pids)
        await asyncio.sleep(LOOK_AGAIN)
    return found


async def _remove(lines: list[str]) -> None:
    """Lines for `ip`; what is gone already is no error (`-force` goes on after one)."""
    if lines:
        await ran("ip", "-force", "-batch", "-", stdin="\n".join(lines) + "\n", timeout=START_SECONDS)
