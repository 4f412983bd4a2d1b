"""Answers of Cisco NX-OS and IOS-XR by platform and command; see ``nxos_texts`` and ``xr_texts``."""

from bridges.platforms import nxos_texts, xr_texts
from bridges.platforms.captures import NXOS_ARP, NXOS_OSPF, NXOS_VLANS

ANSWERS: dict[tuple[str, str], str] = {
    ("cisco_nxos", "show running-config"): nxos_texts.CONFIG,
    ("cisco_nxos", "show ip bgp neighbors"): nxos_texts.BGP,
    ("cisco_nxos", "show ip arp"): NXOS_ARP,
    ("cisco_nxos", "show lldp neighbors"): nxos_texts.LLDP,
    ("cisco_nxos", "show cdp neighbors"): nxos_texts.CDP,
    ("cisco_nxos", "show ip ospf"): NXOS_OSPF,
    ("cisco_nxos", "show ip ospf interface"): nxos_texts.OSPF_PORTS,
    ("cisco_nxos", "show ip ospf neighbors"): nxos_texts.OSPF_NEAR,
    ("cisco_nxos", "show isis adjacency"): nxos_texts.ISIS,
    ("cisco_nxos", "show mac address-table"): nxos_texts.MACS,
    ("cisco_nxos", "show vlan"): NXOS_VLANS,
    ("cisco_nxos", "show logging last 200"): nxos_texts.LOG,
    ("cisco_nxos", "show system resources"): nxos_texts.RESOURCES,
    ("cisco_iosxr", "show running-config"): xr_texts.CONFIG,
    ("cisco_iosxr", "show bgp neighbors"): xr_texts.BGP,
    ("cisco_iosxr", "show ospf interface"): xr_texts.OSPF,
    ("cisco_iosxr", "show ospf neighbor"): xr_texts.NEAR,
    ("cisco_iosxr", "show isis neighbors"): xr_texts.ISIS,
    ("cisco_iosxr", "show arp"): xr_texts.ARP,
    ("cisco_iosxr", "show cdp neighbors"): xr_texts.CDP,
    ("cisco_iosxr", "show logging last 200"): xr_texts.LOG,
}
