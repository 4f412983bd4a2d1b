"""IOS-XE's answers about BGP, in the columns that its parsers know (ntc-templates' `cisco_ios`)."""

from nocmesh.proving.simulated.bgp import Cause
from nocmesh.proving.simulated.frr_text import DAY, WEEK, YEAR
from nocmesh.proving.simulated.model import router_id
from nocmesh.proving.simulated.resets import ios_reason
from nocmesh.proving.simulated.routes import Path
from nocmesh.proving.simulated.view import HOLD, KEEPALIVE, Peer, View

NOT_ACTIVE = "% BGP not active\n"
TABLE_HEAD = """Status codes: s suppressed, d damped, h history, * valid, > best, i - internal,
              r RIB-failure, S Stale, m multipath, b backup-path, f RT-Filter,
              x best-external, a additional-path, c RIB-compressed,
Origin codes: i - IGP, e - EGP, ? - incomplete
RPKI validation codes: V valid, I invalid, N Not found

     Network          Next Hop            Metric LocPrf Weight Path
"""


def short_time(seconds: int) -> str:
    """`00:03:12`, `1d02h`, `2w3d`, `1y4w`."""
    days = seconds // DAY
    if seconds < DAY:
        return f"{seconds // 3600:02d}:{seconds % 3600 // 60:02d}:{seconds % 60:02d}"
    if seconds < WEEK:
        return f"{days}d{seconds % DAY // 3600:02d}h"
    if seconds < YEAR:
        return f"{days // 7}w{days % 7}d"
    return f"{days // 365}y{days % 365 // 7}w"


def bgp_summary(view: View) -> str:
    """`show ip bgp summary`."""
    bgp = view.bgp()
    if bgp is None:
        return NOT_ACTIVE
    table = view.live.tables.best.get(view.name, {})
    paths = sum(len(found) for found in view.paths().values())
    out = f"BGP router identifier {router_id(view.node.running)}, local AS number {bgp.asn}\n"
    out += f"BGP table version is {len(table) + 1}, main routing table version {len(table) + 1}\n"
    out += f"{len(table)} network entries using {248 * len(table)} bytes of memory\n"
    out += f"{paths} path entries using {136 * paths} bytes of memory\n"
    out += f"BGP using {248 * len(table) + 136 * paths} total bytes of memory\n"
    out += f"BGP activity {len(table)}/0 prefixes, {paths}/0 paths, scan interval 60 secs\n\n"
    out += "Neighbor        V           AS MsgRcvd MsgSent   TblVer  InQ OutQ Up/Down  State/PfxRcd\n"
    return out + "".join(_summary(peer, len(table) + 1) for peer in view.peers() if peer.config.activate)


def _summary(peer: Peer, table: int) -> str:
    up = "never" if peer.record.ups == 0 else short_time(peer.seconds)
    counts = f"{peer.received_messages.total:7d} {peer.sent_messages.total:7d}"
    version = table if peer.session.established else 1
    head = f"{peer.config.address:<15} 4 {peer.config.remote_as:12d} {counts} {version:8d} {0:4d} {0:4d} {up:<8}"
    return f"{head} {_state(peer)}\n"


def _state(peer: Peer) -> str:
    if peer.session.established:
        return f"{peer.received:8d}"
    return "Idle (Admin)" if peer.config.shutdown else "Idle (PfxCt)" if peer.overflowed else _word(peer)


def _word(peer: Peer) -> str:
    # IOS retries a connection that was never answered from Active; it is hardly ever seen in Connect.
    return "Active" if peer.session.state == "Connect" else peer.session.state


def bgp_neighbors(view: View, address: str = "") -> str:
    """`show ip bgp neighbors [A]`."""
    if view.bgp() is None:
        return NOT_ACTIVE
    found = [peer for peer in view.peers() if address in ("", peer.config.address)]
    if not found and address:
        return "% No such neighbor or address family\n"
    return "\n".join(_neighbor(view, peer) for peer in found)


def _neighbor(view: View, peer: Peer) -> str:
    config, session = peer.config, peer.session
    kind = "internal" if peer.internal else "external"
    out = f"BGP neighbor is {config.address},  remote AS {config.remote_as}, {kind} link\n"
    out += f" Description: {config.description}\n" if config.description else ""
    out += " Administratively shut down\n" if config.shutdown else ""
    out += f"  BGP version 4, remote router ID {session.remote_router_id}\n"
    out += (
        f"  BGP state = {'Established, up for ' + short_time(peer.seconds) if session.established else _word(peer)}\n"
    )
    if session.established:
        quiet = short_time(peer.seconds % KEEPALIVE)
        out += f"  Last read {quiet}, last write {quiet}, hold time is {HOLD}, "
        out += f"keepalive interval is {KEEPALIVE} seconds\n"
    out += "  Neighbor sessions:\n"
    out += f"    {int(session.established)} active, is not multisession capable (disabled)\n"
    if session.established:
        out += "  Neighbor capabilities:\n    Route refresh: advertised and received(new)\n"
        out += "    Four-octets ASN Capability: advertised and received\n"
        out += "    Address family IPv4 Unicast: advertised and received\n"
    out += _messages(peer)
    out += _family(peer) if config.activate else ""
    return out + _transport(view, peer)


def _messages(peer: Peer) -> str:
    sent, received = peer.sent_messages, peer.received_messages
    rows = (
        ("Opens:", sent.opens, received.opens),
        ("Notifications:", sent.notifications, received.notifications),
        ("Updates:", sent.updates, received.updates),
        ("Keepalives:", sent.keepalives, received.keepalives),
        ("Route Refresh:", 0, 0),
        ("Total:", sent.total, received.total),
    )
    out = "  Message statistics:\n    InQ depth is 0\n    OutQ depth is 0\n\n                         Sent       Rcvd\n"
    out += "".join(f"    {name:<15} {ours:9d} {theirs:10d}\n" for name, ours, theirs in rows)
    out += "  Do log neighbor state changes (via global configuration)\n"
    return out + f"  Default minimum time between advertisement runs is {0 if peer.internal else 30} seconds\n\n"


def _family(peer: Peer) -> str:
    config = peer.config
    out = f" For address family: IPv4 Unicast\n  Session: {config.address}\n"
    out += "  BGP table version 1, neighbor version 1/0\n  Output queue size : 0\n  Index 1, Advertise bit 0\n"
    out += "  NEXT_HOP is always this router for eBGP paths\n" if config.next_hop_self else ""
    if config.prefix_list_in:
        out += f"  Incoming update prefix filter list is {config.prefix_list_in}\n"
    if config.prefix_list_out:
        out += f"  Outgoing update prefix filter list is {config.prefix_list_out}\n"
    if config.maximum_prefix is not None:
        out += f"  Maximum prefixes allowed {config.maximum_prefix}\n  Threshold for warning message 75%\n"
        out += "  Peer had exceeded the max. no. of prefixes configured.\n" if peer.overflowed else ""
    out += "                                 Sent       Rcvd\n  Prefix activity:               ----       ----\n"
    out += f"    Prefixes Current:      {peer.sent:10d} {peer.received:10d} (Consumes {136 * peer.received} bytes)\n"
    return out + f"    Prefixes Total:        {peer.sent:10d} {peer.received:10d}\n\n"


def _transport(view: View, peer: Peer) -> str:
    config, session, reset = peer.config, peer.session, peer.record.reset
    hop = view.hop(config.address)
    known = "have a" if hop is not None else "NOT have a"
    out = f"  Address tracking is enabled, the RIB does {known} route to {config.address}\n"
    out += f"  Connections established {peer.record.ups}; dropped {peer.record.downs}\n"
    if reset is None:
        out += "  Last reset never\n"
    else:
        out += f"  Last reset {short_time(view.since(reset.at))}, due to {ios_reason(reset)}\n"
    if peer.overflowed:
        out += f"  Reduce the no. of prefix from {config.address}, and clear ip bgp to restore peering\n"
    if not peer.internal and config.ebgp_multihop:
        out += f"  External BGP neighbor may be up to {config.ebgp_multihop} hops away.\n"
    elif not peer.internal and session.cause is Cause.NOT_CONNECTED:
        out += "  External BGP neighbor not directly connected.\n"
    if config.update_source:
        out += f"  Transport(tcp) local address is taken from {config.update_source}\n"
    out += "  Transport(tcp) path-mtu-discovery is enabled\n  Graceful-Restart is disabled\n"
    if not session.established:
        return out + "No active TCP connection\n"
    port = 40000 + int(config.address.split(".")[-1])
    out += "Connection state is ESTAB, I/O status: 1, unread input bytes: 0\n"
    md5 = ", MD5 authentication is enabled" if config.password else ""
    out += f"Connection is ECN Disabled, Mininum incoming TTL {255 - (config.ttl_security or 255)}, "
    out += f"Outgoing TTL {config.ebgp_multihop or (255 if peer.internal or config.ttl_security else 1)}{md5}\n"
    out += f"Local host: {session.local_address}, Local port: 179\n"
    return out + f"Foreign host: {config.address}, Foreign port: {port}\n"


def bgp_table(view: View) -> str:
    """`show ip bgp`."""
    if view.bgp() is None:
        return NOT_ACTIVE
    paths = view.paths()
    best = view.live.tables.best.get(view.name, {})
    if not paths:
        return ""
    head = f"BGP table version is {len(best) + 1}, local router ID is {router_id(view.node.running)}\n{TABLE_HEAD}"
    return head + "".join(_path(view, p, first=not i) for found in paths.values() for i, p in enumerate(found))


def _path(view: View, path: Path, *, first: bool) -> str:
    mark = f" *{'>' if view.best(path.prefix) == path else ' '}{'i' if path.internal else ' '}"
    name = path.prefix if first else ""
    metric = f"{0:10d}" if not path.via else " " * 10
    local = f"{100:6d}" if path.internal else " " * 6
    route = "".join(f"{asn} " for asn in path.as_path)
    if len(name) > 16:
        name += "\n" + " " * 20
    return f"{mark} {name:<16} {path.next_hop:<15} {metric} {local} {0 if path.via else 32768:6d} {route}i\n"
