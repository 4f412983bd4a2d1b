"""The work behind ``nocmesh lab``: real routers or simulated devices, by the same words."""

import asyncio
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from nocmesh.cli.lab_rows import fault_rows, node_row
from nocmesh.cli.output import Format, put, say, show_done, show_list
from nocmesh.errors import InvalidInputError, NotFoundError, TooLateError
from nocmesh.lab import alertmanager, ending, ground, runs, simulated
from nocmesh.lab.build import build
from nocmesh.lab.graph import Graph, load_graph, named
from nocmesh.lab.lab import Lab
from nocmesh.lab.plan import Options
from nocmesh.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What `lab up` was asked for."""

    name: str
    graph: Path | None
    options: dict[str, Any] = field(default_factory=dict)
    """Those given; the others have their defaults."""
    alertmanager: str | None = None
    inventory_out: Path | None = None
    simulated: bool = False
    wait: bool = True
    form: Format = Format.TABLE


def root() -> Path:
    """Where labs are kept."""
    return Settings().labs or runs.labs_folder()


async def up(wish: Wish) -> None:
    """Bring a lab up. Raises: NocmeshError of the kind that the message tells."""
    if bool(wish.name) == bool(wish.graph):
        raise InvalidInputError("give a topology's name or --graph FILE, one of them; see `nocmesh lab topologies`")
    _end_on_signals()
    reason = "asked for" if wish.simulated else ground.unavailable()
    if reason:
        await _up_simulated(wish, reason)
    else:
        await _up_real(wish)


def _end_on_signals() -> None:
    """SIGTERM ends us as Ctrl-C does: what was made is unmade."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


async def _up_real(wish: Wish) -> None:
    options = _options(wish.options)
    graph: Graph = load_graph(wish.graph) if wish.graph else named(wish.name, options)
    plan = build(graph, options)
    began = time.monotonic()
    lab = await Lab.up(plan, root=root(), tell=say)
    url = await alertmanager.start(lab.folder, wish.alertmanager) if wish.alertmanager else ""
    if wish.wait:
        say("waiting until it has converged")
        await _converged(lab)
    if wish.inventory_out:
        lab.write_inventory(wish.inventory_out)
    seconds = round(time.monotonic() - began, 1)
    said = "converged" if wish.wait else "up"
    say(f"lab {lab.run_id} is {said} after {seconds:g} s; {_way_in(lab)}")
    _show_up(wish, lab.run_id, plan.topology, lab.folder, url, seconds)


async def _converged(lab: Lab) -> None:
    try:
        await lab.converged()
    except TooLateError as late:
        raise TooLateError(f"{late.message}\nit stays up: `nocmesh lab status {lab.run_id}`") from late


def _way_in(lab: Lab) -> str:
    first = lab.plan.nodes[0]
    return f"sign in with: ssh -F {lab.folder / 'ssh_config'} {first.name}"


def _options(given: dict[str, Any]) -> Options:
    try:
        return msgspec.convert(given, Options)
    except msgspec.ValidationError as error:
        known = "igp: ospf, isis; bgp: none, ibgp_rr, ebgp"
        raise InvalidInputError(f"an option is wrong: {error}; {known}") from error


async def _up_simulated(wish: Wish, reason: str) -> None:
    say(f"devices are simulated: {reason}")
    simulated.refuse({**wish.options, "graph": wish.graph})
    began = time.monotonic()
    folder = await simulated.up(wish.name, root(), say)
    url = await alertmanager.start(folder, wish.alertmanager) if wish.alertmanager else ""
    if wish.inventory_out:
        wish.inventory_out.touch(mode=0o600)
        wish.inventory_out.write_text((folder / simulated.INVENTORY).read_text("utf-8"), "utf-8")
    _show_up(wish, folder.name, wish.name, folder, url, round(time.monotonic() - began, 1))


def _show_up(wish: Wish, run_id: str, topology: str, folder: Path, url: str, seconds: float) -> None:
    value = {
        "run_id": run_id,
        "topology": topology,
        "simulated": runs.run_at(folder).simulated,
        "inventory": str(wish.inventory_out or folder / simulated.INVENTORY),
        "alertmanager": url,
        "seconds": seconds,
    }
    show_done(value, "run_id", wish.form)


async def down(run_id: str | None, everything: bool, form: Format) -> None:
    """Take labs down."""
    if everything and run_id:
        raise InvalidInputError("give a lab or --all, not both")
    ended = await ending.down_all(root(), say) if everything else [await ending.down(root(), run_id, say)]
    show_list([{"run_id": one} for one in ended], ["run_id"], "run_id", form)


async def status(run_id: str | None, form: Format) -> int:
    """Print how a lab is; gives the exit code."""
    folder = runs.found(root(), run_id)
    if runs.run_at(folder).simulated:
        return await _simulated_status(folder, form)
    state = await Lab.open(run_id, root=root()).status()
    rows = [node_row(node) for node in state.nodes]
    show_list(rows, ["node", "kind", "neighbours", "sessions", "routes", "daemons", "state"], "node", form)
    say(f"lab {state.run_id}, {state.topology}: {'converged' if state.converged else 'not converged'}")
    return 0 if state.converged else 1


async def _simulated_status(folder: Path, form: Format) -> int:
    sessions = (await simulated.ask(folder, do="sessions"))["sessions"]
    say(f"lab {folder.name}: simulated devices")
    rows = [{**session, "session": f"{session['device']}-{session['neighbor']}"} for session in sessions]
    show_list(rows, ["device", "neighbor", "state"], "session", form)
    return 0 if all(str(session["state"]).lower() == "established" for session in sessions) else 1


def _params(texts: Sequence[str]) -> dict[str, str]:
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key and equals):
            raise InvalidInputError(f"--param {text[:60]!r}: expected KEY=VALUE")
        found[key] = value
    return found


async def inject(
    run_id: str | None, fault: str, at: str, params: Sequence[str], *, alert: bool, wait: bool, form: Format
) -> None:
    """Break something; with `alert` the lab's Alertmanager is told."""
    folder = runs.found(root(), run_id)
    values = _params(params)
    if alert:
        alertmanager.address(folder)  # known before anything is broken
    done = (
        await _inject_simulated(folder, fault, at, values)
        if runs.run_at(folder).simulated
        else await _inject_real(Lab.open(run_id, root=root()), fault, at, values, wait)
    )
    if alert:
        await alertmanager.post(folder, done.pop("alert"))
        say("alert posted")
    done.pop("alert", None)
    show_done(done, "resource", form)


async def _inject_real(lab: Lab, fault: str, at: str, params: dict[str, str], wait: bool) -> dict[str, Any]:
    from nocmesh.lab.faults import alerts, injecting

    made = await injecting.inject(lab, fault, at, params)
    say(made.injection.summary)
    shows = await injecting.showing(lab, made) if wait else None
    if shows is False:
        say("it does not show; `nocmesh lab heal` undoes it")
    return {**made.label, "params": made.params, "shows": shows, "alert": alerts.alert_of(lab.plan, made)}


async def _inject_simulated(folder: Path, fault: str, at: str, params: dict[str, str]) -> dict[str, Any]:
    if params:
        raise InvalidInputError(f"simulated devices take no --param (given: {', '.join(params)}); leave them out")
    answer = await simulated.ask(folder, do="inject", fault=fault, at=at)
    expect = answer.get("expect") or {"resource": at, "fault_type": fault}
    return {**expect, "shows": answer["shows"], "alert": answer["alert"]}


async def heal(run_id: str | None, form: Format) -> None:
    """Undo all that was injected, and what else differs."""
    folder = runs.found(root(), run_id)
    if runs.run_at(folder).simulated:
        await simulated.ask(folder, do="heal")
        healed = []
    else:
        from nocmesh.lab.faults.injecting import heal as work

        lab = Lab.open(run_id, root=root())
        healed = [fault.label for fault in await work(lab)]
        await lab.converged()
    say(f"lab {folder.name} is as it was")
    if healed:
        show_list(healed, ["fault_type", "resource"], "resource", form)


def inventory(run_id: str | None, out: Path | None) -> None:
    """Print or write the inventory."""
    text = (runs.found(root(), run_id) / simulated.INVENTORY).read_text("utf-8")
    if out is None:
        put(text.rstrip())
    else:
        out.touch(mode=0o600)
        out.write_text(text, "utf-8")


async def faults(run_id: str | None, form: Format) -> None:
    """Print what can be broken; on a lab that is up, where."""
    try:
        folder = runs.found(root(), run_id)
    except NotFoundError:
        if run_id:
            raise
        folder = None
    if folder is not None and runs.run_at(folder).simulated:
        known = (await simulated.ask(folder, do="faults"))["faults"]
        show_list([{"fault_type": name} for name in known], ["fault_type"], "fault_type", form)
        return
    plan = runs.read(folder)[1] if folder is not None else None
    show_list(fault_rows(plan), ["fault_type", *(["fits", "first"] if plan else [])], "fault_type", form)
