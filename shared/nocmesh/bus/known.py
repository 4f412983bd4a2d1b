"""Names that there are: subjects, streams, buckets. Any other is refused before anything is sent."""

from collections.abc import Mapping

from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.subjects import row_of


def check_subject(subject: str) -> None:
    """Raises InvalidInputError when ``subject`` is none of ours."""
    if row_of(subject) is None:
        raise InvalidInputError(
            f"{subject[:200]!r} is no subject of ours; build it with nocmesh.subjects.subject()", field="subject"
        )


def stream_of(subject: str) -> str:
    """The stream that keeps ``subject``, which may be a wildcard. Raises InvalidInputError when none does."""
    row = row_of(subject.replace("*", "x").replace(">", "x"))
    if row is None or row.stream is None:
        raise InvalidInputError(f"{subject[:200]!r} is not kept in any stream", field="subject")
    return row.stream


def check_named(name: str, known: Mapping[str, object], kind: str) -> None:
    """Raises NotFoundError, with those that there are, when ``name`` is not among the ``known`` of a ``kind``."""
    if name not in known:
        raise NotFoundError(f"there is no {kind} {name!r}; there are {', '.join(sorted(known))}", name=name)
