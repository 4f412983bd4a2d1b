"""A real Prometheus Alertmanager beside a lab: alerts that are posted to it arrive at the mesh as any others do.

It runs in the root namespace, on free ports, without a cluster; its files lie in the run's folder.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from nocmesh.errors import PreconditionError, TooLateError
from nocmesh.lab.process import ran
from nocmesh.yamlfile import dumped

PROGRAMS = ("prometheus-alertmanager", "alertmanager")
FOLDER = "alertmanager"
START_SECONDS, STOP_SECONDS, ANSWER_SECONDS = 30.0, 10.0, 5.0
LOOK_AGAIN = 0.05


def config(webhook: str) -> str:
    """Its configuration: every alert goes to `webhook` at once, alone, and again when it is resolved."""
    route = {
        "receiver": "mesh",
        "group_by": ["..."],
        "group_wait": "0s",
        "group_interval": "1s",
        "repeat_interval": "4h",
    }
    receiver = {"name": "mesh", "webhook_configs": [{"url": webhook, "send_resolved": True, "max_alerts": 0}]}
    return dumped({"route": route, "receivers": [receiver]})


async def start(folder: Path, webhook: str) -> str:
    """Start one for the lab whose run lies in `folder`; gives its address. Raises: PreconditionError, TooLateError."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), "")
    if not program:
        raise PreconditionError("there is no Alertmanager here; install prometheus-alertmanager, or leave it out")
    own = folder / FOLDER
    own.mkdir(mode=0o700)
    (own / "alertmanager.yml").write_text(config(webhook), "utf-8")
    url = f"http://127.0.0.1:{_free_port()}"
    (own / "url").write_text(url, "utf-8")
    arguments = [
        f"--config.file={own / 'alertmanager.yml'}",
        f"--storage.path={own / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--cluster.listen-address=",
    ]
    script = 'echo $$ > "$0/pid"; exec "$@" < /dev/null > "$0/log" 2>&1'
    await ran("setsid", "--fork", "sh", "-c", script, str(own), program, *arguments)
    await _ready(url, own)
    return url


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _ready(url: str, own: Path) -> None:
    try:
        async with asyncio.timeout(START_SECONDS):
            while await asyncio.to_thread(_asked, f"{url}/-/ready") != 200:  # noqa: ASYNC110 - another process
                await asyncio.sleep(LOOK_AGAIN)
    except TimeoutError as late:
        raise TooLateError(f"Alertmanager did not start within {START_SECONDS:g} s; see {own / 'log'}") from late


def _asked(url: str, body: bytes | None = None) -> int:
    """The status that it answers with; 0: nobody answers."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})  # noqa: S310 - ours, http
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=ANSWER_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
    except OSError:
        return 0


def address(folder: Path) -> str:
    """Where the lab's Alertmanager listens. Raises: PreconditionError when it has none."""
    path = folder / FOLDER / "url"
    if not path.exists():
        raise PreconditionError("this lab has no Alertmanager; bring it up with `--alertmanager WEBHOOK_URL`")
    return path.read_text("utf-8")


async def post(folder: Path, body: dict[str, Any]) -> None:
    """Post the alerts of a webhook body, as Prometheus would: they start now. Raises: PreconditionError."""
    alerts = [{"labels": alert["labels"], "annotations": alert.get("annotations", {})} for alert in body["alerts"]]
    url = address(folder)
    status = await asyncio.to_thread(_asked, f"{url}/api/v2/alerts", json.dumps(alerts).encode())
    if status == 0:
        raise PreconditionError(f"Alertmanager at {url} does not answer; take the lab down and up again")
    if status != 200:
        raise PreconditionError(f"Alertmanager at {url} refused the alert ({status}); see {folder / FOLDER / 'log'}")


async def stop(folder: Path) -> None:
    """Stop it; none is no error. Raises: TooLateError."""
    own = folder / FOLDER
    pid = _pid(own)
    if not pid:
        return
    os.kill(pid, signal.SIGKILL)
    try:
        async with asyncio.timeout(STOP_SECONDS):
            while _pid(own):  # noqa: ASYNC110 - another process
                await asyncio.sleep(LOOK_AGAIN)
    except TimeoutError as late:
        raise TooLateError(f"Alertmanager, process {pid}, does not end") from late


def _pid(own: Path) -> int:
    """Its process id, when that process is still the one that was started here; else 0."""
    try:
        pid = int((own / "pid").read_text("ascii"))
        command = (Path("/proc") / str(pid) / "cmdline").read_bytes()
    except (OSError, ValueError):
        return 0
    return pid if str(own).encode() in command else 0
