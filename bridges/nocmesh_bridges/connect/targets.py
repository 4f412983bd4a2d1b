"""The targets of a file, by name. Their secrets are looked up when they are used, and show in no log."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from nocmesh.errors import NotFoundError
from nocmesh.network import Device, Network
from nocmesh.secret import Secret
from nocmesh.yamlfile import nearest, read_document, validated
from nocmesh_bridges.connect.form import (
    AccountEntry,
    CommandEntry,
    DatabaseEntry,
    HeaderEntry,
    ServiceEntry,
    TargetFile,
)

T = TypeVar("T", DatabaseEntry, ServiceEntry, CommandEntry)


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """All that a file lists."""

    databases: tuple[DatabaseEntry, ...] = ()
    services: tuple[ServiceEntry, ...] = ()
    commands: tuple[CommandEntry, ...] = ()
    folder: Path = Path()
    """Where files of secrets and authorities are looked for."""

    def secret(self, of: str, entry: AccountEntry | HeaderEntry) -> Secret:
        """Where the secret of ``entry`` is; ``of`` says whose it is."""
        return Secret(of=of, env=entry.env, file=self.path(entry.file) if entry.file else None)

    def path(self, text: str) -> Path:
        """A path as the file names it."""
        return self.folder / Path(text).expanduser()

    def network(self) -> Network:
        """The targets as the gate knows them: by name, site, and whether they are core."""
        kinds: list[tuple[str, Iterable[DatabaseEntry | ServiceEntry | CommandEntry]]] = [
            ("postgresql", self.databases),
            ("http", self.services),
            ("local", self.commands),
        ]
        return Network(
            devices=[
                Device(name=each.name, platform=platform, address="", site=each.site, core=each.core)
                for platform, entries in kinds
                for each in entries
            ]
        )


def load_targets(path: Path) -> Targets:
    """The target file at ``path``. Raises NotFoundError, InvalidInputError that names each wrong line."""
    document = read_document(path)
    form, mistakes = validated(document, TargetFile)
    document.refuse(mistakes)
    assert form is not None
    return Targets(
        databases=form.databases, services=form.services, commands=form.commands, folder=path.absolute().parent
    )


def named(kind: str, entries: Iterable[T], name: str) -> T:
    """The entry of that name. Raises NotFoundError with the nearest name."""
    known = {entry.name: entry for entry in entries}
    if name not in known:
        raise NotFoundError(f"there is no {kind} {name[:80]!r} in the target file; {nearest(name, known)}", target=name)
    return known[name]
