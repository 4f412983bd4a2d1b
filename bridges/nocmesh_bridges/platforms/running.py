"""The view `config` of a platform whose configuration stands in sections: FRR, Cisco, Arista EOS. Pure."""

import re
from collections.abc import Sequence

from nocmesh.diagnosis.configtext import sections, sha256_of, sound, whole
from nocmesh.messages.state import Output, ViewStatus
from nocmesh_bridges.platforms.protocol import Parsed, Read

RUNNING = "show running-config"


def running_status(text: str) -> ViewStatus:
    """Parsed when it is there to its end."""
    return "parsed" if whole(text) else "unparsed"


_HEAD = re.compile(r"\s*!Command: show running-config\s*$", re.MULTILINE)
_VERSION = re.compile(r"^version \S", re.MULTILINE)


def open_running_status(text: str) -> ViewStatus:
    """The same for NX-OS, which prints a head and the version, and closes with nothing: the session proves the end."""
    begun = _HEAD.match(text) is not None and _VERSION.search(text) is not None
    return "parsed" if begun and sound(text) else "unparsed"


def config_of(platform: str) -> Read:
    """The view `config` of ``platform`` from RUNNING."""

    def config(answers: Sequence[Output], status: ViewStatus) -> Parsed:
        text = answers[0].text
        return Parsed(status=status, value=sections(text), config_sha256=sha256_of(platform, text))

    return config
