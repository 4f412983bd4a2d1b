"""HashiCorp Vault, read: one secret of a key/value engine of version 2, with a token or an AppRole.

The HTTP API as Vault documents it (`/v1/<mount>/data/<path>`, `/v1/auth/approle/login`). Nothing is ever written there.
"""

import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from nocmesh.errors import DeniedError, InvalidInputError, NocmeshError, NotFoundError, PreconditionError
from nocmesh.privatefile import read_bounded
from nocmesh.settings import Settings
from nocmesh.web import OK, Advice, Web, plain

SECONDS = 10.0
MOST_BYTES = 4 * 1024 * 1024
"""Of an answer; Vault itself keeps no secret of more than one megabyte unless it is told to."""
SPENT = 0.8
"""Of its time, after which a token is not used any more."""


class Vault:
    """A Vault; its token is kept until it runs out or is refused."""

    def __init__(self, settings: Settings) -> None:
        """Raises PreconditionError where no address is set, or neither a token nor an AppRole is."""
        if not settings.vault_url:
            raise PreconditionError("the inventory names a secret in Vault, and VAULT_ADDR is not set")
        self._url = settings.vault_url
        self._settings = settings
        self._guard = threading.Lock()
        self._token = ""
        self._until = 0.0

    def get(self, mount: str, path: str) -> dict[str, str]:
        """The keys and values of the newest version of a secret; values that are no text are left out.

        Raises DeniedError, NotFoundError, TooLateError, PreconditionError, InvalidInputError; none repeats a value.
        """
        where = f"/v1/{_quoted(mount)}/data/{_quoted(path)}"
        token = self._signed_in()
        status, data = self._asked("GET", where, token)
        if status == 403 and self._by_role():  # it may have been revoked: a new one is asked for, once
            status, data = self._asked("GET", where, self._signed_in(refused=token))
        if status != OK:
            raise _refused(f"{self._url}{where}", status, data)
        found = _within(data, "data", "data")
        if not isinstance(found, dict):
            raise _not_vault(f"{self._url}{where}")
        return {str(key): value for key, value in found.items() if isinstance(value, str)}

    def _by_role(self) -> bool:
        return bool(self._settings.vault_role_id)

    def _signed_in(self, refused: str = "") -> str:
        """A token, other than the one that was ``refused``; several ask at once, and one of them signs in."""
        if not self._by_role():
            return self._given("vault_token", "VAULT_TOKEN, or NOCMESH_VAULT_TOKEN_FILE to a file that holds it")
        with self._guard:
            if self._token in ("", refused) or time.monotonic() > self._until:
                self._sign_in()
            return self._token

    def _sign_in(self) -> None:
        secret = self._given("vault_secret_id", "VAULT_SECRET_ID, or NOCMESH_VAULT_SECRET_ID_FILE to a file with it")
        where = f"/v1/auth/{_quoted(self._settings.vault_role_mount)}/login"
        body = {"role_id": self._settings.vault_role_id, "secret_id": secret}
        status, data = self._asked("POST", where, "", body)
        if status in (400, 403):
            told = "refuses the AppRole; check VAULT_ROLE_ID and VAULT_SECRET_ID, which may have run out"
            raise DeniedError(f"{self._url}{where}: {told}")
        token, seconds = _within(data, "auth", "client_token"), _within(data, "auth", "lease_duration")
        if status != OK:
            raise _refused(f"{self._url}{where}", status, data)
        if not isinstance(token, str) or not isinstance(seconds, int):
            raise _not_vault(f"{self._url}{where}")
        self._token = token
        self._until = time.monotonic() + SPENT * seconds if seconds else float("inf")

    def _given(self, name: str, remedy: str) -> str:
        """A secret of the settings, or of the file that they name. Raises PreconditionError."""
        value, file = getattr(self._settings, name), getattr(self._settings, f"{name}_file")
        found = value.get_secret_value() if value else _read(file) if file else ""
        if not found or not found.isascii() or not found.isprintable():
            raise PreconditionError(f"{self._url}: nothing to sign in to Vault with; set {remedy}")
        return str(found)

    def _asked(self, method: str, path: str, token: str, body: Any = None) -> tuple[int, Any]:
        settings = self._settings
        headers = {"Accept": "application/json", "X-Vault-Request": "true"}
        headers |= {"X-Vault-Token": token} if token else {}
        headers |= {"X-Vault-Namespace": settings.vault_namespace} if settings.vault_namespace else {}
        ca_file = str(settings.vault_ca_file or "")
        advice = Advice(settings="VAULT_ADDR or VAULT_CACERT")
        with Web(self._url, headers, advice, ca_file=ca_file, seconds=SECONDS, most=MOST_BYTES) as web:
            status, raw = web.ask(method, path, (), body)
        try:
            return status, plain(raw)
        except ValueError:
            return status, None


def _read(path: Path) -> str:
    try:
        return read_bounded(path).decode().strip()
    except (FileNotFoundError, UnicodeDecodeError):
        raise PreconditionError(f"{path}: cannot be read; it should hold what Vault gave to sign in with") from None


def _quoted(path: str) -> str:
    """A path as one of an address: no part of it leads anywhere else. Raises InvalidInputError."""
    parts = path.strip("/").split("/")
    if not all(parts) or {".", ".."} & set(parts):
        raise InvalidInputError(f"{path!r} is no path in Vault; expected one such as network/core", field="vault.path")
    return "/".join(quote(part, safe="") for part in parts)


def _within(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _refused(where: str, status: int, data: Any) -> NocmeshError:
    """What a status other than 200 means to who asked."""
    errors = _within(data, "errors")
    said = f": {' '.join(str(errors[0]).split())[:200]}" if isinstance(errors, list) and errors else ""
    if status in (401, 403):
        return DeniedError(f"{where}: Vault refuses the token ({status}{said}); give one whose policy may read it")
    if status == 404 and _within(data, "data", "metadata") is not None:
        return NotFoundError(f"{where}: its newest version was deleted (404); put one in, or undelete it")
    if status == 404:
        return NotFoundError(f"{where}: Vault has nothing there (404); check mount and path, without `data/`")
    if status == 503:
        return PreconditionError(f"{where}: Vault is sealed or not ready ({status}{said}); unseal it")
    if 300 <= status < 400:
        return PreconditionError(f"{where}: is somewhere else ({status}); name the active Vault in VAULT_ADDR")
    return PreconditionError(f"{where}: Vault answers {status}{said}; look at its log, then try again")


def _not_vault(where: str) -> InvalidInputError:
    return InvalidInputError(
        f"{where}: answers, but not as a key/value engine of version 2 does; check VAULT_ADDR and the mount's version"
    )
