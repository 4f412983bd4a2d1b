"""What a text of SQL is, as far as that must be known before a database sees it. Pure.

Nothing here decides what a statement means: that it only reads, the database itself keeps (a transaction that is READ
ONLY, the text as a table in ours). This refuses what would be read differently here and there: comments, dollar
quotes, escapes. So every word that could name a function is seen.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nocmesh.errors import GuardError
from nocmesh.messages.change import Risk
from nocmesh_bridges.connect.hand import Rated
from nocmesh_bridges.connect.lines import plain

READS = frozenset({"select", "with", "values", "table"})
ROWS = frozenset({"insert", "update", "delete"})
MORE = frozenset({"merge", "with", "create", "alter", "drop", "truncate", "grant", "revoke", "comment", "reindex"})
"""What changes the shape of a database, who may do what in it, or hides what it writes behind other words."""

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\n]+)
    | (?P<text>'(?:[^'\\]|'')*')
    | (?P<quoted>"(?:[^"\\]|"")+")
    | (?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)(?![A-Za-z_0-9$])
    | (?P<word>[A-Za-z_][A-Za-z_0-9]*)(?![$'"&])
    | (?P<place>\$[0-9]+)(?![A-Za-z_0-9$])
    | (?P<mark>[-+*/<>=~!@\#%^|?,.:()\[\]]|&(?!['"]))
    """,
    re.VERBOSE,
)
_EMPTY = frozenset({"true", "false", "not", "null", "is", "and", "or", "where", "returning"})
"""Words that alone choose no rows."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word, sign or text; ``value`` of a name is as the database reads it."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement."""

    sql: str
    tokens: tuple[Token, ...]

    @property
    def verb(self) -> str:
        """Its first word."""
        return self.tokens[0].value if self.tokens[0].kind == "word" else ""

    @property
    def calls(self) -> list[str]:
        """Every name that an opening parenthesis follows: what may be a function."""
        pairs = zip(self.tokens, self.tokens[1:], strict=False)
        return sorted({a.value for a, b in pairs if a.kind in ("word", "quoted") and b == Token("mark", "(")})


def parsed(sql: str) -> Statement:
    """``sql`` as one statement. Raises GuardError for several, and for what cannot be told apart for certain."""
    text = plain(sql, "the statement").strip(" \t\n").removesuffix(";").rstrip(" \t\n")
    tokens = tuple(_tokens(text))
    if not tokens:
        raise _refused("it is empty")
    depth = 0
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.value, 0) if token.kind == "mark" else 0
        if depth < 0:
            raise _refused("a parenthesis closes that was never opened")
    if depth:
        raise _refused("a parenthesis is not closed")
    return Statement(text, tokens)


def reading(sql: str) -> Statement:
    """``sql`` as a statement that could be a table in another one. Raises GuardError."""
    found = parsed(sql)
    if found.verb not in READS:
        raise _refused(f"it begins with {found.verb or found.tokens[0].value!r}; only SELECT, WITH, VALUES, TABLE read")
    return found


def writing(sql: str) -> Statement:
    """``sql`` as a statement that one transaction can hold. Raises GuardError."""
    found = parsed(sql)
    if found.verb not in ROWS | MORE:
        known = ", ".join(sorted(ROWS | MORE)).upper()
        raise _refused(f"it begins with {found.verb or found.tokens[0].value!r}; a change is one of {known}")
    return found


def rated(found: Statement) -> Rated:
    """How much a write can break: high at least."""
    risk: Risk = "critical"
    if found.verb in MORE:
        return Rated(risk=risk, reasons=[f"{found.verb} changes more than rows, or hides which"])
    if found.verb != "insert" and not _chooses(found.tokens):
        return Rated(risk=risk, reasons=[f"it may {found.verb} every row: no WHERE chooses some"])
    return Rated(risk="high", reasons=["it changes rows of a database"])


def _chooses(tokens: Sequence[Token]) -> bool:
    """Whether a WHERE of the statement itself names a column."""
    depth, inside = 0, False
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token.value, 0) if token.kind == "mark" else 0
        inside = inside or (depth == 0 and token == Token("word", "where"))
        if inside and token.kind in ("word", "quoted") and token.value not in _EMPTY:
            return True
    return False


def _tokens(text: str) -> Iterator[Token]:
    at = 0
    while at < len(text):
        if text.startswith(("--", "/*"), at):
            raise _refused("it has a comment; leave comments out")
        found = _TOKEN.match(text, at)
        if not found:
            raise _refused(_why(text, at))
        at = found.end()
        kind = str(found.lastgroup)
        if kind != "space":
            yield Token(kind, _value(kind, found[0]))


def _value(kind: str, text: str) -> str:
    if kind == "quoted":
        return text[1:-1].replace('""', '"')
    return text.lower() if kind == "word" else text


def _why(text: str, at: int) -> str:
    rest = text[at : at + 20]
    if rest.startswith(";"):
        return "it is more than one statement; ask for one at a time"
    return (
        f"it cannot be read for certain at {rest!r}: no dollar quotes, backslashes, escapes; give texts as parameters"
    )


def _refused(reason: str) -> GuardError:
    return GuardError(f"the statement is refused: {reason}", reason=reason)
