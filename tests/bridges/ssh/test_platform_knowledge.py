"""What scrapli knows of platforms, and what we put right."""

import subprocess
import sys

import pytest

from nocmesh.errors import NotFoundError, PreconditionError
from nocmesh_bridges.ssh import prompts
from nocmesh_bridges.ssh.prompts import known_platforms, platform_knowledge


@pytest.mark.parametrize(
    ("platform", "line", "mode"),
    [
        ("frr", "r1#", "exec"),
        ("frr", "r1# ", "exec"),
        ("frr", "r1(config)#", "configuration"),
        ("frr", "r1(config-router)# ", "configuration"),
        ("frr", "r1(config-router-af)#", "configuration"),
        ("cisco_iosxe", "r1>", "exec"),
        ("cisco_iosxe", "r1#", "privileged_exec"),
        ("cisco_iosxe", "r1(config-if)#", "configuration"),
        ("cisco_iosxe", "r1(tcl)#", "tclsh"),
        ("cisco_iosxe", "Password: ", ""),
        ("arista_eos", "leaf1(config-s-nocmesh)#", "configuration"),
        ("arista_eos", "leaf1#", "privileged_exec"),
        ("juniper_junos", "ops@r1> ", "exec"),
        ("linux", "root@h1:~# ", "exec"),
        ("linux", "/ # ", "exec"),
        ("linux", "some words", ""),
    ],
)
def test_prompts_are_told_apart(platform: str, line: str, mode: str) -> None:
    assert platform_knowledge(platform).mode_of(line) == mode


def test_vtysh_is_entered_left_and_understood() -> None:
    frr = platform_knowledge("frr")
    assert (frr.enter_config, frr.leave_config, frr.enable) == ("configure terminal", "end", "")
    assert "% Unknown command" in frr.failures
    assert frr.paging_off == ("terminal length 0",)


def test_ios_is_known_whole() -> None:
    ios = platform_knowledge("cisco_iosxe")
    assert (ios.enter_config, ios.leave_config, ios.enable) == ("configure terminal", "end", "enable")
    assert "term len 0" in ios.paging_off
    assert platform_knowledge("cisco_ios").failures == ios.failures


def test_every_definition_of_scrapli_can_be_read() -> None:
    assert len(known_platforms()) > 40
    for platform in known_platforms():
        known = platform_knowledge(platform)
        assert known.modes
        assert known.candidate == (platform in prompts.CANDIDATE)


@pytest.mark.parametrize("platform", ["windows", "", "../cisco_iosxe", "cisco_iosxe.yaml"])
def test_an_unknown_platform_is_answered_with_the_known_ones(platform: str) -> None:
    with pytest.raises(NotFoundError, match="arista_eos"):
        platform_knowledge(platform)


def test_without_scrapli_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompts, "find_spec", lambda name: None)
    prompts.platform_knowledge.cache_clear()
    with pytest.raises(PreconditionError, match=r"nocmesh\[bridges\]"):
        platform_knowledge("frr")


@pytest.mark.real
def test_reading_the_definitions_does_not_load_scrapli() -> None:
    code = (
        "import sys; from nocmesh_bridges.ssh.prompts import platform_knowledge as k; k('frr'); "
        "sys.exit('scrapli' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
