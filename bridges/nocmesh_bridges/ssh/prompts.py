"""What is known of a platform: prompts by mode, the way into configuration, paging, failure texts.

The knowledge is scrapli's: the YAML definitions of its package. This is the only place that reads them. The files are
found without importing scrapli, because the import loads a native SSH client that we have no use for.
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from nocmesh.errors import NotFoundError, PreconditionError
from nocmesh.yamlfile import plain_data

DEFINITIONS = {
    "frr": "cumulus_vtysh",
    "linux": "cumulus_linux",
    "cisco_ios": "cisco_iosxe",
    "cisco_xr": "cisco_iosxr",
}
"""Our name of a platform -> scrapli's, where they differ."""

FAILURE_LINES = {
    "frr": ("% Unknown command", "% Command incomplete", "% Ambiguous command", "% There is no matched command"),
    "linux": (
        *("Permission denied", "Operation not permitted", "Operation not permitted (you must be root)"),
        *("No such file or directory", ": command not found", ": not found"),
    ),
}
"""scrapli has `% Unknown command.`, with a full stop; vtysh prints a colon and the command, so it never fits."""

CONFIGURATION = "configuration"
COMMENTS = {"linux": ": ", "juniper_junos": "# "}
CANDIDATE = frozenset({"juniper_junos", "cisco_iosxr", "cisco_xr", "vyos_vyos", "nokia_srlinux", "paloalto_panos"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Mode:
    """One mode of a command line."""

    name: str
    prompt: re.Pattern[str]
    """Of the whole prompt line. Good for recognising a mode, never for finding the end of an answer."""
    excludes: tuple[str, ...] = ()

    def fits(self, line: str) -> bool:
        """Whether ``line`` can be a prompt of this mode."""
        return not any(text in line for text in self.excludes) and self.prompt.fullmatch(line) is not None


@dataclass(frozen=True, kw_only=True, slots=True)
class Knowledge:
    """What is known of one platform."""

    platform: str
    modes: tuple[Mode, ...]
    default_mode: str
    """The mode in which answers are read."""
    enter_config: str = ""
    leave_config: str = ""
    enable: str = ""
    """What raises the privilege, and then asks for a password; empty: the platform has no such thing."""
    paging_off: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    """How the answer begins when the device did not understand the command."""
    comment: str = "! "
    """What begins a line that the device echoes and ignores."""
    parts: str = ""
    """What is asked once, when a session is new: which parts of the device it has found; empty: it always has all."""
    candidate: bool = False
    """Lines take effect only by a commit: they cannot be entered one by one."""

    def mode_of(self, line: str) -> str:
        """The name of the first mode whose prompt ``line`` can be, or an empty string."""
        return next((mode.name for mode in self.modes if mode.fits(line)), "")


@lru_cache(maxsize=64)
def platform_knowledge(platform: str) -> Knowledge:
    """What is known of ``platform``.

    Raises NotFoundError, naming the known ones, for a platform that nobody knows; PreconditionError without scrapli.
    """
    path = _folder() / f"{DEFINITIONS.get(platform, platform)}.yaml"
    if not re.fullmatch(r"\w+", platform) or not path.is_file():
        raise NotFoundError(f"no platform {platform!r}; known are {', '.join(known_platforms())}", platform=platform)
    known = _from_definition(platform, plain_data(path.read_text()))
    return _corrected(known)


@lru_cache(maxsize=1)
def known_platforms() -> tuple[str, ...]:
    """The names that ``platform_knowledge`` takes."""
    return tuple(sorted({*DEFINITIONS, *(path.stem for path in _folder().glob("*.yaml"))}))


def _folder() -> Path:
    spec = find_spec("scrapli")  # finds a top-level package without running it
    places = list(spec.submodule_search_locations or ()) if spec else []
    if not places:
        raise PreconditionError("scrapli is not installed; the platform definitions are in the extra: nocmesh[bridges]")
    return Path(places[0]) / "definitions"


def _from_definition(platform: str, definition: dict[str, Any]) -> Knowledge:
    modes = definition["modes"]
    default = definition["default_mode"]
    return Knowledge(
        platform=platform,
        modes=tuple(_mode(mode) for mode in modes),
        default_mode=default,
        enter_config=_way(modes, default, CONFIGURATION),
        leave_config=_way(modes, CONFIGURATION, default),
        enable=_way(modes, "exec", "privileged_exec"),
        paging_off=_inputs(definition.get("on_open_instructions", ())),
        failures=tuple(definition.get("failure_indicators", ())),
        comment=COMMENTS.get(platform, "! "),
        candidate=platform in CANDIDATE,
    )


def _mode(mode: dict[str, Any]) -> Mode:
    pattern = re.compile(mode["prompt_pattern"])
    return Mode(name=mode["name"], prompt=pattern, excludes=tuple(mode.get("prompt_excludes", ())))


def _way(modes: list[dict[str, Any]], start: str, goal: str) -> str:
    """What is typed to get from one mode to another, as the definition has it."""
    for mode in (mode for mode in modes if mode["name"] == start):
        for way in (way for way in mode.get("accessible_modes", ()) if way["name"] == goal):
            step = way["instructions"][0]
            return str((step.get("send_input") or step["send_prompted_input"])["input"])
    return ""


def _inputs(instructions: Any) -> tuple[str, ...]:
    return tuple(str(step["send_input"]["input"]) for step in instructions if "send_input" in step)


def _corrected(known: Knowledge) -> Knowledge:
    failures = FAILURE_LINES.get(known.platform, known.failures)
    if known.platform == "frr":
        return replace(known, failures=failures, **_vtysh(known))
    if known.platform == "linux":
        modes = (Mode(name="exec", prompt=re.compile(r"\S.{0,200}[$#]\s?")),)  # not every shell prints user@host:path
        return replace(known, failures=failures, modes=modes)
    return replace(known, failures=failures)


def _vtysh(known: Knowledge) -> dict[str, Any]:
    """What is wrong in scrapli's definition of vtysh, put right (scrapli 2026.10.14, definitions 0.0.5).

    It types `conifgure terminal`; it knows the prompt `r1(config)#` but not `r1(config-router)#`, so the first
    section line looks like a lost session; and it leaves by `exit`, which from a section leads only one level up.
    vtysh leaves from anywhere by `end` (FRR user guide, "Terminal Mode Commands"). It also never turns paging off.
    And a vtysh never sees a daemon that was not there when it was opened.
    """
    modes = tuple(
        replace(mode, prompt=re.compile(r"[\w.\-]+\(config[\w.\-]*\)#\s*")) if mode.name == CONFIGURATION else mode
        for mode in known.modes
    )
    return {
        "modes": modes,
        "enter_config": "configure terminal",
        "leave_config": "end",
        "paging_off": ("terminal length 0",),
        "parts": "show daemons",
    }
