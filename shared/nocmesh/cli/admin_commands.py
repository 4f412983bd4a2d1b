"""``nocmesh bus``, ``nocmesh keys`` and ``nocmesh token``: what needs the mesh's own folder."""

from pathlib import Path
from typing import Annotated

import typer

from nocmesh.cli.doing import do, settings
from nocmesh.cli.options import Data, Nats, Out
from nocmesh.cli.output import Format

bus = typer.Typer(name="bus", help="The broker's streams.", no_args_is_help=True, rich_markup_mode=None)
keys = typer.Typer(name="keys", help="Identities on the bus.", no_args_is_help=True, rich_markup_mode=None)
token = typer.Typer(name="token", help="Personal tokens of people.", no_args_is_help=True, rich_markup_mode=None)


@bus.command("provision")
def bus_provision(output: Out = Format.TABLE, data: Data = None, nats: Nats = None) -> None:
    """Create or update streams, buckets and consumers on a broker."""
    from nocmesh.cli.admin import provision_bus

    do(provision_bus(settings(data=data, nats_url=nats), output))


@keys.command("issue")
def keys_issue(
    role: Annotated[str, typer.Option(help="Its role on the bus: agent, bridge, publisher, subscriber, …")],
    name: Annotated[str, typer.Option(help="Its own name, as bgp-7.")],
    out: Annotated[Path, typer.Option(help="The credentials file to write (0600).")],
    agent_type: Annotated[str, typer.Option("--type", help="The agent's type, as bgp.")] = "",
    output: Out = Format.TABLE,
    data: Data = None,
    nats: Nats = None,
) -> None:
    """Credentials for a new instance: no reload of the broker is needed."""
    from nocmesh.cli.admin import issue_keys

    issue_keys(settings(data=data, nats_url=nats), role, name, agent_type, out, output)


@keys.command("revoke")
def keys_revoke(name: str, output: Out = Format.TABLE, data: Data = None) -> None:
    """Void every key of an instance; the broker learns it at its next start or reload."""
    from nocmesh.cli.admin import revoke_keys

    revoke_keys(settings(data=data), name, output)


@keys.command("server-config")
def keys_server_config(
    out: Annotated[Path, typer.Option(help="The nats-server configuration to write.")],
    store: Annotated[Path, typer.Option(help="Where the server shall keep its store.")],
    port: Annotated[int, typer.Option(help="The port it shall listen on.")] = 4222,
    output: Out = Format.TABLE,
    data: Data = None,
) -> None:
    """The configuration of a broker that knows this mesh's identities."""
    from nocmesh.cli.admin import write_server_config

    write_server_config(settings(data=data), out, store, port, output)


@token.command("create")
def token_create(
    user: str,
    scope: Annotated[list[str] | None, typer.Option(help="read, approve; default: both.")] = None,
    days: Annotated[int, typer.Option(min=1, help="How long it is good for.")] = 30,
    output: Out = Format.TABLE,
    data: Data = None,
) -> None:
    """A personal token for a user; it is printed once."""
    from nocmesh.cli.admin import create_token

    do(create_token(settings(data=data), user, scope or ["read", "approve"], days, output))
