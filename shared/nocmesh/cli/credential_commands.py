"""``nocmesh credential``: the store of device credentials. A secret is read from standard input, or asked for."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from nocmesh.cli.doing import do, settings
from nocmesh.cli.options import Data, Out
from nocmesh.cli.output import Format

group = typer.Typer(
    name="credential", help="The encrypted store of device credentials.", no_args_is_help=True, rich_markup_mode=None
)
Name = Annotated[str, typer.Argument(help="What the inventory calls it.")]
Stdin = "Read it from standard input; several: one a line, in the order of this page."


@group.command("add")
def credential_add(
    name: Name,
    username: Annotated[str, typer.Option(help="As whom to sign in; SNMP alone needs none.")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help=Stdin)] = False,
    enable_password_stdin: Annotated[bool, typer.Option("--enable-password-stdin", help=Stdin)] = False,
    passphrase_stdin: Annotated[bool, typer.Option("--passphrase-stdin", help="Of the private key; likewise.")] = False,
    community_stdin: Annotated[bool, typer.Option("--community-stdin", help="Of SNMP 1 and 2c; likewise.")] = False,
    auth_password_stdin: Annotated[bool, typer.Option("--auth-password-stdin", help="Of SNMPv3; likewise.")] = False,
    privacy_password_stdin: Annotated[
        bool, typer.Option("--privacy-password-stdin", help="Of SNMPv3; likewise.")
    ] = False,
    private_key_file: Annotated[Path | None, typer.Option(help="A private key; it is copied into the store.")] = None,
    prompt: Annotated[bool, typer.Option("--prompt", help="Ask for password and enable password, unseen.")] = False,
    device: Annotated[list[str] | None, typer.Option(help="Bind it to this device; may be repeated.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of one of that name.")] = False,
    output: Out = Format.TABLE,
    data: Data = None,
) -> None:
    """Put a credential into the store; the first one makes the store."""
    from nocmesh.cli.credential import Wish, add

    from_stdin = {
        "password": password_stdin,
        "enable_password": enable_password_stdin,
        "passphrase": passphrase_stdin,
        "community": community_stdin,
        "auth_password": auth_password_stdin,
        "privacy_password": privacy_password_stdin,
    }
    wish = Wish(
        name=name,
        username=username,
        from_stdin=[field for field, wanted in from_stdin.items() if wanted],
        private_key_file=private_key_file,
        prompt=prompt,
        devices=device or [],
        again=replace,
    )
    add(settings(data=data), wish, output)


@group.command("list")
def credential_list(output: Out = Format.TABLE, data: Data = None) -> None:
    """What is in the store, without any secret; no key is needed."""
    from nocmesh.cli.credential import list_all

    list_all(settings(data=data), output)


@group.command("show")
def credential_show(name: Name, output: Out = Format.TABLE, data: Data = None) -> None:
    """One credential, without any secret; no key is needed."""
    from nocmesh.cli.credential import show

    show(settings(data=data), name, output)


@group.command("remove")
def credential_remove(name: Name, output: Out = Format.TABLE, data: Data = None) -> None:
    """Take a credential out of the store."""
    from nocmesh.cli.credential import remove

    remove(settings(data=data), name, output)


@group.command("rotate")
def credential_rotate(
    new_key_stdin: Annotated[
        bool, typer.Option("--new-key-stdin", help="The next CREDENTIAL_ENCRYPTION_KEY, from standard input.")
    ] = False,
    prompt: Annotated[bool, typer.Option("--prompt", help="Ask for it, unseen.")] = False,
    key_file: Annotated[
        bool, typer.Option("--key-file", help="Go over from CREDENTIAL_ENCRYPTION_KEY to a key file beside the store.")
    ] = False,
    output: Out = Format.TABLE,
    data: Data = None,
) -> None:
    """Lock the store with another key; the secrets in it stay as they are. A key file gets a new key by itself."""
    from nocmesh.cli.credential import rotate

    rotate(settings(data=data), output, stdin=new_key_stdin, prompt=prompt, key_file=key_file)


@group.command("test")
def credential_test(
    name: Name,
    inventory: Annotated[Path, typer.Option(help="The inventory that has the device.")],
    device: Annotated[str, typer.Option(help="The device to sign in to.")],
    output: Out = Format.TABLE,
    data: Data = None,
) -> None:
    """Sign in to a device with a credential of the store, as the bridge would; ends with 1 when that fails."""
    from nocmesh.cli.credential import attempt

    sys.exit(do(attempt(settings(data=data, inventory=inventory), name, device, output)))
