"""What a command prints: data on stdout as table, json, yaml or names; talk on stderr."""

import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec


class Format(StrEnum):
    """How data is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    NAME = "name"


Row = Mapping[str, Any]


def say(text: str) -> None:
    """Talk to the person, on stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def put(text: str) -> None:
    """Data, on stdout."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def show_list(rows: Sequence[Row], columns: Sequence[str], key: str, form: Format) -> None:
    """Print ``rows``: as a table of ``columns``, whole as json or yaml, or each one's ``key``."""
    if form is Format.JSON:
        put(_json({"items": list(rows)}))
    elif form is Format.YAML:
        put(_yaml({"items": list(rows)}))
    elif form is Format.NAME:
        for row in rows:
            put(str(row[key]))
    elif rows:
        _table(rows, columns)
    else:
        say("nothing to show")


def show_one(value: Row, key: str, form: Format) -> None:
    """Print one thing; as a table: a line for each plain field."""
    if form is Format.JSON:
        put(_json(value))
    elif form is Format.NAME:
        put(str(value[key]))
    else:
        put(_yaml(value))


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _yaml(value: Any) -> str:
    import io

    from ruamel.yaml import YAML

    writer = YAML()
    writer.default_flow_style = False
    out = io.StringIO()
    writer.dump(msgspec.to_builtins(value), out)
    return out.getvalue().rstrip()


def _table(rows: Sequence[Row], columns: Sequence[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.upper().replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    Console(file=sys.stdout).print(table)


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return str(value)
