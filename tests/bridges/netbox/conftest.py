"""A NetBox to read from is a plain module, `shared.netbox_server`."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2]))
from shared.netbox_server import TOKEN, NetBox, cable, device, interface, ip_address, serving


@pytest.fixture
def netbox(monkeypatch: pytest.MonkeyPatch) -> Iterator[NetBox]:
    """Two routers with a cable between them at one site, one at another."""
    monkeypatch.setenv("NETBOX_TOKEN", TOKEN)
    there = NetBox(
        devices=[
            device(1, "r1", "10.0.0.1/24"),
            device(2, "r2", "10.0.0.2/24"),
            device(3, "r3", "10.0.0.3/24", site={"id": 2, "name": "Frankfurt", "slug": "fra"}),
        ],
        interfaces=[interface(11, 1, "eth0"), interface(12, 2, "eth0"), interface(13, 3, "eth0", description="spare")],
        addresses=[ip_address(21, "10.0.0.1/24", 11)],
        cables=[cable(31, 11, 12)],
    )
    with serving(there):
        yield there
