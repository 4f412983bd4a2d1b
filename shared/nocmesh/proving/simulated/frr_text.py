"""FRRouting's answers for people: the columns that vtysh prints (FRR 8.4)."""

from dataclasses import replace

from nocmesh.proving.simulated.frr_config import VERSION, render
from nocmesh.proving.simulated.model import SIMULATED, router_id
from nocmesh.proving.simulated.resets import frr_reason, notification_of
from nocmesh.proving.simulated.routes import Path
from nocmesh.proving.simulated.view import HOLD, KEEPALIVE, Peer, RouteEntry, View

DAY, WEEK, YEAR = 86400, 7 * 86400, 365 * 86400

NO_BGP = "% BGP instance not found\n"
ROUTE_CODES = (
    "Codes: K - kernel route, C - connected, S - static, R - RIP,\n"
    "       O - OSPF, I - IS-IS, B - BGP, E - EIGRP, N - NHRP,\n"
    "       T - Table, v - VNC, V - VNC-Direct, A - Babel, F - PBR,\n"
    "       f - OpenFabric,\n"
    "       > - selected route, * - FIB route, q - queued, r - rejected, b - backup\n"
    "       t - trapped, o - offload failure\n\n"
)
BGP_CODES = (
    "Status codes:  s suppressed, d damped, h history, * valid, > best, = multipath,\n"
    "               i internal, r RIB-failure, S Stale, R Removed\n"
    "Nexthop codes: @NNN nexthop's vrf id, < announce-nh-self\n"
    "Origin codes:  i - IGP, e - EGP, ? - incomplete\n"
    "RPKI validation codes: V valid, I invalid, N Not found\n\n"
    "   Network          Next Hop            Metric LocPrf Weight Path\n"
)


def uptime(seconds: int) -> str:
    """`00:03:12`, `1d02h03m`, `01w2d03h`, `01y02w3d`."""
    days, rest = divmod(seconds, DAY)
    hours, minutes, left = rest // 3600, rest % 3600 // 60, rest % 60
    if seconds < DAY:
        return f"{hours:02d}:{minutes:02d}:{left:02d}"
    if seconds < WEEK:
        return f"{days}d{hours:02d}h{minutes:02d}m"
    if seconds < YEAR:
        return f"{days // 7:02d}w{days % 7}d{hours:02d}h"
    return f"{days // 365:02d}y{days % 365 // 7:02d}w{days % 365 % 7}d"


def version(view: View) -> str:
    """`show version`."""
    number = view.node.version or VERSION
    return f"FRRouting {number} ({view.node.running.hostname}) on Linux({SIMULATED}).\n{SIMULATED}.\n"


def daemons(view: View) -> str:
    """`show daemons`: those that vtysh reaches."""
    return "".join(f" {name}" for name, runs in view.node.daemons.items() if runs) + "\n"


def running_config(view: View) -> str:
    """`show running-config`: vtysh asks each daemon, and one that does not run tells nothing."""
    shown = replace(view.node.running, bgp=view.bgp())
    return f"Building configuration...\n\nCurrent configuration:\n!\n{render(shown, view.node.version or VERSION)}"


def bgp_summary(view: View, *, titled: bool = True) -> str:
    """`show bgp summary`."""
    bgp = view.bgp()
    if bgp is None:
        return NO_BGP
    peers = [peer for peer in view.peers() if peer.config.activate]
    if not peers:
        return "% No BGP neighbors found in VRF default\n"
    table = len(view.live.tables.best.get(view.name, {}))
    entries = 2 * table - 1 if table else 0
    head = "\nIPv4 Unicast Summary (VRF default):\n" if titled else ""
    head += f"BGP router identifier {router_id(view.node.running)}, local AS number {bgp.asn} vrf-id 0\n"
    head += f"BGP table version {table}\nRIB entries {entries}, using {192 * entries} bytes of memory\n"
    head += f"Peers {len(peers)}, using {744 * len(peers)} bytes of memory\n\n"
    head += "Neighbor        V         AS   MsgRcvd   MsgSent   TblVer  InQ OutQ  Up/Down State/PfxRcd   PfxSnt Desc\n"
    return head + "".join(map(_summary, peers)) + f"\nTotal number of neighbors {len(peers)}\n"


def _summary(peer: Peer) -> str:
    up = "never" if peer.record.ups == 0 else uptime(peer.seconds)
    counts = f"{peer.received_messages.total:9d} {peer.sent_messages.total:9d} {0:8d} {0:4d} {0:4d} {up:>8}"
    if peer.session.established:
        state = f"{peer.received:12d} {peer.sent:8d}"
    else:
        word = "Idle (Admin)" if peer.config.shutdown else "Idle (PfxCt)" if peer.overflowed else peer.session.state
        state = f"{word:>12} {0:8d}"
    desc = peer.config.description[:20] or "N/A"
    return f"{peer.config.address:<16}4 {peer.config.remote_as:10d} {counts} {state} {desc}\n"


def bgp_neighbors(view: View, address: str = "") -> str:
    """`show bgp neighbors [A]`."""
    if view.bgp() is None:
        return NO_BGP
    found = [peer for peer in view.peers() if address in ("", peer.config.address)]
    if not found:
        return "% No such neighbor in this view/vrf\n\n" if address else "% No BGP neighbors found\n\n"
    return "".join(_neighbor(view, peer) for peer in found)


def _neighbor(view: View, peer: Peer) -> str:
    config, session = peer.config, peer.session
    kind = "internal" if peer.internal else "external"
    out = f"BGP neighbor is {config.address}, remote AS {config.remote_as}, local AS {peer.local_as}, {kind} link\n"
    out += "  Local Role: undefined\n  Remote Role: undefined\n"
    out += f" Description: {config.description}\n" if config.description else ""
    out += f"Hostname: {peer.peer_name}\n" if peer.peer_dialect == "frr" else ""
    out += " Administratively shut down\n" if config.shutdown else ""
    out += f"  BGP version 4, remote router ID {session.remote_router_id}, "
    out += f"local router ID {router_id(view.node.running)}\n  BGP state = {session.state}"
    out += f", up for {uptime(peer.seconds):>8}\n" if session.established else "\n"
    quiet = uptime(peer.seconds % KEEPALIVE if session.established else peer.seconds)
    out += f"  Last read {quiet}, Last write {quiet}\n"
    out += f"  Hold time is {HOLD} seconds, keepalive interval is {KEEPALIVE} seconds\n"
    out += f"  Configured hold time is {HOLD} seconds, keepalive interval is {KEEPALIVE} seconds\n"
    out += _statistics(peer)
    out += f"  Update source is {config.update_source}\n\n" if config.update_source else "\n"
    out += _family(peer) if config.activate else ""
    out += f"  Connections established {peer.record.ups}; dropped {peer.record.downs}\n{_reset(view, peer)}"
    hops = 255 if peer.internal else config.ttl_security or config.ebgp_multihop or 1
    out += f"  {kind.capitalize()} BGP neighbor may be up to {hops} hops away.\n"
    out += _transport(peer)
    return out + "\n"


def _statistics(peer: Peer) -> str:
    sent, received = peer.sent_messages, peer.received_messages
    out = "  Message statistics:\n    Inq depth is 0\n    Outq depth is 0\n                         Sent       Rcvd\n"
    rows = (
        ("Opens:", sent.opens, received.opens),
        ("Notifications:", sent.notifications, received.notifications),
        ("Updates:", sent.updates, received.updates),
        ("Keepalives:", sent.keepalives, received.keepalives),
        ("Route Refresh:", 0, 0),
        ("Capability:", 0, 0),
        ("Total:", sent.total, received.total),
    )
    out += "".join(f"    {name:<14} {ours:10d} {theirs:10d}\n" for name, ours, theirs in rows)
    return out + "  Minimum time between advertisement runs is 0 seconds\n"


def _family(peer: Peer) -> str:
    config = peer.config
    out = " For address family: IPv4 Unicast\n"
    group = "  Update group 1, subgroup 1\n  Packet Queue length 0\n"
    out += group if peer.session.established else "  Not part of any update group\n"
    out += "  NEXT_HOP is always this router\n" if config.next_hop_self else ""
    out += "  Community attribute sent to this neighbor(all)\n"
    if config.prefix_list_in:
        out += f"  Incoming update prefix filter list is *{config.prefix_list_in}\n"
    if config.prefix_list_out:
        out += f"  Outgoing update prefix filter list is *{config.prefix_list_out}\n"
    out += f"  {peer.received} accepted prefixes\n"
    if config.maximum_prefix is not None:
        out += f"  Maximum prefixes allowed {config.maximum_prefix}\n  Threshold for warning message 75%\n"
    return out + "\n"


def _reset(view: View, peer: Peer) -> str:
    reset = peer.record.reset
    if reset is None:
        return "  Last reset never\n"
    told = notification_of(reset)
    why = frr_reason(reset)[0]
    if told is not None:
        why = f"Notification {'sent' if told[0] else 'received'} ({told[1].frr})"
    out = f"  Last reset {uptime(view.since(reset.at))},  {why}\n"
    if peer.overflowed:
        out += "  Peer had exceeded the max. no. of prefixes configured.\n"
        out += f"  Reduce the no. of prefix and clear ip bgp {peer.config.address} to restore peering\n"
    return out


def _transport(peer: Peer) -> str:
    config, up = peer.config, peer.session.established
    out = ""
    if up:
        port = 40000 + int(config.address.split(".")[-1])
        out += f"Local host: {peer.session.local_address}, Local port: 179\n"
        out += f"Foreign host: {config.address}, Foreign port: {port}\n"
        out += f"Nexthop: {peer.session.local_address}\nNexthop global: ::\nNexthop local: ::\n"
        out += "BGP connection: shared network\n"
    out += "BGP Connect Retry Timer in Seconds: 120\n"
    out += "Peer Authentication Enabled\n" if config.password else ""
    running = "on" if up else "off"
    return f"{out}Read thread: {running}  Write thread: {running}  FD used: {23 if up else -1}\n"


def bgp_table(view: View) -> str:
    """`show bgp ipv4 unicast`."""
    bgp = view.bgp()
    if bgp is None:
        return NO_BGP
    paths = view.paths()
    if not paths:
        return "No BGP prefixes displayed, 0 exist\n"
    best = view.live.tables.best.get(view.name, {})
    head = f"BGP table version is {len(best)}, local router ID is {router_id(view.node.running)}, vrf id 0\n"
    head += f"Default local pref 100, local AS {bgp.asn}\n{BGP_CODES}"
    rows = [_path(view, path, first=not i) for found in paths.values() for i, path in enumerate(found)]
    return head + "".join(rows) + f"\nDisplayed  {len(paths)} routes and {len(rows)} total paths\n"


def _path(view: View, path: Path, *, first: bool) -> str:
    mark = f"*{'>' if view.best(path.prefix) == path else ' '}{'i' if path.internal else ' '}"
    name = path.prefix if first else ""
    metric = f"{0:10d}" if not path.via else " " * 10
    local = f"{100:7d}" if path.internal else " " * 7
    route = "".join(f"{asn} " for asn in path.as_path)
    return f"{mark}{name:<17} {path.next_hop:<15}{metric}{local}{0 if path.via else 32768:7d} {route}i\n"


def ip_route(view: View) -> str:
    """`show ip route`."""
    entries = [entry for entry in view.routes() if entry.protocol != "local"]
    return ROUTE_CODES + "".join(map(_route, entries))


def _route(entry: RouteEntry) -> str:
    head = f"{entry.protocol[0].upper()}>{' ' if entry.recursive else '*'} {entry.prefix}"
    if entry.protocol == "connected":
        return f"{head} is directly connected, {entry.interface}, {uptime(entry.seconds)}\n"
    head += f" [{entry.distance}/0]"
    if not entry.recursive:
        return f"{head} via {entry.next_hop}, {entry.interface}, weight 1, {uptime(entry.seconds)}\n"
    age = uptime(entry.seconds)
    second = f"  *{' ' * (len(head) - 3)}  via {entry.recursive}, {entry.interface}, weight 1, {age}\n"
    return f"{head} via {entry.next_hop} (recursive), weight 1, {age}\n{second}"


def interface_brief(view: View) -> str:
    """`show interface brief`."""
    rows = [("Interface", "Status", "VRF", "Addresses"), ("---------", "------", "---", "---------")]
    for interface, record, _ in view.interfaces():
        addresses = interface.addresses or [""]
        rows.append((interface.name, "up" if record.up else "down", "default", addresses[0]))
        rows += [("", "", "", f"+ {more}") for more in addresses[1:]]
    return "".join(f"{a:<16}{b:<8}{c:<16}{d}\n" for a, b, c, d in rows)


def interfaces(view: View, name: str = "") -> str:
    """`show interface [X]`."""
    out = ""
    for interface, record, index in view.interfaces():
        if name not in ("", interface.name):
            continue
        line = f"up, line protocol is {'up' if record.up else 'down'}" if interface.enabled else "down"
        out += f"Interface {interface.name} is {line}\n"
        out += f"  Link ups:   {record.ups:5d}    last: (never)\n  Link downs: {record.downs:5d}    last: (never)\n"
        out += "  vrf: default\n"
        out += f"  Description: {interface.description}\n" if interface.description else ""
        out += f"  index {index} metric 0 mtu {65536 if interface.loopback else interface.mtu} speed 10000 \n"
        out += f"  Type: {'Loopback' if interface.loopback else 'Ethernet'}\n"
        out += "".join(f"  inet {address}\n" for address in interface.addresses)
        out += f"  Interface Type {'Other' if interface.loopback else 'Veth'}\n  Interface Slave Type None\n"
        out += "  protodown: off\n"
    return out or f"% Can't find interface {name}\n"


def logging(view: View) -> str:
    """`show logging`: what bgpd and zebra would have written."""
    events = view.live.logged(view.name)
    return "".join(f"{e.at:%Y/%m/%d %H:%M:%S} {_daemon(e.mnemonic)}: %{e.mnemonic}: {e.text}\n" for e in events)


def _daemon(mnemonic: str) -> str:
    return "BGP" if mnemonic.startswith("BGP") else "ZEBRA"
