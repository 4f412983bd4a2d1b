"""What ``nocmesh inventory`` does."""

from collections import Counter
from pathlib import Path
from typing import Any

from nocmesh.cli.output import Format, as_json, put, say, show_list, show_one
from nocmesh.errors import PreconditionError
from nocmesh.inventory import check_keys, load_inventory
from nocmesh.netbox import entry_of, read_netbox
from nocmesh.safe.store import names_stored
from nocmesh.settings import Settings
from nocmesh.yamlfile import dumped

COLUMNS = ("name", "platform", "address", "role", "site", "credential")
HEAD = """# From {url}
# Add the credential that the devices name, here or to the store, then: nocmesh inventory check FILE
"""


def check(file: Path, settings: Settings, form: Format) -> None:
    """Print what is in ``file``; the store of the settings has the credentials that it only names.

    Raises InvalidInputError that names every mistake with its line, NotFoundError, PreconditionError (a key's file).
    """
    inventory = load_inventory(file, stored=names_stored(settings))
    check_keys(inventory)
    facts: dict[str, Any] = {
        "file": str(file),
        "devices": len(inventory.devices),
        "links": len(inventory.links),
        "users": len(inventory.users),
        "platforms": dict(sorted(Counter(device.platform for device in inventory.devices).items())),
        "core": [device.name for device in inventory.devices if device.device.core],
    }
    show_one(facts, "file", form)


def from_netbox(address: str, token_env: str, credential: str, out: Path | None, form: Format) -> int:
    """Write the inventory to ``out``, always as YAML, or print it; 1 when NetBox gave no device that can be ours.

    Raises NocmeshError.
    """
    entry = entry_of(address, token_env, credential)
    found = read_netbox(entry)
    for reason in found.left_out:
        say(f"left out: {reason}")
    say(f"{len(found.devices)} devices, {len(found.links)} links; {len(found.left_out)} left out")
    data = {"version": 1, "devices": found.devices, "links": found.links}
    text = HEAD.format(url=entry.url) + dumped(data)
    if out is None:
        if form is Format.YAML:
            put(text.rstrip())
        elif form is Format.JSON:
            put(as_json(data))
        else:
            show_list(found.devices, COLUMNS, "name", form)
        return 0 if found.devices else 1
    try:
        out.write_text(text)
    except OSError as wrong:
        raise PreconditionError(f"{out} cannot be written: {wrong.strerror}; give another file") from wrong
    return 0 if found.devices else 1
