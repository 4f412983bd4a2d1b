"""Anchors: heads of the audit's chain, kept where nobody who writes the chain can reach them. Pure.

A file of anchors has one JSON object a line; what a subscriber keeps of the feed is one too.
"""

from collections.abc import Iterable

import msgspec

from nocmesh.errors import InvalidInputError
from nocmesh.messages.people import AuditHead

_HEX = frozenset("0123456789abcdef")


def line_of(head: AuditHead) -> str:
    """An anchor as it stands in a file."""
    return head.to_json().decode()


def read_anchors(lines: Iterable[bytes], where: str) -> list[AuditHead]:
    """The anchors in ``lines``. Raises InvalidInputError for a line that is none, and where there is none at all.

    ``where`` names the file in errors. A check without an anchor would pass though the file was emptied.
    """
    anchors = [_anchor(line, f"{where}, line {number}") for number, line in enumerate(lines, 1) if line.strip()]
    if not anchors:
        raise InvalidInputError(f"{where} holds no anchor; `nocmesh audit anchor` writes one", field="anchor")
    return anchors


def _anchor(line: bytes, where: str) -> AuditHead:
    wanted = 'expected {"index": 0 or more, "hash": 64 hex digits, "at": a time}, as `nocmesh audit anchor` writes it'
    try:
        anchor = msgspec.json.decode(line, type=AuditHead)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInputError(f"{where} is no anchor: {error}; {wanted}", field="anchor") from error
    if anchor.index < 0 or len(anchor.hash) != 64 or not _HEX.issuperset(anchor.hash):
        raise InvalidInputError(f"{where} is no anchor; {wanted}", field="anchor")
    return anchor
