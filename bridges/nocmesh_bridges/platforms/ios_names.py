"""Interface names as Cisco IOS, NX-OS and IOS-XR and Arista EOS shorten them in their tables, in full. Pure."""

import re
from collections.abc import Mapping

IOS: Mapping[str, str] = {
    "Gi": "GigabitEthernet",
    "Te": "TenGigabitEthernet",
    "Fa": "FastEthernet",
    "Et": "Ethernet",
    "Eth": "Ethernet",
    "Tw": "TwoGigabitEthernet",
    "Twe": "TwentyFiveGigE",
    "Fi": "FiveGigabitEthernet",
    "Fo": "FortyGigabitEthernet",
    "Hu": "HundredGigE",
    "Ap": "AppGigabitEthernet",
    "Se": "Serial",
    "PO": "POS",
    "Po": "Port-channel",
    "Lo": "Loopback",
    "Tu": "Tunnel",
    "Vl": "Vlan",
    "Nu": "Null",
    "Mu": "Multilink",
    "Di": "Dialer",
}
EOS: Mapping[str, str] = {
    "Et": "Ethernet",
    "Po": "Port-Channel",
    "Ma": "Management",
    "Vl": "Vlan",
    "Lo": "Loopback",
    "Tu": "Tunnel",
    "Vx": "Vxlan",
}
NXOS: Mapping[str, str] = {**IOS, "Po": "port-channel", "Lo": "loopback"}
"""Neighbours name their ports in the words of IOS, so those are understood too."""
XR: Mapping[str, str] = {
    **IOS,
    "Te": "TenGigE",
    "TF": "TwentyFiveGigE",
    "Fo": "FortyGigE",
    "Fi": "FiftyGigE",
    "FH": "FourHundredGigE",
    "BE": "Bundle-Ether",
    "Mg": "MgmtEth",
    "BV": "BVI",
    "tt": "tunnel-te",
    "ti": "tunnel-ip",
}
_KINDS = (
    ("loopback", "loopback"),
    ("vlan", "vlan"),
    ("port-channel", "lag"),
    ("bundle-ether", "lag"),
    ("tunnel", "tunnel"),
    ("vxlan", "tunnel"),
    ("nve", "tunnel"),
    ("bvi", "bridge"),
    ("serial", "serial"),
    ("management", "ethernet"),
    ("mgmt", "ethernet"),
    ("null", "null"),
)


def full_name(text: str, names: Mapping[str, str] = IOS) -> str:
    """`Gi1/0/1` is `GigabitEthernet1/0/1`; what is no short name stays as it is."""
    match = re.fullmatch(r"(?P<kind>[A-Za-z]+)(?P<number>\d[\w/.:]*)", text.strip())
    return names.get(match["kind"], match["kind"]) + match["number"] if match else text.strip()


def kind_of(name: str) -> str:
    """What an interface is, by its full name; empty when that does not tell."""
    lowered = name.lower()
    if re.search(r"ethernet|gige\d", lowered):
        return "ethernet"
    return next((kind for start, kind in _KINDS if lowered.startswith(start)), "")
