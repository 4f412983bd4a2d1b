"""Reference pages that are made from the code, so that they cannot say anything else."""

from collections.abc import Iterable, Sequence

from nocmesh.subjects import SUBJECTS, Subject, Zone

_ZONES = {
    Zone.EDGE: "what comes in from outside: alerts, and requests for workflows",
    Zone.CORE: "the truth and what may touch devices: journal, approvals, commands, audit",
    Zone.AGENTS: "work, thought and tools: agents live here and see nothing else",
    Zone.EXT: "what other systems may read",
}

_HEAD = """\
# Subjects

<!-- Generated from nocmesh.subjects; `python -m nocmesh.reference > docs/reference/subjects.md` -->

Each zone is a NATS account of its own. A *stream* keeps what is published; *service* is request and reply, where the
writers ask and the readers answer; *core* is heard by whoever listens at that moment. `<agent_id>` and `<type>` stand
for the speaker's own name and type unless the row says *addressed*; any other `<name>` is one free token. Bodies are
JSON; where the body is *raw* it is a foreign system's own.
"""


def subjects_page(rows: Sequence[Subject] = SUBJECTS) -> str:
    """The page on subjects, in Markdown."""
    return "\n".join([_HEAD, *(line for zone in _ZONES for line in _zone(zone, rows))])


def _zone(zone: Zone, rows: Sequence[Subject]) -> Iterable[str]:
    yield f"## {zone.value}: {_ZONES[zone]}"
    yield ""
    yield "| subject | kept by | body | writers | readers |"
    yield "| --- | --- | --- | --- | --- |"
    yield from (_row(row) for row in rows if row.zone is zone)
    yield ""


def _row(row: Subject) -> str:
    kept = row.stream or ("service" if row.service else "core")
    if row.addressed:
        kept += ", addressed"
    body = row.body or "raw"
    return f"| `{row.pattern}` | {kept} | {body} | {', '.join(row.writers)} | {', '.join(row.readers)} |"


if __name__ == "__main__":
    import sys

    sys.stdout.write(subjects_page())
