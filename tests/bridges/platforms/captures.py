"""What real devices printed, and the rows that the authors of ntc-templates expect of it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from nocmesh.messages.state import DeviceState, Output, View
from nocmesh_bridges.platforms import asks, judged, state

OWN = Path(__file__).parent / "samples" / "captured"
MORE = Path(os.environ.get("NOCMESH_SHOW") or Path(__file__).parents[3].parent / "shared" / "show")
"""Many more of them, where they lie beside the project."""
Row = Mapping[str, str]

IOS_PROCESS = """ Routing Process "ospf 1" with ID 10.0.0.9
 Number of areas in this router is 1. 1 normal 0 stub 0 nssa
    Area BACKBONE(0)
        Number of interfaces in this area is 1
        Flood list length 0
"""
IOS_BUNDLES = "Number of channel-groups in use: 0\nGroup  Port-channel  Protocol    Ports\n------+-----\n"
EOS_BUNDLES = "Number of channels in use: 0\n   Port-Channel       Protocol     Ports\n"
VLAN_HEAD = "VLAN  Name      Status    Ports\n----- --------- --------- -----\n"
JUNOS_OSPF = "Interface  State  Area  DR ID  BDR ID  Nbrs\nge-0/0/2.0  PtToPt  0.0.0.0  0.0.0.0  0.0.0.0  1\n"
NXOS_VLANS = VLAN_HEAD + "1  default  active\n77  spare  active\nPrimary  Secondary  Type  Ports\n"
NXOS_ARP = "IP ARP Table for context default\nTotal number of entries: 0\nAddress  Age  MAC Address  Interface\n"
NXOS_OSPF = """ Routing Process 1 with ID 10.0.0.9 VRF default
 Number of areas is 1, 1 normal, 0 stub, 0 nssa
   Area BACKBONE(0.0.0.0)
     Number of LSAs: 1, checksum sum 0x1234
"""
NXOS_RUNNING = (
    "!Command: show running-config\nversion 9.3(5)\nhostname r\nrouter isis 1\n  net 49.0001.0000.0000.0001.00\n"
)
XR_RUNNING = "hostname r\nrouter isis 1\n net 49.0001.0000.0000.0001.00\n!\nend\n"
XR_OSPF = """Loopback0 is up, line protocol is up
  Internet Address 10.0.0.9/32, Area 0
  Process ID 1, Router ID 10.0.0.9, Network Type LOOPBACK, Cost: 1
  Loopback interface is treated as a stub Host
"""
QUIET: dict[tuple[str, str], str] = {
    (
        "cisco_iosxe",
        "show running-config",
    ): "version 15.9\nhostname r\nrouter isis\n net 49.0001.0000.0000.0001.00\nend\n",
    ("cisco_iosxe", "show ip ospf"): IOS_PROCESS,
    ("cisco_iosxe", "show vlan brief"): VLAN_HEAD + "1    default   active\n77   spare     active\n",
    ("cisco_iosxe", "show etherchannel summary"): IOS_BUNDLES,
    ("cisco_iosxe", "show ip arp"): "Protocol  Address  Age (min)  Hardware Addr   Type   Interface\n",
    ("arista_eos", "show running-config"): "hostname r\nrouter ospf 1\n   router-id 10.0.0.9\nend\n",
    ("arista_eos", "show ip ospf interface brief"): (
        "   Interface  Instance VRF  Area  IP Address  Cost  State  Nbrs\n"
        "   Et9  1  red  0.0.0.0  10.0.0.1/24  10  P2P  1\n"
    ),
    ("arista_eos", "show vlan"): VLAN_HEAD,
    ("arista_eos", "show port-channel summary"): EOS_BUNDLES,
    ("arista_eos", "show interfaces status"): "Port  Name  Status  Vlan  Duplex Speed  Type\n",
    ("juniper_junos", "show configuration | display set"): "set version 21.4R3\nset protocols isis interface all\n",
    ("juniper_junos", "show ospf interface"): JUNOS_OSPF,
    ("cisco_nxos", "show running-config"): NXOS_RUNNING,
    ("cisco_nxos", "show ip ospf"): NXOS_OSPF,
    ("cisco_nxos", "show vlan"): NXOS_VLANS,
    ("cisco_nxos", "show ip arp"): NXOS_ARP,
    ("cisco_iosxr", "show running-config"): XR_RUNNING,
    ("cisco_iosxr", "show ospf interface"): XR_OSPF,
}
"""What the other commands of a view answer when there is little to say."""


@dataclass(frozen=True)
class Use:
    """A command in use, and the view that it feeds."""

    folder: str
    platform: str
    command: str
    view: View


_TABLE: tuple[tuple[str, str, tuple[tuple[str, str, View], ...]], ...] = (
    (
        "cisco_ios",
        "cisco_iosxe",
        (
            ("show_interfaces", "show interfaces", "interfaces"),
            ("show_arp", "show ip arp", "neighbors"),
            ("show_lldp_neighbors", "show lldp neighbors", "neighbors"),
            ("show_ip_route", "show ip route", "routes"),
            ("show_ip_access-lists", "show ip access-lists", "filters"),
            ("show_ip_bgp_neighbors", "show ip bgp neighbors", "bgp"),
            ("show_ip_ospf_neighbor", "show ip ospf neighbor", "ospf"),
            ("show_isis_neighbors", "show isis neighbors", "isis"),
            ("show_mac-address-table", "show mac address-table", "mac_table"),
            ("show_interfaces_switchport", "show interfaces switchport", "switching"),
            ("show_etherchannel_summary", "show etherchannel summary", "switching"),
            ("show_processes_cpu", "show processes cpu", "processes"),
            ("show_processes_memory_sorted", "show processes memory sorted", "system"),
            ("show_version", "show version", "system"),
        ),
    ),
    (
        "cisco_nxos",
        "cisco_nxos",
        (
            ("show_interface", "show interface", "interfaces"),
            ("show_ip_arp", "show ip arp", "neighbors"),
            ("show_lldp_neighbors", "show lldp neighbors", "neighbors"),
            ("show_cdp_neighbors", "show cdp neighbors", "neighbors"),
            ("show_ip_route", "show ip route", "routes"),
            ("show_ip_bgp_neighbors", "show ip bgp neighbors", "bgp"),
            ("show_ip_ospf_neighbor", "show ip ospf neighbors", "ospf"),
            ("show_mac_address-table", "show mac address-table", "mac_table"),
            ("show_interface_switchport", "show interface switchport", "switching"),
            ("show_vlan", "show vlan", "switching"),
            ("show_port-channel_summary", "show port-channel summary", "switching"),
            ("show_version", "show version", "system"),
        ),
    ),
    (
        "cisco_xr",
        "cisco_iosxr",
        (
            ("show_interfaces", "show interfaces", "interfaces"),
            ("show_arp", "show arp", "neighbors"),
            ("show_lldp_neighbors", "show lldp neighbors", "neighbors"),
            ("show_ip_route", "show route ipv4", "routes"),
            ("show_bgp_neighbors", "show bgp neighbors", "bgp"),
            ("show_ospf_neighbor", "show ospf neighbor", "ospf"),
            ("show_isis_neighbors", "show isis neighbors", "isis"),
            ("show_processes_cpu", "show processes cpu", "system"),
            ("show_version", "show version", "system"),
        ),
    ),
    (
        "arista_eos",
        "arista_eos",
        (
            ("show_interfaces", "show interfaces", "interfaces"),
            ("show_ip_route", "show ip route", "routes"),
            ("show_ip_bgp_summary", "show ip bgp summary", "bgp"),
            ("show_ip_ospf_interface_brief", "show ip ospf interface brief", "ospf"),
            ("show_ip_ospf_neighbor", "show ip ospf neighbor", "ospf"),
            ("show_mac_address-table", "show mac address-table", "mac_table"),
            ("show_interfaces_status", "show interfaces status", "switching"),
            ("show_vlan", "show vlan", "switching"),
            ("show_port-channel_summary", "show port-channel summary", "switching"),
            ("show_processes_top_once", "show processes top once", "processes"),
            ("show_version", "show version", "system"),
        ),
    ),
    (
        "juniper_junos",
        "juniper_junos",
        (
            ("show_interfaces", "show interfaces", "interfaces"),
            ("show_lldp_neighbors", "show lldp neighbors", "neighbors"),
            ("show_bgp_summary", "show bgp summary", "bgp"),
            ("show_ospf_neighbor", "show ospf neighbor", "ospf"),
            ("show_isis_adjacency", "show isis adjacency", "isis"),
            ("show_system_processes_brief", "show system processes brief", "system"),
            ("show_version", "show version", "system"),
        ),
    ),
)
USES = [
    Use(f"{short}/{folder}", platform, command, view)
    for short, platform, rows in _TABLE
    for folder, command, view in rows
]
VERSIONS = {
    "cisco_iosxe": "Cisco IOS Software, Version 15.9,\nr uptime is 1 day\nConfiguration register is 0x2102\n",
    "juniper_junos": "Hostname: r\nJunos: 21.4R3\n",
    "cisco_iosxr": "Cisco IOS XR Software, Version 7.5.2\nSystem uptime is 1 day\n",
}
NO_ANSWERS = frozenset(
    [
        "cisco_nxos_show_interface7",
        "cisco_nxos_show_interface9",
        "cisco_nxos_show_interface12",
        "cisco_nxos_show_ip_arp",
        "cisco_nxos_show_ip_ospf_neighbor_vrf_all",
        "cisco_nxos_show_ip_route_vrf2",
        "cisco_nxos_show_lldp_neighbors_multiline",
        "cisco_nxos_show_port-channel_summary",
        "cisco_xr_show_ip_route_qaud_zero",
        "cisco_xr_show_ip_route_vrf",
        "cisco_xr_show_ip_route_vrf_all",
    ]
)
"""Not what the device answers to the command in use: lines were lost or added, a prompt stands above, it tells of
other VRFs or of one prefix, or another vendor's switch speaks."""


def samples(root: Path) -> list[tuple[Use, Path]]:
    """Each answer under ``root`` with its use."""
    return [(use, path) for use, path in _found(root) if path.stem not in NO_ANSWERS]


def no_answers(root: Path) -> list[tuple[Use, Path]]:
    """What lies among them and is none."""
    return [(use, path) for use, path in _found(root) if path.stem in NO_ANSWERS]


def _found(root: Path) -> list[tuple[Use, Path]]:
    return [(use, path) for use in USES for path in sorted((root / use.folder).glob("*.raw"))]


def named(value: object) -> str:
    """How a test of an answer is called."""
    return value.command if isinstance(value, Use) else value.stem if isinstance(value, Path) else ""


def outputs(use: Use, text: str) -> list[Output]:
    """``text`` as the answer of the command, among quiet ones."""
    quiet = dict(QUIET) | {(platform, "show version"): version for platform, version in VERSIONS.items()}
    return [
        Output(
            command=ask.command, text=text if ask.command == use.command else quiet.get((use.platform, ask.command), "")
        )
        for ask in asks(use.platform, [use.view])
    ]


def seen(use: Use, text: str) -> DeviceState:
    """The view that ``text`` feeds."""
    return state("r1", use.platform, [use.view], judged(use.platform, outputs(use, text)))


def expected(path: Path) -> list[Row]:
    """The rows that are expected of an answer."""
    parsed = YAML(typ="safe").load(path.with_suffix(".yml").read_text(encoding="utf-8"))
    rows: list[Row] = parsed["parsed_sample"]
    return rows
