"""Options that several commands share, each worded once."""

from pathlib import Path
from typing import Annotated

import typer

from nocmesh.cli.output import Format

Out = Annotated[Format, typer.Option("-o", "--output", help="How to print: table, json, yaml, name.")]
Data = Annotated[Path | None, typer.Option("--data", help="The data folder.")]
Nats = Annotated[str | None, typer.Option("--nats", help="An existing broker; without it one is started.")]
Url = Annotated[str | None, typer.Option("--url", help="The dashboard's address.")]
User = Annotated[str, typer.Option("--user", help="Act as this user (a mesh with --no-auth-for-loopback).")]
