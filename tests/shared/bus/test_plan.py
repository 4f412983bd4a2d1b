"""The plan: limits fit, configurations say what was meant, differences are seen."""

from pathlib import Path

import pytest

from nocmesh.bus import plan as plan_module
from nocmesh.bus import provisioning
from nocmesh.bus.plan import STREAM_ZONES, ConsumerPlan, load_plan, plan_path, reserved_mb, stream_subjects
from nocmesh.bus.rights import ROLES, inbox, rights_of, zones_of
from nocmesh.errors import PreconditionError
from nocmesh.subjects import SUBJECTS, Zone

PLAN = load_plan()


@pytest.mark.parametrize("zone", list(Zone))
def test_what_a_zone_reserves_fits_its_disk(zone: Zone) -> None:
    assert reserved_mb(PLAN, zone) <= PLAN.zones[zone].disk_mb


def test_the_zones_fit_the_server() -> None:
    assert sum(zone.disk_mb for zone in PLAN.zones.values()) <= PLAN.server.disk_mb


def test_every_consumer_is_on_a_stream_and_of_a_role_that_reads_it() -> None:
    for consumer in PLAN.all_consumers():
        readers = {role for row in SUBJECTS if row.stream == consumer.stream for role in row.readers}
        writers = {role for row in SUBJECTS if row.stream == consumer.stream for role in row.writers}
        assert consumer.role in readers | writers, consumer


def test_no_two_consumers_have_one_name() -> None:
    names = [(consumer.stream, consumer.durable) for consumer in PLAN.all_consumers()]
    assert len(names) == len(set(names))


def test_every_bucket_is_of_roles_that_exist() -> None:
    for bucket in (*PLAN.buckets.values(), *PLAN.objects.values()):
        assert set(bucket.writers + bucket.readers) <= set(ROLES)


def test_inputs_refuse_and_the_audit_is_permanent() -> None:
    for name in ("ALERTS", "REQUESTS", "TASKS", "JOURNAL"):
        assert provisioning.stream_config(name, PLAN.streams[name])["discard"] == "new"
    audit = provisioning.stream_config("AUDIT", PLAN.streams["AUDIT"])
    assert audit["deny_delete"]
    assert audit["deny_purge"]
    assert PLAN.streams["DEVICE_JOURNAL"].max_age_hours == 0


def test_the_audit_gives_up_no_fact_and_takes_them_in_order() -> None:
    audit = [each for each in PLAN.consumers if each.role == "audit"]
    assert {each.stream for each in audit} == {row.stream for row in SUBJECTS if "audit" in row.readers} - {"AUDIT"}
    assert all(each.attempts >= 1_000_000 and each.max_ack_pending == 1 for each in audit)


def test_no_stream_that_an_agent_may_write_schedules() -> None:
    for name, limits in PLAN.streams.items():
        assert not (limits.schedules and STREAM_ZONES[name] is not Zone.CORE)


def test_no_stream_keeps_a_service_or_a_beat() -> None:
    for name in PLAN.streams:
        kept = stream_subjects(name)
        assert kept
        assert not any(each.startswith(("ai.tools", "ai.heartbeat", "ai.agents.probe")) for each in kept)


def test_a_field_that_was_not_taken_over_is_named() -> None:
    wanted = {
        "allow_msg_ttl": True,
        "max_bytes": 5,
        "subjects": ["b", "a"],
        "metadata": {"k": "v"},
        "deny_purge": False,
    }
    echoed = {"max_bytes": 6, "subjects": ["a", "b"], "metadata": {"k": "v", "_nats.ver": "2"}}
    assert provisioning.differences(wanted, echoed) == ["allow_msg_ttl", "max_bytes"]
    with pytest.raises(PreconditionError, match=r"allow_msg_ttl.*2\.14\.3"):
        provisioning._check("stream X", wanted, echoed)


def test_a_consumer_with_many_filters_asks_for_them_all() -> None:
    several = ConsumerPlan(stream="S", durable="d", role="audit", filters=("a.<x>", "b.<y>"))
    assert provisioning.consumer_config(several)["filter_subjects"] == ["a.*", "b.*"]


def test_the_plan_is_found_in_a_checkout_and_in_a_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert plan_path().name == "topology.toml"
    monkeypatch.setattr(plan_module, "__file__", str(tmp_path / "a" / "b" / "c" / "d" / "plan.py"))
    with pytest.raises(PreconditionError, match=r"topology\.toml"):
        plan_path()


@pytest.mark.parametrize("text", ["not toml", "[server]\ndisk_mb = 'x'", "[zones]\n"])
def test_a_broken_plan_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, text: str) -> None:
    (tmp_path / "topology.toml").write_text(text)
    monkeypatch.setattr(plan_module, "plan_path", lambda: tmp_path / "topology.toml")
    with pytest.raises(PreconditionError, match=r"topology\.toml"):
        load_plan.__wrapped__()


def test_a_plan_that_forgets_a_stream_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = plan_path().read_text().replace("[streams.FEED]", "[streams.FOOD]")
    (tmp_path / "topology.toml").write_text(text)
    monkeypatch.setattr(plan_module, "plan_path", lambda: tmp_path / "topology.toml")
    with pytest.raises(PreconditionError, match="FEED, FOOD"):
        load_plan.__wrapped__()


def test_nobody_but_the_provisioner_may_touch_streams() -> None:
    for role in ROLES:
        for zone in zones_of(role):
            publish = rights_of(role, zone).publish
            assert ("$JS.API.>" in publish) == (role == "provisioner")
            changing = ("CREATE", "UPDATE", "DELETE", "PURGE", "RESTORE", "SNAPSHOT", "MSG")
            assert not any(each.startswith(f"$JS.API.STREAM.{verb}") for each in publish for verb in changing)


def test_everybody_hears_his_own_inbox_alone() -> None:
    for role in ROLES:
        for zone in zones_of(role):
            heard = [each for each in rights_of(role, zone).subscribe if each.startswith("_INBOX")]
            assert heard == [f"{inbox('{{name()}}')}.>"]
