"""What ``nocmesh inventory`` does."""

from collections import Counter
from pathlib import Path
from typing import Any

from nocmesh.cli.output import Format, put, say, show_one
from nocmesh.errors import PreconditionError
from nocmesh.inventory import load_inventory
from nocmesh.netbox import entry_of, read_netbox
from nocmesh.yamlfile import dumped

HEAD = """# From {url}
# Add the credential that the devices name, then: nocmesh inventory check FILE
"""


def check(file: Path, form: Format) -> None:
    """Print what is in ``file``. Raises InvalidInputError that names every mistake with its line, NotFoundError."""
    inventory = load_inventory(file)
    facts: dict[str, Any] = {
        "file": str(file),
        "devices": len(inventory.devices),
        "links": len(inventory.links),
        "users": len(inventory.users),
        "platforms": dict(sorted(Counter(device.platform for device in inventory.devices).items())),
        "core": [device.name for device in inventory.devices if device.device.core],
    }
    show_one(facts, "file", form)


def from_netbox(address: str, token_env: str, credential: str, out: Path | None) -> int:
    """Write the inventory; 1 when NetBox gave no device that can be one of ours. Raises NocmeshError."""
    entry = entry_of(address, token_env, credential)
    found = read_netbox(entry)
    for reason in found.left_out:
        say(f"left out: {reason}")
    say(f"{len(found.devices)} devices, {len(found.links)} links; {len(found.left_out)} left out")
    text = HEAD.format(url=entry.url) + dumped({"version": 1, "devices": found.devices, "links": found.links})
    if out is None:
        put(text.rstrip())
        return 0 if found.devices else 1
    try:
        out.write_text(text)
    except OSError as wrong:
        raise PreconditionError(f"{out} cannot be written: {wrong.strerror}; give another file") from wrong
    return 0 if found.devices else 1
