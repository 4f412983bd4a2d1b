"""Who may do what: the permissions of each role in each zone, derived from the table of subjects and the plan.

Allow-lists. What a role may publish follows from the rows that it writes; of the JetStream API it may use what
reading its streams and its own durables needs. Creating consumers is for the trusted roles, because a consumer can
make the server publish where its maker may not. The one deny-list keeps them off the durables of other roles: whoever
makes such a consumer anew, or takes from it, decides what its owner never sees.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from nocmesh.bus.plan import Plan, load_plan
from nocmesh.errors import InvalidInputError
from nocmesh.subjects import ALL_AGENTS, SUBJECTS, TRUSTED, Subject, Zone, row_of

PROVISIONER, PROBE = "provisioner", "probe"
OUTSIDERS = ("publisher", "subscriber")
"""Other systems: they may also subscribe, as plain NATS clients do."""

ROLES: tuple[str, ...] = tuple(
    sorted({role for row in SUBJECTS for role in (*row.writers, *row.readers)} | {PROVISIONER, PROBE})
)

_NAME, _TYPE = "{{name()}}", "{{tag(type)}}"
_PLACE = re.compile(r"<(\w+)>")
_API = "$JS.API."
_TASKS = "TASKS"
"""Who works on tasks sees those of its own type, through that type's consumer."""
_PROBED = (
    "INFO",
    "STREAM.NAMES",
    "STREAM.LIST",
    "STREAM.INFO.*",
    "CONSUMER.NAMES.*",
    "CONSUMER.LIST.*",
    "CONSUMER.INFO.*.*",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rights:
    """The template of one role's key in one zone; ``{{…}}`` is filled in by the server from the user's JWT."""

    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    answers: bool
    """It serves: it may publish once to the reply subject of each message that it gets."""
    deny: tuple[str, ...] = ()
    """What it may not publish, though ``publish`` has a wildcard for it."""


def inbox(name: str) -> str:
    """Where the answers to ``name`` come in; nobody else may listen there."""
    return f"_INBOX.{name}"


def zones_of(role: str, plan: Plan | None = None) -> tuple[Zone, ...]:
    """The zones in which ``role`` has something to do. Raises InvalidInputError for a role that does not exist."""
    if role not in ROLES:
        raise InvalidInputError(f"there is no role {role!r}; expected one of {', '.join(ROLES)}", field="role")
    if role in (PROVISIONER, PROBE):
        return tuple(Zone)
    plan = plan or load_plan()
    found = {row.zone for row in SUBJECTS if role in row.writers + row.readers}
    buckets = (*plan.buckets.values(), *plan.objects.values())
    found |= {each.zone for each in buckets if role in each.writers + each.readers}
    return tuple(zone for zone in Zone if zone in found)


def rights_of(role: str, zone: Zone, plan: Plan | None = None) -> Rights:
    """What ``role`` may do in ``zone``."""
    plan = plan or load_plan()
    own_inbox = f"{inbox(_NAME)}.>"
    if role == PROVISIONER:
        return Rights(publish=("$JS.API.>", "$KV.>", "$O.>"), subscribe=(own_inbox,), answers=False)
    if role == PROBE:
        return Rights(publish=(*(_API + each for each in _PROBED), "$SRV.>"), subscribe=(own_inbox,), answers=False)
    rows = [row for row in SUBJECTS if row.zone is zone]
    publish = [_filled(row, speaking=not row.addressed) for row in rows if role in row.writers]
    publish += _stream_rights(role, rows) + _consumer_rights(role, zone, plan) + _bucket_rights(role, zone, plan)
    subscribe = [_filled(row, speaking=row.addressed) for row in rows if _listens(role, row)]
    serves = any(row.service and role in row.readers for row in rows)
    if serves:
        subscribe.append("$SRV.>")
    if role in TRUSTED:
        publish.append("$SRV.>")
    return Rights(
        publish=tuple(dict.fromkeys(publish)),
        subscribe=tuple(dict.fromkeys([*subscribe, own_inbox])),
        answers=serves,
        deny=tuple(_others_consumers(role, set(publish), plan)),
    )


def may_write(role: str, subject: str, plan: Plan | None = None) -> bool:
    """Whether a message of ``role`` on ``subject`` (a row's, or a bucket's entry) is to be believed."""
    if subject.startswith("$KV."):
        bucket = (plan or load_plan()).buckets.get(subject.split(".")[1])
        return bucket is not None and role in (*bucket.writers, PROVISIONER)
    row = row_of(subject)
    return row is not None and role in row.writers


def _filled(row: Subject, *, speaking: bool) -> str:
    """The row's pattern; where the place is the role's own, its name and type."""
    own = {"agent_id": _NAME, "type": _TYPE} if speaking else {}
    return _PLACE.sub(lambda m: own.get(m[1], "*"), row.pattern)


def _listens(role: str, row: Subject) -> bool:
    return role in row.readers and (row.stream is None or role in OUTSIDERS)


def _stream_rights(role: str, rows: list[Subject]) -> list[str]:
    """Reading what is stored: by direct get, and for trusted roles by consumers of their own."""
    out: list[str] = []
    for row in rows:
        if row.stream is None or (role in ALL_AGENTS and row.stream == _TASKS):
            continue
        if role in row.readers or (role in TRUSTED and role in row.writers):
            out += [f"{_API}DIRECT.GET.{row.stream}", f"{_API}DIRECT.GET.{row.stream}.>"]
        if role in TRUSTED and (role in row.readers or row.writers == (role,)):
            out += _own_consumers(row.stream)
    return out


def _own_consumers(stream: str) -> list[str]:
    return [
        f"{_API}STREAM.INFO.{stream}",
        f"{_API}CONSUMER.CREATE.{stream}.>",
        f"{_API}CONSUMER.MSG.NEXT.{stream}.*",
        f"{_API}CONSUMER.INFO.{stream}.*",
    ]


def _others_consumers(role: str, publish: set[str], plan: Plan) -> Iterator[str]:
    """The durables of others on streams where ``role`` may make consumers; the orchestrator makes those of tasks."""
    for each in plan.all_consumers():
        made_by_it = each.stream == plan.tasks.stream and role == "orchestrator"
        if each.role == role or made_by_it or f"{_API}CONSUMER.CREATE.{each.stream}.>" not in publish:
            continue
        named = f"{each.stream}.{each.durable}"
        yield from (f"{_API}CONSUMER.CREATE.{named}", f"{_API}CONSUMER.CREATE.{named}.>")
        yield f"{_API}CONSUMER.MSG.NEXT.{named}"


def _consumer_rights(role: str, zone: Zone, plan: Plan) -> list[str]:
    """Taking from its own durables, and acknowledging."""
    durables = {(each.stream, each.durable) for each in plan.consumers if each.role == role}
    if role in ALL_AGENTS:
        durables.add((plan.tasks.stream, _TYPE))
    streams = {row.stream for row in SUBJECTS if row.zone is zone}
    out: list[str] = []
    for stream, durable in sorted(durables):
        if stream in streams:
            out += [f"{_API}CONSUMER.MSG.NEXT.{stream}.{durable}", f"{_API}CONSUMER.INFO.{stream}.{durable}"]
            out += [f"$JS.ACK.{stream}.{durable}.>"]
    return out


def _bucket_rights(role: str, zone: Zone, plan: Plan) -> list[str]:
    out: list[str] = []
    for prefix, stream, buckets in (("$KV", "KV", plan.buckets), ("$O", "OBJ", plan.objects)):
        for name, bucket in buckets.items():
            if bucket.zone is not zone or role not in bucket.writers + bucket.readers:
                continue
            kept = f"{stream}_{name}"
            out += [f"{_API}DIRECT.GET.{kept}", f"{_API}DIRECT.GET.{kept}.>"]
            out += [f"{prefix}.{name}.>"] if role in bucket.writers else []
            out += _own_consumers(kept) if role in TRUSTED else []
    return out
