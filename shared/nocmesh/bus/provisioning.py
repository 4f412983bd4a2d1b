"""Making streams, buckets and consumers as the plan says, and checking that the broker understood.

A broker that does not know a field ignores it silently; so what it echoes is compared with what was asked.
"""

from collections.abc import Mapping
from typing import Any

from nocmesh.bus import stored
from nocmesh.bus.link import Link
from nocmesh.bus.plan import STREAM_ZONES, BucketPlan, ConsumerPlan, Plan, StreamPlan, stream_subjects
from nocmesh.bus.worker import ATTEMPTS
from nocmesh.errors import NotFoundError, PreconditionError
from nocmesh.subjects import Zone, wildcard

_MB = 1024 * 1024
_NANO = 1_000_000_000
_HOUR = 3600 * _NANO
_MARKER_SECONDS = 3600
"""How long the marker of an expired entry stays, for watchers that were away."""
_FIXED = ("storage", "retention", "name", "num_replicas")

Config = dict[str, Any]


def stream_config(name: str, limits: StreamPlan) -> Config:
    """What the broker is asked for a stream."""
    return {
        **_common(name, stream_subjects(name), limits.max_mb, limits.max_age_hours),
        "discard": "new" if limits.full == "refuse" else "old",
        "duplicate_window": _window(limits),
        "max_consumers": limits.max_consumers,
        "deny_delete": limits.permanent,
        "deny_purge": limits.permanent,
        "allow_msg_schedules": limits.schedules,
    }


def bucket_config(name: str, limits: BucketPlan) -> Config:
    """What the broker is asked for a key-value bucket: entries may expire, and watchers are told."""
    return {
        **_common(f"KV_{name}", [f"$KV.{name}.>"], limits.max_mb, limits.max_age_hours),
        "discard": "new",
        "max_msgs_per_subject": 1,
        "max_consumers": 256,
        "deny_delete": True,
        "allow_rollup_hdrs": True,
        "allow_msg_ttl": True,
        "subject_delete_marker_ttl": _MARKER_SECONDS * _NANO,
    }


def objects_config(name: str, limits: BucketPlan) -> Config:
    """What the broker is asked for an object store.

    Without rollups: agents write there, and one message with `Nats-Rollup: all` would erase every object.
    """
    return {
        **_common(f"OBJ_{name}", [f"$O.{name}.C.>", f"$O.{name}.M.>"], limits.max_mb, limits.max_age_hours),
        "discard": "new",
        "max_consumers": 64,
        "allow_rollup_hdrs": False,
    }


def consumer_config(plan: ConsumerPlan) -> Config:
    """What the broker is asked for a durable; it delivers for ever, because the worker counts the attempts."""
    filters = [wildcard(each) for each in plan.filters]
    config: Config = {
        "durable_name": plan.durable,
        "name": plan.durable,
        "ack_policy": "explicit",
        "deliver_policy": "all",
        "replay_policy": "instant",
        "ack_wait": int(plan.ack_wait_seconds * _NANO),
        "max_deliver": -1,
        "max_ack_pending": plan.max_ack_pending,
        "metadata": {ATTEMPTS: str(plan.attempts)},
    }
    if len(filters) == 1:
        config["filter_subject"] = filters[0]
    elif filters:
        config["filter_subjects"] = filters
    return config


def differences(wanted: Mapping[str, Any], echoed: Mapping[str, Any]) -> list[str]:
    """The fields that the broker did not take over; a false or empty one may be missing from the echo."""
    return [key for key, value in wanted.items() if not _same(value, echoed.get(key, type(value)()))]


async def provision_zone(link: Link, zone: Zone, plan: Plan) -> None:
    """Make or update all that ``plan`` has in ``zone``. Raises PreconditionError, BusError, DeniedError."""
    for name, limits in plan.streams.items():
        if STREAM_ZONES[name] is zone:
            await make_stream(link, stream_config(name, limits))
    for name, bucket in plan.buckets.items():
        if bucket.zone is zone:
            await make_stream(link, bucket_config(name, bucket))
    for name, store in plan.objects.items():
        if store.zone is zone:
            await make_stream(link, objects_config(name, store))
    for consumer in plan.all_consumers():
        if STREAM_ZONES[consumer.stream] is zone:
            await make_consumer(link, consumer)


async def make_stream(link: Link, wanted: Config) -> None:
    """Create it, or update what differs."""
    name = wanted["name"]
    try:
        found = (await stored.call(link, f"STREAM.INFO.{name}"))["config"]
    except NotFoundError:
        info = await stored.call(link, f"STREAM.CREATE.{name}", wanted)
        _check(f"stream {name}", wanted, info["config"])
        return
    if differences(wanted, found):
        info = await stored.call(link, f"STREAM.UPDATE.{name}", {**found, **wanted, **_keep(found)})
        _check(f"stream {name}", wanted, info["config"])


async def make_consumer(link: Link, plan: ConsumerPlan) -> None:
    """Create it, or update what differs."""
    wanted = consumer_config(plan)
    operation = f"CONSUMER.CREATE.{plan.stream}.{plan.durable}"
    if "filter_subject" in wanted:
        operation += f".{wanted['filter_subject']}"
    info = await stored.call(link, operation, {"stream_name": plan.stream, "config": wanted, "action": ""})
    _check(f"consumer {plan.durable} on {plan.stream}", wanted, info["config"])


def _common(name: str, subjects: list[str], max_mb: int, max_age_hours: float) -> Config:
    return {
        "name": name,
        "subjects": subjects,
        "storage": "file",
        "retention": "limits",
        "max_bytes": max_mb * _MB,
        "max_age": int(max_age_hours * _HOUR),
        "max_msg_size": _MB,
        "num_replicas": 1,
        "allow_direct": True,
    }


def _window(limits: StreamPlan) -> int:
    seconds = limits.duplicate_seconds
    if limits.max_age_hours:
        seconds = min(seconds, limits.max_age_hours * 3600)
    return int(seconds * _NANO)


def _keep(found: Mapping[str, Any]) -> Config:
    """What an update may not change, or an operator has changed on purpose (replicas)."""
    return {key: found[key] for key in _FIXED if key in found}


def _same(value: Any, echoed: Any) -> bool:
    if isinstance(value, dict) and isinstance(echoed, dict):
        return all(echoed.get(key) == each for key, each in value.items())
    if isinstance(value, list) and isinstance(echoed, list):
        return sorted(value) == sorted(echoed)
    return bool(value == echoed)


def _check(what: str, wanted: Config, echoed: Mapping[str, Any]) -> None:
    missing = [each for each in differences(wanted, echoed) if each not in _FIXED]
    if missing:
        raise PreconditionError(
            f"the broker did not take over {', '.join(missing)} for {what}: it is too old; expected nats-server 2.14.3",
            missing=missing,
        )
