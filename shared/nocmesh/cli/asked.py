"""What a command that asks the dashboard knows from its flags."""

from dataclasses import dataclass

from nocmesh.cli.client import Client
from nocmesh.cli.output import Format
from nocmesh.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks whom, and how the answer is printed."""

    settings: Settings
    user: str
    form: Format

    def client(self) -> Client:
        """The conversation with that dashboard, as that user."""
        return Client.of(self.settings, self.user)
