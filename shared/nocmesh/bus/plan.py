"""The plan of a mesh: streams, buckets and consumers with their limits, read from ``nats/topology.toml``."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from nocmesh.errors import PreconditionError
from nocmesh.subjects import SUBJECTS, Zone, subject, wildcard

_MB = 1024 * 1024


class _Limits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    max_mb: int
    max_age_hours: float = 0
    """0: for ever."""


class StreamPlan(_Limits, frozen=True, kw_only=True):
    """One stream; its subjects come from the table of subjects."""

    full: Literal["refuse", "oldest"] = "oldest"
    """What happens at the limit: the publisher is refused, or the oldest message goes."""
    duplicate_seconds: float = 120
    max_consumers: int = 256
    """Explicit, because a server's default is 1,000 even where -1 is asked for."""
    schedules: bool = False
    permanent: bool = False
    """Neither deleting messages nor purging is possible."""


class BucketPlan(_Limits, frozen=True, kw_only=True):
    """One key-value bucket or object store."""

    zone: Zone
    writers: tuple[str, ...]
    readers: tuple[str, ...]


class ConsumerPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One durable pull consumer."""

    stream: str
    durable: str
    role: str
    filters: tuple[str, ...] = ()
    """Patterns of the table of subjects; empty: the whole stream."""
    attempts: int = 8
    ack_wait_seconds: float = 5
    """Silence after which a worker counts as dead: it speaks three times as often while it works."""
    max_ack_pending: int = 1000


class TasksPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the consumers of agent types are made."""

    types: tuple[str, ...]
    stream: str
    filter: str
    attempts: int
    ack_wait_seconds: float
    max_ack_pending: int


class ZonePlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one account may use."""

    disk_mb: int
    streams: int
    consumers: int


class ServerPlan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the server may use."""

    disk_mb: int
    memory_mb: int


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of it."""

    server: ServerPlan
    zones: dict[Zone, ZonePlan]
    streams: dict[str, StreamPlan]
    buckets: dict[str, BucketPlan]
    objects: dict[str, BucketPlan]
    consumers: tuple[ConsumerPlan, ...]
    tasks: TasksPlan

    def task_consumer(self, agent_type: str) -> ConsumerPlan:
        """The durable that all agents of ``agent_type`` share."""
        return ConsumerPlan(
            stream=self.tasks.stream,
            durable=agent_type,
            role="monitor" if agent_type == "monitor" else "agent",
            filters=(subject(self.tasks.filter, assignee=agent_type),),
            attempts=self.tasks.attempts,
            ack_wait_seconds=self.tasks.ack_wait_seconds,
            max_ack_pending=self.tasks.max_ack_pending,
        )

    def all_consumers(self) -> tuple[ConsumerPlan, ...]:
        """Those of the table, and one per known agent type."""
        return self.consumers + tuple(self.task_consumer(each) for each in self.tasks.types)


STREAM_ZONES: dict[str, Zone] = {row.stream: row.zone for row in SUBJECTS if row.stream}
"""Which zone each stream lies in."""


def stream_subjects(stream: str) -> list[str]:
    """The subjects that ``stream`` keeps, as wildcards."""
    return [wildcard(row.pattern) for row in SUBJECTS if row.stream == stream]


def plan_path() -> Path:
    """Where the plan lies: beside this module in a wheel, in ``nats/`` in a checkout."""
    here = Path(__file__).resolve()
    for path in (here.with_name("topology.toml"), here.parents[3] / "nats" / "topology.toml"):
        if path.is_file():
            return path
    raise PreconditionError(f"topology.toml lies neither beside {here} nor in nats/: install the package again")


@cache
def load_plan() -> Plan:
    """The plan as installed. Raises PreconditionError when the file contradicts itself or the table of subjects."""
    path = plan_path()
    try:
        plan = msgspec.convert(tomllib.loads(path.read_text()), Plan)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError) as error:
        raise PreconditionError(f"{path}: {error}") from error
    if set(plan.streams) != set(STREAM_ZONES):
        odd = sorted(set(plan.streams) ^ set(STREAM_ZONES))
        raise PreconditionError(f"{path}: limits and the table of subjects name different streams: {', '.join(odd)}")
    return plan


def reserved_mb(plan: Plan, zone: Zone) -> int:
    """How much of its disk ``zone`` has given to streams and buckets."""
    streams = sum(limits.max_mb for name, limits in plan.streams.items() if STREAM_ZONES[name] is zone)
    buckets = (*plan.buckets.values(), *plan.objects.values())
    return streams + sum(each.max_mb for each in buckets if each.zone is zone)
