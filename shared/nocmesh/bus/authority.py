"""The authority: the secret keys of a mesh, from which servers, zones and users get theirs.

An operator; an account per zone; in each zone a signing key per role, scoped to what the role may do. A user is a key
pair with one JWT per zone; making one needs no reload of any server.
"""

import re
import time
from pathlib import Path
from typing import Any

import msgspec

from nocmesh.bus import nkey, tokens
from nocmesh.bus.credentials import Credentials
from nocmesh.bus.plan import Plan, ZonePlan, load_plan
from nocmesh.bus.rights import ROLES, Rights, rights_of, zones_of
from nocmesh.bus.trust import TrustBundle
from nocmesh.errors import InvalidInputError, NotFoundError, PreconditionError
from nocmesh.privatefile import write_secret
from nocmesh.subjects import Zone

_FILE = "authority.json"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_TYPE = re.compile(r"[a-z0-9_-]{1,32}")
_MB = 1024 * 1024
_ANSWER_SECONDS = 900
"""For so long a service may answer a request: longer than any tool may run."""
_SUBSCRIPTIONS = 200
"""Per connection; a role needs a dozen."""


class _Issued(msgspec.Struct, frozen=True, kw_only=True):
    public: str
    role: str
    type: str
    at: int


class _Secrets(msgspec.Struct, kw_only=True):
    version: int = 1
    created: int = 0
    """Dates the operator's token: a server refuses to reload a configuration whose operator changed at all."""
    operator: str
    system: str
    zones: dict[Zone, str]
    signers: dict[str, str]
    issued: dict[str, list[_Issued]] = {}
    revoked: dict[str, int] = {}


class Authority:
    """The keys of one mesh, in one folder."""

    def __init__(self, folder: Path, secrets: _Secrets) -> None:
        self.folder = folder
        self._secrets = secrets

    @classmethod
    def create(cls, folder: Path | str) -> "Authority":
        """Make the keys of a new mesh in ``folder``. Raises PreconditionError when there are keys already."""
        folder = Path(folder)
        if (folder / _FILE).exists():
            raise PreconditionError(f"{folder} already holds the keys of a mesh; open them, or choose another folder")
        zones = {zone: nkey.new_seed(nkey.ACCOUNT) for zone in Zone}
        operator, system = nkey.new_seed(nkey.OPERATOR), nkey.new_seed(nkey.ACCOUNT)
        self = cls(
            folder, _Secrets(created=int(time.time()), operator=operator, system=system, zones=zones, signers={})
        )
        self._complete()
        return self

    @classmethod
    def open(cls, folder: Path | str) -> "Authority":
        """The keys in ``folder``; a role that is new since they were made gets its signing keys now.

        Raises NotFoundError when there are none.
        """
        path = Path(folder) / _FILE
        try:
            self = cls(Path(folder), msgspec.json.decode(path.read_bytes(), type=_Secrets))
        except FileNotFoundError as error:
            raise NotFoundError(f"{folder} holds no keys of a mesh; make them with `nocmesh keys init`") from error
        except msgspec.DecodeError as error:
            raise PreconditionError(f"{path} cannot be read: {error}; restore it from a backup") from error
        self._complete()
        return self

    def issue(self, role: str, name: str, *, type: str = "", url: str = "") -> Credentials:
        """Credentials for ``name`` in ``role``; ``type`` is an agent's type. Raises InvalidInputError."""
        zones = zones_of(role)
        type = type or ("monitor" if role == "monitor" else "")
        _check(_NAME, "name", name, "letters, digits, - and _, at most 64")
        if type or role == "agent":
            _check(_TYPE, "type", type, "small letters, digits, - and _, at most 32, as `bgp`")
        seed = nkey.new_seed(nkey.USER)
        public, now = nkey.Key(seed).public, int(time.time())
        jwts = {zone: self._user(zone, role, name, type, public, now) for zone in zones}
        issued = self._secrets.issued.setdefault(name, [])
        issued.append(_Issued(public=public, role=role, type=type, at=now))
        self._save()
        return Credentials(name=name, role=role, type=type, seed=seed, jwts=jwts, trust=self.trust(), url=url)

    def revoke(self, name: str) -> list[str]:
        """Void every key that was issued to ``name``; gives their public keys.

        A running server learns it from its configuration: ``NatsServer.reload``. Raises NotFoundError.
        """
        keys = [each.public for each in self._secrets.issued.pop(name, [])]
        if not keys:
            known = ", ".join(sorted(self._secrets.issued)) or "nobody"
            raise NotFoundError(f"no key was issued to {name!r}; issued to: {known}")
        now = int(time.time())
        self._secrets.revoked.update(dict.fromkeys(keys, now))
        self._save()
        return keys

    def issued(self) -> dict[str, str]:
        """Who holds a key: name to role."""
        return {name: keys[-1].role for name, keys in self._secrets.issued.items()}

    def trust(self) -> TrustBundle:
        """The public keys, for whoever must verify."""
        accounts = {zone: nkey.Key(seed).public for zone, seed in self._secrets.zones.items()}
        signers = {nkey.Key(seed).public: _place(key) for key, seed in self._secrets.signers.items()}
        return TrustBundle(accounts=accounts, signers=signers, revoked=dict(self._secrets.revoked))

    def operator_jwt(self) -> str:
        """The token that a server trusts."""
        key = nkey.Key(self._secrets.operator)
        nats = {"type": "operator", "version": 2, "system_account": self.system_account()}
        return tokens.encode({"iat": self._secrets.created, "sub": key.public, "name": "nocmesh", "nats": nats}, key)

    def system_account(self) -> str:
        """The public key of the account in which the server speaks of itself."""
        return nkey.Key(self._secrets.system).public

    def account_jwts(self) -> dict[str, str]:
        """Public key to token, of every account, for the server's resolver."""
        plan, operator = load_plan(), nkey.Key(self._secrets.operator)
        out = {self.system_account(): _account(self.system_account(), "SYS", {"limits": _limits(None)}, operator)}
        for zone, seed in self._secrets.zones.items():
            public = nkey.Key(seed).public
            nats: dict[str, Any] = {"limits": _limits(plan.zones[zone]), "revocations": self._secrets.revoked}
            nats["signing_keys"] = [self._scope(key, seed, plan) for key, seed in self._signers(zone)]
            out[public] = _account(public, zone.value, nats, operator)
        return out

    def _signers(self, zone: Zone) -> list[tuple[str, str]]:
        return [(key, seed) for key, seed in self._secrets.signers.items() if _place(key)[0] is zone]

    def _scope(self, key: str, seed: str, plan: Plan) -> dict[str, Any]:
        zone, role = _place(key)
        template = _template(rights_of(role, zone, plan))
        return {"kind": "user_scope", "key": nkey.Key(seed).public, "role": role, "template": template}

    def _user(self, zone: Zone, role: str, name: str, type: str, public: str, now: int) -> str:
        """A JWT without permissions of its own: those come from the scope of the key that signs it."""
        account = nkey.Key(self._secrets.zones[zone]).public
        tags = [f"type:{type}"] if type else []
        nats = {"type": "user", "version": 2, "issuer_account": account, "tags": tags, "pub": {}, "sub": {}}
        claims = {"iat": now, "sub": public, "name": name, "nats": nats}
        return tokens.encode(claims, nkey.Key(self._secrets.signers[f"{zone}/{role}"]))

    def _complete(self) -> None:
        """Make the signing keys that are missing, and save."""
        for role in ROLES:
            for zone in zones_of(role):
                self._secrets.signers.setdefault(f"{zone}/{role}", nkey.new_seed(nkey.ACCOUNT))
        self._save()

    def _save(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_secret(self.folder / _FILE, msgspec.json.format(msgspec.json.encode(self._secrets)))


def _check(pattern: re.Pattern[str], field: str, value: str, expected: str) -> None:
    if not pattern.fullmatch(value):
        raise InvalidInputError(f"{field} is {value[:80]!r}; expected {expected}", field=field)


def _place(key: str) -> tuple[Zone, str]:
    zone, role = key.split("/")
    return Zone(zone), role


def _account(public: str, name: str, nats: dict[str, Any], operator: nkey.Key) -> str:
    body = {**nats, "type": "account", "version": 2}
    return tokens.encode({"iat": int(time.time()), "sub": public, "name": name, "nats": body}, operator)


def _limits(zone: ZonePlan | None) -> dict[str, Any]:
    """No limit on connections, none for leaf nodes; JetStream as the zone's plan says."""
    limits: dict[str, Any] = {"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": True}
    limits |= {"conn": -1, "leaf": 0, "disallow_bearer": True}
    if zone:
        limits |= {"disk_storage": zone.disk_mb * _MB, "mem_storage": 16 * _MB}
        limits |= {"streams": zone.streams, "consumer": zone.consumers}
    return limits


def _template(rights: Rights) -> dict[str, Any]:
    template: dict[str, Any] = {"pub": {"allow": list(rights.publish)}, "sub": {"allow": list(rights.subscribe)}}
    if rights.deny:
        template["pub"]["deny"] = list(rights.deny)
    if not rights.publish:
        template["pub"] = {"deny": [">"]}
    if rights.answers:
        template["resp"] = {"max": 1, "ttl": _ANSWER_SECONDS * 1_000_000_000}
    return template | {"subs": _SUBSCRIPTIONS, "data": -1, "payload": -1, "allowed_connection_types": ["STANDARD"]}
