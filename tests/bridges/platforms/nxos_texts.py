"""Answers in the words of Cisco NX-OS, with addresses and names of documentation."""

CONFIG = """
!Command: show running-config
!Running configuration last done at: Mon Nov 23 10:00:00 2026
!Time: Mon Nov 23 11:00:00 2026

version 9.3(5) Bios:version 07.68
hostname leaf1
feature bgp
banner motd #
The system is down? Call 555-0100
#
interface Vlan10
  no shutdown
  ip address 192.0.2.33/28
interface Ethernet1/1
  ip router ospf UNDERLAY area 0.0.0.0
  ip ospf mtu-ignore
  ip router isis 1
  isis network point-to-point
  isis metric 10 level-2
  isis authentication-type md5 level-2
interface loopback0
  ip router isis 1
  isis passive-interface level-1-2
router ospf UNDERLAY
  router-id 192.0.2.1
router isis 1
  net 49.0001.1920.0000.2001.00
  is-type level-2
router bgp 64496
  router-id 192.0.2.1
  address-family ipv4 unicast
    network 198.51.100.0/24
  template peer SPINES
    remote-as 64497
    update-source loopback0
    password 3 HIDDEN
    address-family ipv4 unicast
      maximum-prefix 500
  neighbor 192.0.2.2
    inherit peer SPINES
    description to spine 1
  neighbor 192.0.2.9 remote-as 64499
    ebgp-multihop 3
    shutdown
  vrf red
    neighbor 203.0.113.1 remote-as 64511
"""
BGP = """BGP neighbor is 192.0.2.2,  remote AS 64497, ebgp link,  Peer index 1
  Inherits peer configuration from peer-template SPINES
  Description: to spine 1
  BGP version 4, remote router ID 192.0.2.2
  BGP state = Established, up for 1d01h
  Using loopback0 as update source for this peer
  TCP MD5 authentication is set (enabled)
  Connections established 3, dropped 2
  Last reset by us 1d10h, due to holdtimer expired error
  Last reset by peer 1w1d, due to administratively shutdown

  Message statistics:
\t\t              Sent               Rcvd
  Opens:                         4                  4

  For address family: IPv4 Unicast
  BGP table version 512, neighbor version 512
  41 accepted paths consume 5084 bytes of memory
  5 sent paths

  For address family: L2VPN EVPN
  310 accepted paths consume 38440 bytes of memory
  77 sent paths

  Local host: 192.0.2.1, Local port: 40001
  Foreign host: 192.0.2.2, Foreign port: 179
  fd = 82

BGP neighbor is 192.0.2.9,  remote AS 64499, ebgp link,  Peer index 2
  BGP state = Shut (Admin), down for 02:20:09
  Connections established 0, dropped 0
  Last reset by us never, due to No error
  Last reset by peer never, due to No error

  For address family: IPv4 Unicast
  0 accepted paths consume 0 bytes of memory
  0 sent paths

  No established BGP session with peer
"""
LLDP = """Capability codes:
  (R) Router, (B) Bridge, (T) Telephone, (C) DOCSIS Cable Device
  (W) WLAN Access Point, (P) Repeater, (S) Station, (O) Other
Device ID            Local Intf      Hold-time  Capability  Port ID
spine1-with-a-long-name.example.net
                     Eth1/1          120        BR          Ethernet1/1
fw1                  Eth1/5          120                     ethernet1/9
Total entries displayed: 2
"""
CDP = """Capability Codes: R - Router, T - Trans-Bridge, B - Source-Route-Bridge
                  S - Switch, H - Host, I - IGMP, r - Repeater,

Device-ID          Local Intrfce  Hldtme Capability  Platform      Port ID
access1             mgmt0          155    R S I     WS-C2960-24   Fas0/7
spine1-with-a-long-name.example.net(FDO00000001)
                    Eth1/1         141    R S s     N9K-C9336   Eth1/1
"""
OSPF_PORTS = """ Ethernet1/1 is up, line protocol is up
    IP address 192.0.2.5/31
    Process ID UNDERLAY VRF default, area 0.0.0.0
    State P2P, Network type P2P, cost 40
    Index 3, Transmit delay 1 sec
    1 Neighbors, flooding to 1, adjacent with 1
    Timer intervals: Hello 2, Dead 6, Wait 6, Retransmit 5
    Message-digest authentication, using key id 1
    Number of opaque link LSAs: 1, checksum sum 0x1234
 Vlan10 is up, line protocol is up
    IP address 192.0.2.33/28
    Process ID UNDERLAY VRF default, area 0.0.0.10
    State DR, Network type BROADCAST, cost 40
    Index 4, Passive interface
 loopback0 is up, line protocol is up
    IP address 192.0.2.1/32
    Process ID UNDERLAY VRF default, area 0.0.0.0
    State LOOPBACK, Network type LOOPBACK, cost 1
    Index 1
 Vlan20 is up, line protocol is up
    IP address 203.0.113.9/30
    Process ID RED VRF red, area 0.0.0.0
    State DOWN, Network type P2P, cost 1
    No authentication
"""
OSPF_NEAR = """ OSPF Process ID UNDERLAY VRF default
 Total number of neighbors: 1
 Neighbor ID     Pri State            Up Time  Address         Interface
 192.0.2.2         1 FULL/ -          2y0w     192.0.2.4       Eth1/1
 OSPF Process ID RED VRF red
 Total number of neighbors: 1
 Neighbor ID     Pri State            Up Time  Address         Interface
 203.0.113.2       1 INIT/DROTHER     -        203.0.113.10    Vlan20
"""
ISIS = """IS-IS process: 1 VRF: default
IS-IS adjacency database:
Legend: '!': No AF level connectivity in given topology
System ID       SNPA            Level  State  Hold Time  Interface
spine1          N/A             2      UP     00:00:31   Ethernet1/1
1920.0000.2003  0200.5e00.5304  1-2    INIT   00:00:29   port-channel1.1

IS-IS process: 1 VRF: red
IS-IS adjacency database:
Legend: '!': No AF level connectivity in given topology
System ID       SNPA            Level  State  Hold Time  Interface
red1            N/A             2      UP     00:00:31   Ethernet1/1.100
"""
MACS = """Legend:
        * - primary entry, G - Gateway MAC, (R) - Routed MAC, O - Overlay MAC
        age - seconds since last seen,+ - primary entry using vPC Peer-Link,
        (T) - True, (F) - False, C - ControlPlane MAC, ~ - vsan
   VLAN     MAC Address      Type      age     Secure NTFY Ports
---------+-----------------+--------+---------+------+----+------------------
*   10     0200.5e00.5301   dynamic  0         F      F    Eth1/5
+   10     0200.5e00.5302   dynamic  0         F      F    Po103
G    -     0200.5e00.5303   static   -         F      F    sup-eth1(R)
"""
LOG = """2026 Nov 23 10:58:12 leaf1 %ETHPORT-5-IF_DOWN_LINK_FAILURE: Interface Ethernet1/5 is down (Link failure)
a line that somebody else wrote
2026 Nov 23 10:59:01.250 leaf1 %BGP-3-MD5_BADAUTH:  bgp- [1234] Bad authentication from 192.0.2.2
"""
RESOURCES = """Load average:   1 minute: 0.21   5 minutes: 0.25   15 minutes: 0.30
Processes   :   640 total, 1 running
CPU states  :   3.00% user,    7.50% kernel,   89.50% idle
        CPU0 states  :   3.10% user,    7.90% kernel,   89.00% idle
Memory usage:   8000000K total,   5000000K used,   3000000K free
Current memory status: OK
"""
