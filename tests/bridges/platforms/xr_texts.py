"""Answers in the words of Cisco IOS-XR, with addresses and names of documentation."""

from bridges.platforms.captures import XR_OSPF

TIME = "Mon Nov 23 12:45:19.310 UTC\n"
CONFIG = """Mon Nov 23 12:45:19.310 UTC
Building configuration...
!! IOS XR Configuration 7.5.2
!! Last configuration change at Mon Nov 23 10:00:00 2026 by ops
!
hostname pe1
banner motd ^C
Unauthorised access is refused.
^C
interface Loopback0
 ipv4 address 192.0.2.1 255.255.255.255
!
prefix-set CUSTOMERS
  198.51.100.0/24
end-set
!
route-policy PASS
  pass
end-policy
!
router isis CORE
 is-type level-2-only
 net 49.0001.1920.0000.2001.00
 address-family ipv4 unicast
  metric-style wide
 !
 interface Loopback0
  passive
  address-family ipv4 unicast
  !
 !
 interface GigabitEthernet0/0/0/1
  point-to-point
  hello-password hmac-md5 encrypted HIDDEN
  address-family ipv4 unicast
   metric 10
  !
 !
!
router ospf 1
 router-id 192.0.2.1
 area 0
  interface GigabitEthernet0/0/0/0
   mtu-ignore enable
  !
 !
 area 10
  stub no-summary
  interface GigabitEthernet0/0/0/3
  !
 !
!
router bgp 64496
 bgp router-id 192.0.2.1
 address-family ipv4 unicast
  network 198.51.100.0/24
 !
 neighbor-group RR
  remote-as 64496
  update-source Loopback0
  address-family ipv4 unicast
  !
 !
 neighbor 192.0.2.2
  use neighbor-group RR
  password encrypted HIDDEN
  description to the reflector
 !
 neighbor 192.0.2.9
  remote-as 64499
  ebgp-multihop 3
  shutdown
  address-family ipv4 unicast
   route-policy PASS in
   maximum-prefix 500 75
  !
 !
 vrf red
  neighbor 203.0.113.1
   remote-as 64511
  !
 !
!
end
"""
BGP = (
    TIME
    + """
BGP neighbor is 192.0.2.2
 Remote AS 64496, local AS 64496, internal link
 Description: to the reflector
 Remote router ID 192.0.2.2
  BGP state = Established, up for 2w3d
  NSR State: NSR Ready
  Last write pulse rcvd  Nov 11 05:00:00.000 last full not set pulse count 12

 For Address Family: IPv4 Unicast
  900 accepted prefixes, 800 are bestpaths
  Prefix advertised 170, suppressed 0, withdrawn 19

  Connections established 2; dropped 1
  Local host: 192.0.2.1, Local port: 179
  Foreign host: 192.0.2.2, Foreign port: 13617
  Last reset 2w3d, due to BGP Notification sent: hold time expired
  Peer reset reason: Remote closed the session (No error)

BGP neighbor is 192.0.2.9
 Remote AS 64499, local AS 64496, external link
 Administratively shut down
 Remote router ID 0.0.0.0
  BGP state = Idle (Neighbor is shutdown)

 For Address Family: IPv4 Unicast
  0 accepted prefixes, 0 are bestpaths
  Prefix advertised 0, suppressed 0, withdrawn 0

  Connections established 0; dropped 0
  Local host: 0.0.0.0, Local port: 0
  Foreign host: 192.0.2.9, Foreign port: 0
  Last reset 00:00:00
"""
)
OSPF = TIME + (
    """
Interfaces for OSPF 1

"""
    + XR_OSPF
    + """GigabitEthernet0/0/0/0 is up, line protocol is up
  Internet Address 192.0.2.5/30, Area 0, SID 0, Strict-SPF SID 0
  Label stack Primary label 1 Backup label 3 SRTE label 10
  Process ID 1, Router ID 10.0.0.9, Network Type POINT_TO_POINT, Cost: 40
  Transmit Delay is 1 sec, State POINT_TO_POINT, MTU 1500, MaxPktSz 1500
  Timer intervals configured, Hello 5, Dead 20, Wait 20, Retransmit 5
    Hello due in 00:00:03:100
  Neighbor Count is 1, Adjacent neighbor count is 1
    Adjacent with neighbor 192.0.2.2
  Suppress hello for 0 neighbor(s)
  Message digest authentication enabled
    Youngest key id is 1
  Multi-area interface Count is 0
GigabitEthernet0/0/0/3 is administratively down, line protocol is down
  Internet Address 192.0.2.9/30, Area 10
  Process ID 1, Router ID 10.0.0.9, Network Type BROADCAST, Cost: 1
  Transmit Delay is 1 sec, State DOWN, Priority 1, MTU 1500, MaxPktSz 1500
  Timer intervals configured, Hello 10, Dead 40, Wait 40, Retransmit 5
  Neighbor Count is 0, Adjacent neighbor count is 0
  Multi-area interface Count is 0
"""
)
NEAR = (
    TIME
    + """
* Indicates MADJ interface
# Indicates Neighbor awaiting BFD session up

Neighbors for OSPF 1

Neighbor ID     Pri   State           Dead Time   Address         Interface
192.0.2.2       1     2WAY/DROTHER    00:00:39    192.0.2.6       GigabitEthernet0/0/0/0
    Neighbor is up for 1w2d

Total neighbor count: 1
"""
)
ISIS = (
    TIME
    + """
IS-IS CORE neighbors:
System Id      Interface        SNPA           State Holdtime Type IETF-NSF
p1             Gi0/0/0/1        *PtoP*         Up    25       L2   Capable
p2             BE10.10          0200.5e00.5302 Init  18       L1L2 Unable

Total neighbor count: 2
"""
)
ARP = (
    TIME
    + """
-------------------------------------------------------------------------------
0/RP0/CPU0
-------------------------------------------------------------------------------
Address         Age        Hardware Addr   State      Type  Interface
192.0.2.1       -          0200.5e00.5301  Interface  ARPA  MgmtEth0/RP0/CPU0/0
192.0.2.7       00:00:03   0000.0000.0000  Incomplete ARPA  MgmtEth0/RP0/CPU0/0
"""
)
CDP = (
    TIME
    + """
Capability Codes: R - Router, T - Trans Bridge, B - Source Route Bridge
                  S - Switch, H - Host, I - IGMP, r - Repeater

Device ID       Local Intrfce    Holdtme Capability Platform  Port ID
ce1.example.net Gi0/0/0/0        135     R I        CSR1000V  Gi2
"""
)
LOG = (
    TIME
    + """
RP/0/RP0/CPU0:Nov 23 12:40:00.044 UTC: bgp[1052]: %ROUTING-BGP-5-ADJCHANGE : neighbor 192.0.2.2 Down - BGP Notification
0/RP0/ADMIN0:Nov 23 12:41:00.856 UTC: wd_diskmon[3204]: %INFRA-WD_DISKMON-4-DISK_WARN : Usage 84
RP/0/RP0/CPU0:Dec 31 23:59:59.932 UTC: spp[113]: Opened raw socket on eth0 (Management)
"""
)
