"""The view `config` of a platform whose configuration stands in sections: FRR, Cisco IOS, Arista EOS. Pure."""

from collections.abc import Sequence

from nocmesh.diagnosis.configtext import sections, sha256_of, whole
from nocmesh.messages.state import Output, ViewStatus
from nocmesh_bridges.platforms.protocol import Parsed, Read

RUNNING = "show running-config"


def running_status(text: str) -> ViewStatus:
    """Parsed when it is there to its end."""
    return "parsed" if whole(text) else "unparsed"


def config_of(platform: str) -> Read:
    """The view `config` of ``platform`` from RUNNING."""

    def config(answers: Sequence[Output], status: ViewStatus) -> Parsed:
        text = answers[0].text
        return Parsed(status=status, value=sections(text), config_sha256=sha256_of(platform, text))

    return config
