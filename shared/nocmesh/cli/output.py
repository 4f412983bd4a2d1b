"""What a command prints: data on stdout as table, json, yaml or names; talk on stderr."""

import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any


class Format(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


Row = Mapping[str, Any]
WIDEST = 10_000


def say(text: str) -> None:
    """Talk to the person, on stderr."""
    sys.stderr.write(printable(text) + "\n")
    sys.stderr.flush()


def put(text: str) -> None:
    """Data, on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def printable(text: str) -> str:
    """``text`` without what could steer a terminal: devices and monitoring systems wrote parts of it."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def show_list(rows: Sequence[Row], columns: Sequence[str], key: str, form: Format) -> None:
    """Print ``rows``: as a table of ``columns``, whole as json or yaml, or each one's ``key``."""
    if form is Format.JSON:
        put(as_json({"items": list(rows)}))
    elif form is Format.YAML:
        put(as_yaml({"items": list(rows)}))
    elif form is Format.NAME:
        for row in rows:
            put(printable(str(row[key])))
    elif rows:
        _table(rows, columns)
    else:
        say("nothing to show")


def show_one(value: Row, key: str, form: Format) -> None:
    """Print one thing; as a table too it is YAML, which people read well."""
    if form is Format.JSON:
        put(as_json(value))
    elif form is Format.NAME:
        put(printable(str(value[key])))
    else:
        put(as_yaml(value))


def show_done(value: Row, key: str, form: Format) -> None:
    """Print what came of an action: its name alone, unless the whole of it is asked for."""
    show_one(value, key, Format.NAME if form is Format.TABLE else form)


def as_json(value: Any) -> str:
    """``value`` on one line."""
    import msgspec

    return msgspec.json.encode(value).decode()


def as_yaml(value: Any) -> str:
    """``value`` on many."""
    import msgspec

    from nocmesh.yamlfile import dumped

    return dumped(msgspec.to_builtins(value)).rstrip()


def _table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.upper().replace("_", " "), overflow="fold", no_wrap=column == columns[0])
    for row in rows:
        table.add_row(*(Text(_cell(row.get(column))) for column in columns))
    # A name is copied whole, and who reads a pipe counts on a row being a line.
    width = None if sys.stdout.isatty() else WIDEST
    Console(file=sys.stdout, width=width).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return ", ".join(printable(str(item)) for item in value)
    return printable(str(value))
