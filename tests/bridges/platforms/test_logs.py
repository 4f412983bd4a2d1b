"""The last lines of a device's log become entries with time and kind; whatever else stands in it costs nothing."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bridges.platforms.captures import OWN
from bridges.platforms.recorded import SAMPLES, recorded
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from nocmesh.errors import GuardError
from nocmesh.messages.state import DeviceState, LogEntry, Output
from nocmesh_bridges.platforms import asks, judged, leads, linux_log, state
from nocmesh_bridges.platforms.frr_log import READABLE
from nocmesh_bridges.platforms.ios_log import entry as ios_entry
from nocmesh_bridges.platforms.logs import TAIL, iso_clock
from nocmesh_bridges.ssh.guard import check_show

R1 = recorded("frr/r1", "frr")
TAILED = (SAMPLES / "frr" / "r1" / "tail_-n_200.txt").read_text()
FILE = "tail -n 200 /var/run/frr/nm-278f-r1/frr.log"
IOS_LOGS = sorted((OWN / "cisco_ios" / "show_logging").glob("*.raw"))


def frr(text: str = TAILED, clock: str = "") -> DeviceState:
    outputs = [o for o in R1 if o.command != linux_log.CLOCK] + [Output(command=FILE, door="shell", text=text)]
    if clock:
        outputs.append(Output(command=linux_log.CLOCK, door="shell", text=clock))
    return state("r1", "frr", ["log"], judged("frr", outputs))


def entries(found: DeviceState) -> list[LogEntry]:
    assert found.log is not None
    return found.log.entries


def ios(text: str, clock: str = "*11:02:44.123 UTC Thu Jun 20 2024\n") -> DeviceState:
    outputs = [Output(command="show logging", text=text), Output(command="show clock", text=clock)]
    return state("e1", "cisco_iosxe", ["log"], judged("cisco_iosxe", outputs))


# --- FRR


def test_frr_is_read_where_it_says_that_it_logs_to() -> None:
    assert [ask.command for ask in leads("frr", ["log"], R1, shell=True)] == [FILE]
    assert leads("frr", ["log"], R1, shell=False) == []
    check_show("linux", FILE)


def test_a_router_that_logs_to_syslog_is_read_from_the_journal() -> None:
    said = "Logging configuration for zebra:\nSyslog logging: level informational, facility daemon\n"
    outputs = [Output(command="show logging", text=said)]
    assert [ask.command for ask in leads("frr", ["log"], outputs, shell=True)] == [linux_log.JOURNAL]


@pytest.mark.parametrize(
    "path",
    [
        *("/etc/shadow", "/var/log/auth.log", "/var/log/frr/../auth.log", "/var/log/frr/x.log;reboot"),
        *("/var/log/frr/$(id).log", "/var/log/frr/a b.log", "/var/log/frr/.log", "frr.log", "/run/frr/a/b/frr.log"),
    ],
)
def test_a_file_that_is_no_log_of_frrs_is_neither_asked_for_nor_let_through(path: str) -> None:
    said = f"Logging configuration for zebra:\nFile logging: level informational, filename {path}\n"
    assert leads("frr", ["log"], [Output(command="show logging", text=said)], shell=True) == []
    assert READABLE.fullmatch(path) is None
    with pytest.raises(GuardError):
        check_show("linux", f"tail -n 200 {path}")


def test_a_line_of_frr_is_an_entry_with_its_daemon_its_id_and_its_time() -> None:
    found = entries(frr())
    assert frr().status == {"log": "parsed"}
    lost = next(entry for entry in found if "Interface down" in entry.text)
    assert (lost.source, lost.mnemonic) == ("BGP", "PXVXG-TFNNT")
    assert lost.text == "%ADJCHANGE: neighbor 10.0.0.2(r2) in vrf default Down Interface down"
    assert lost.time == datetime(2026, 11, 28, 15, 25, 0, 79_000, UTC)
    assert all(entry.quote and entry.quote.text in TAILED and entry.quote.command == FILE for entry in found)


def test_the_time_of_frr_is_local_and_the_clock_says_in_which_zone() -> None:
    found = entries(frr(clock="2026-11-28T17:41:03+02:00\n"))
    lost = next(entry for entry in found if "Interface down" in entry.text)
    assert lost.time == datetime(2026, 11, 28, 13, 25, 0, 79_000, UTC)


def test_a_severity_that_frr_records_is_told() -> None:
    line = "2026/11/28 15:25:00.079 warnings: BGP: [PXVXG-TFNNT] %ADJCHANGE: neighbor 10.0.0.2 in vrf default Up\n"
    assert [entry.severity for entry in entries(frr(line))] == ["warning"]


def test_without_a_shell_nobody_can_read_the_log() -> None:
    only = [output for output in R1 if output.command == "show logging"]
    assert state("r1", "frr", ["log"], judged("frr", only)).status == {"log": "unasked"}


def test_a_file_that_is_not_there_is_not_an_empty_log() -> None:
    assert frr(f"tail: cannot open '{FILE[12:]}' for reading: No such file or directory\n").status["log"] == "unparsed"


# --- Linux


def test_an_entry_of_the_journal_has_its_time_and_its_severity_by_name() -> None:
    outputs = recorded("linux/s2", "linux")
    found = entries(state("s2", "linux", ["log"], judged("linux", outputs)))
    carrier = next(entry for entry in found if entry.text == "eth0: Lost carrier")
    assert (carrier.source, carrier.severity) == ("systemd-networkd", "informational")
    assert carrier.time is not None
    assert carrier.time.date().isoformat() == "2026-11-28"
    assert carrier.quote is not None
    assert carrier.quote.text == '"MESSAGE":"eth0: Lost carrier"'
    assert "odd" not in {entry.source for entry in found}, "a message that is no text is left out"


@pytest.mark.parametrize("said", ["", "-- No entries --\n", "No journal files were found.\n"])
def test_a_system_without_a_journal_has_none(said: str) -> None:
    outputs = [Output(command=linux_log.JOURNAL, text=said), Output(command=linux_log.CLOCK, text="x")]
    assert state("h1", "linux", ["log"], judged("linux", outputs)).status == {"log": "empty"}


def test_the_commands_of_a_log_only_read() -> None:
    for platform in ("frr", "linux", "cisco_iosxe"):
        for ask in asks(platform, ["log"], shell=True):
            check_show("linux" if ask.door == "shell" else platform, ask.command)


# --- IOS


@pytest.mark.parametrize("path", IOS_LOGS, ids=lambda path: path.stem[-1])
def test_a_buffer_of_a_real_ios_device_is_read_line_by_line(path: Path) -> None:
    expected = YAML(typ="safe").load(path.with_suffix(".yml"))["parsed_sample"]
    wanted = [(row["facility"], row["mnemonic"], row["message"][0]) for row in expected if row["severity"]]
    found = ios(path.read_text())
    got = [(entry.source, entry.mnemonic, entry.text) for entry in entries(found)]
    assert found.status == {"log": "parsed"}
    assert got == wanted
    assert all(entry.quote and entry.quote.text in path.read_text() for entry in entries(found))


def test_a_line_that_names_no_year_is_of_the_last_twelve_months() -> None:
    now = datetime(2025, 1, 2, 8, 0, tzinfo=UTC)
    old = ios_entry("Dec 31 23:59:59.5: %LINK-3-UPDOWN: Interface Gi0/1, changed state to down", now)
    new = ios_entry("*Jan  2 07:00:00: %LINK-3-UPDOWN: Interface Gi0/1, changed state to up", now)
    assert old is not None
    assert new is not None
    assert old.time == datetime(2024, 12, 31, 23, 59, 59, 500_000, UTC)
    assert new.time == now - timedelta(hours=1)


@pytest.mark.parametrize(
    ("line", "time"),
    [
        ("000022: Jun 19 2023 03:02:31 CET: %SYS-5-CONFIG_I: Configured", datetime(2023, 6, 19, 3, 2, 31, tzinfo=UTC)),
        (".Jun 19 03:02:31: %SYS-5-CONFIG_I: Configured", datetime(2024, 6, 19, 3, 2, 31, tzinfo=UTC)),
        ("1d02h: %SYS-5-CONFIG_I: Configured", None),
        ("00:00:07: %SYS-5-CONFIG_I: Configured", None),
        ("*Feb 30 03:02:31: %SYS-5-CONFIG_I: Configured", None),
    ],
)
def test_the_stamps_of_ios_are_understood_or_left_open(line: str, time: datetime | None) -> None:
    found = ios_entry(line, datetime(2024, 6, 20, tzinfo=UTC))
    assert found is not None
    assert (found.source, found.severity, found.mnemonic, found.time) == ("SYS", "notice", "CONFIG_I", time)


@pytest.mark.parametrize("kept", range(1, len("2026-11-28T17:41:03+02:00")))
def test_a_clock_that_was_cut_off_tells_no_time(kept: int) -> None:
    whole = "2026-11-28T17:41:03+02:00"
    assert iso_clock(Output(command=linux_log.CLOCK, text=f"{whole}\n")) is not None
    assert iso_clock(Output(command=linux_log.CLOCK, text=whole[:kept])) is None


def test_without_a_clock_a_line_of_ios_has_no_time() -> None:
    found = ios("Log Buffer (4096 bytes):\n\n*Mar  1 00:01:02: %SYS-5-RESTART: System restarted\n", clock="% Invalid")
    assert [entry.time for entry in entries(found)] == [None]


def test_a_device_that_buffers_nothing_has_an_empty_log() -> None:
    assert ios("Syslog logging: enabled (0 messages dropped)\n\nLog Buffer (4096 bytes):\n\n").status["log"] == "empty"
    assert ios("Syslog logging: disabled\n").status["log"] == "empty"


# --- hostile


@given(text=st.text(max_size=300), platform=st.sampled_from(["frr", "linux", "cisco_iosxe"]))
def test_no_log_makes_the_view_fall_over(text: str, platform: str) -> None:
    commands = [(ask.command, ask.door) for ask in asks(platform, ["log"], shell=True)] + [(FILE, "shell")]
    outputs = [Output(command=command, door=door, text=text) for command, door in commands]
    outputs[0] = R1[[o.command for o in R1].index("show logging")] if platform == "frr" else outputs[0]
    found = state("r1", platform, ["log"], judged(platform, outputs))
    assert found.status["log"] in ("parsed", "empty", "unparsed", "rejected", "unasked")


def test_a_flood_is_bounded_and_its_last_lines_are_kept() -> None:
    line = "2026/11/28 15:25:00.079 BGP: [PXVXG-TFNNT] number {}"
    found = entries(frr("\n".join(line.format(n) for n in range(5_000)) + "\n"))
    assert [found[0].text, found[-1].text] == [f"number {5_000 - TAIL}", "number 4999"]
    assert len(entries(frr(line.format("x" * 100_000)))[0].text) < 3_000
