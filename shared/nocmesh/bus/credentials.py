"""Credentials: what one process needs to be somebody on the bus."""

from pathlib import Path

import msgspec

from nocmesh.bus.trust import Speaker, TrustBundle
from nocmesh.errors import NotFoundError, PreconditionError
from nocmesh.privatefile import write_secret
from nocmesh.subjects import Zone


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """One key, and a user JWT for each zone in which its role has something to do."""

    name: str
    role: str
    type: str = ""
    seed: str
    """Secret."""
    jwts: dict[Zone, str]
    trust: TrustBundle
    url: str = ""
    """Where the broker is, where the file shall say it."""

    def __repr__(self) -> str:
        """Without the seed, so that it never lands in a log."""
        return f"Credentials(name={self.name!r}, role={self.role!r}, zones={[zone.value for zone in self.jwts]})"

    @property
    def speaker(self) -> Speaker:
        """As whom they speak."""
        return Speaker(name=self.name, role=self.role, type=self.type)

    def save(self, path: Path | str) -> None:
        """Write them to ``path``, readable by their owner alone."""
        write_secret(Path(path), msgspec.json.format(msgspec.json.encode(self)))

    @classmethod
    def load(cls, path: Path | str) -> "Credentials":
        """Read them. Raises NotFoundError without the file, PreconditionError when it is something else."""
        try:
            return msgspec.json.decode(Path(path).read_bytes(), type=cls)
        except FileNotFoundError as error:
            raise NotFoundError(f"there is no credentials file {path}; make one with `nocmesh keys issue`") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise PreconditionError(f"{path} is no credentials file: {error}") from error
