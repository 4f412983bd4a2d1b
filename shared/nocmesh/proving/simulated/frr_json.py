"""FRRouting's JSON answers about BGP, with the key names and types that FRR 8.4 prints."""

import json
from typing import Any

from nocmesh.proving.simulated.bgp import Cause
from nocmesh.proving.simulated.frr_text import uptime
from nocmesh.proving.simulated.model import router_id
from nocmesh.proving.simulated.resets import frr_reason, notification_of
from nocmesh.proving.simulated.routes import Path
from nocmesh.proving.simulated.view import HOLD, KEEPALIVE, Messages, Peer, View

Json = dict[str, Any]


def pretty(value: object) -> str:
    """As json-c prints it: two blanks, slashes escaped."""
    text = json.dumps(value, indent=2, separators=(",", ":"))
    return text.replace("/", "\\/") + "\n"


def bgp_neighbors(view: View, address: str = "") -> str:
    """`show bgp neighbors [A] json`."""
    bgp = view.bgp()
    if bgp is None:
        return "{}\n"
    found = {p.config.address: _neighbor(view, p) for p in view.peers() if address in ("", p.config.address)}
    return pretty(found if found or not address else {"bgpNoSuchNeighbor": True})


def _neighbor(view: View, peer: Peer) -> Json:
    config, session = peer.config, peer.session
    out: Json = {"remoteAs": config.remote_as, "localAs": peer.local_as}
    out["nbrInternalLink" if peer.internal else "nbrExternalLink"] = True
    out |= {"localRole": "undefined", "remoteRole": "undefined"}
    if config.description:
        out["nbrDesc"] = config.description
    if peer.peer_dialect == "frr":
        out["hostname"] = peer.peer_name
    if config.shutdown:
        out["adminShutDown"] = True
    out |= {
        "bgpVersion": 4,
        "remoteRouterId": session.remote_router_id,
        "localRouterId": router_id(view.node.running),
        "bgpState": session.state,
    }
    out |= _timers(view, peer)
    if session.established:
        out["neighborCapabilities"] = _capabilities(view, peer)
    out["gracefulRestartInfo"] = _graceful(peer)
    out["messageStats"] = _statistics(peer.sent_messages, peer.received_messages)
    out["minBtwnAdvertisementRunsTimerMsecs"] = 0
    if config.update_source:
        out["updateSource"] = config.update_source
    out["addressFamilyInfo"] = {"ipv4Unicast": _family(peer)} if config.activate else {}
    out |= {"connectionsEstablished": peer.record.ups, "connectionsDropped": peer.record.downs}
    return out | _reset(view, peer) | _transport(peer)


def _timers(view: View, peer: Peer) -> Json:
    out: Json = {}
    if peer.session.established:
        out = {
            "bgpTimerUpMsec": peer.seconds * 1000,
            "bgpTimerUpString": uptime(peer.seconds),
            "bgpTimerUpEstablishedEpoch": int(peer.record.changed.timestamp()),
        }
    quiet = peer.seconds % KEEPALIVE if peer.session.established else peer.seconds
    return out | {
        "bgpTimerLastRead": quiet * 1000,
        "bgpTimerLastWrite": quiet * 1000,
        "bgpInUpdateElapsedTimeMsecs": peer.seconds * 1000,
        "bgpTimerConfiguredHoldTimeMsecs": HOLD * 1000,
        "bgpTimerConfiguredKeepAliveIntervalMsecs": KEEPALIVE * 1000,
        "bgpTimerHoldTimeMsecs": HOLD * 1000,
        "bgpTimerKeepAliveIntervalMsecs": KEEPALIVE * 1000,
        "extendedOptionalParametersLength": False,
        "bgpTimerConfiguredConditionalAdvertisementsSec": 60,
    }


def _capabilities(view: View, peer: Peer) -> Json:
    both = "advertisedAndReceived"
    received = {"rcvHostName": peer.peer_name, "rcvDomainName": "n/a"} if peer.peer_dialect == "frr" else {}
    return {
        "4byteAs": both,
        "extendedMessage": both if peer.peer_dialect == "frr" else "advertised",
        "routeRefresh": "advertisedAndReceivedNew",
        "enhancedRouteRefresh": both,
        "multiprotocolExtensions": {"ipv4Unicast": {f"{both}": True}},
        "hostName": {"advHostName": view.node.running.hostname, "advDomainName": "n/a", **received},
    }


def _graceful(peer: Peer) -> Json:
    done = {"ipv4Unicast": True} if peer.session.established else {}
    return {"endOfRibSend": done, "endOfRibRecv": done, "localGrMode": "Helper*", "remoteGrMode": "NotApplicable"}


def _statistics(sent: Messages, received: Messages) -> Json:
    return {
        "depthInq": 0,
        "depthOutq": 0,
        "opensSent": sent.opens,
        "opensRecv": received.opens,
        "notificationsSent": sent.notifications,
        "notificationsRecv": received.notifications,
        "updatesSent": sent.updates,
        "updatesRecv": received.updates,
        "keepalivesSent": sent.keepalives,
        "keepalivesRecv": received.keepalives,
        "routeRefreshSent": 0,
        "routeRefreshRecv": 0,
        "capabilitySent": 0,
        "capabilityRecv": 0,
        "totalSent": sent.total,
        "totalRecv": received.total,
    }


def _family(peer: Peer) -> Json:
    config = peer.config
    out: Json = {"updateGroupId": 1, "subGroupId": 1, "packetQueueLength": 0} if peer.session.established else {}
    if config.next_hop_self:
        out["routerAlwaysNextHop"] = True
    out["commAttriSentToNbr"] = "extendedAndStandard"
    if config.prefix_list_in:
        out |= {"inboundPathPolicyConfig": True, "incomingUpdatePrefixFilterList": config.prefix_list_in}
    if config.prefix_list_out:
        out |= {"outboundPathPolicyConfig": True, "outgoingUpdatePrefixFilterList": config.prefix_list_out}
    out["acceptedPrefixCounter"] = peer.received
    if peer.session.established:
        out["sentPrefixCounter"] = peer.sent
    if config.maximum_prefix is not None:
        out |= {"prefixAllowedMax": config.maximum_prefix, "prefixAllowedWarningThresh": 75}
    return out


def _reset(view: View, peer: Peer) -> Json:
    reset = peer.record.reset
    if reset is None:
        return {"lastReset": "never"}
    out: Json = {"lastResetTimerMsecs": view.since(reset.at) * 1000}
    told = notification_of(reset)
    if told is not None:
        out["lastErrorCodeSubcode"] = f"{told[1].code:02X}{told[1].subcode:02X}"
        out["lastNotificationReason"] = told[1].frr
        out["lastNotificationHardReset"] = False
    reason, code = frr_reason(reset)
    out |= {"lastResetDueTo": reason, "lastResetCode": code}
    return out | ({"prefixesConfigExceedMax": True, "reducePrefixNumAndClearIpBgp": True} if peer.overflowed else {})


def _transport(peer: Peer) -> Json:
    config, up = peer.config, peer.session.established
    hops = 255 if peer.internal else config.ttl_security or config.ebgp_multihop or 1
    out: Json = {f"{'internal' if peer.internal else 'external'}BgpNbrMaxHopsAway": hops}
    if up:
        out |= {"hostLocal": peer.session.local_address, "portLocal": 179}
        out |= {"hostForeign": config.address, "portForeign": 40000 + int(config.address.split(".")[-1])}
        out |= {"nexthop": peer.session.local_address, "nexthopGlobal": "::", "nexthopLocal": "::"}
        out["bgpConnection"] = "sharedNetwork"
    else:
        out |= {"hostLocal": "Unknown", "portLocal": -1, "hostForeign": "Unknown", "portForeign": -1}
    out["connectRetryTimer"] = 120
    if up:
        out["estimatedRttInMsecs"] = 1
    elif not config.shutdown and peer.session.cause is not Cause.FAMILY:
        out["nextConnectTimerDueInMsecs"] = 1000 * (120 - peer.seconds % 120)
    if config.password:
        out["authenticationEnabled"] = 1
    running = "on" if up else "off"
    return out | {"readThread": running, "writeThread": running}


def bgp_summary(view: View, *, wrapped: bool) -> str:
    """`show bgp summary json` (by address family) or, not ``wrapped``, `show bgp ipv4 unicast summary json`."""
    bgp = view.bgp()
    if bgp is None:
        return "{}\n"
    peers = [peer for peer in view.peers() if peer.config.activate]
    if not peers:
        return "{\n}\n" if wrapped else "{}\n"
    table = view.live.tables.best.get(view.name, {})
    out: Json = {
        "routerId": router_id(view.node.running),
        "as": bgp.asn,
        "vrfId": 0,
        "vrfName": "default",
        "tableVersion": len(table),
        "ribCount": 2 * len(table) - 1 if table else 0,
        "ribMemory": 192 * len(table),
        "peerCount": len(peers),
        "peerMemory": 744 * len(peers),
        "peers": {peer.config.address: _summary(peer) for peer in peers},
        "failedPeers": sum(not peer.session.established for peer in peers),
        "displayedPeers": len(peers),
        "totalPeers": len(peers),
        "dynamicPeers": 0,
        "bestPath": {"multiPathRelax": "false"},
    }
    return pretty({"ipv4Unicast": out} if wrapped else out)


def _summary(peer: Peer) -> Json:
    config, record = peer.config, peer.record
    never = record.ups == 0
    out: Json = {"hostname": peer.peer_name} if peer.peer_dialect == "frr" else {}
    out |= {
        "remoteAs": config.remote_as,
        "localAs": peer.local_as,
        "version": 4,
        "msgRcvd": peer.received_messages.total,
        "msgSent": peer.sent_messages.total,
        "tableVersion": 0,
        "outq": 0,
        "inq": 0,
        "peerUptime": "never" if never else uptime(peer.seconds),
        "peerUptimeMsec": 0 if never else peer.seconds * 1000,
    }
    if not never:
        out["peerUptimeEstablishedEpoch"] = int(record.changed.timestamp())
    out |= {"pfxRcd": peer.received, "pfxSnt": peer.sent, "state": _summary_state(peer)}
    out["peerState"] = "Admin" if config.shutdown else "PfxCt" if peer.overflowed else "OK"
    out |= {"connectionsEstablished": record.ups, "connectionsDropped": record.downs}
    if config.description:
        out["desc"] = config.description
    return out | {"idType": "ipv4"}


def _summary_state(peer: Peer) -> str:
    if peer.config.shutdown:
        return "Idle (Admin)"
    return "Idle (PfxCt)" if peer.overflowed else peer.session.state


def bgp_table(view: View, *, prefix: str = "") -> str:
    """`show bgp ipv4 unicast json`."""
    bgp = view.bgp()
    if bgp is None:
        return "{}\n"
    routes = {p: [_path(view, path) for path in paths] for p, paths in view.paths().items() if prefix in ("", p)}
    out = {
        "vrfId": 0,
        "vrfName": "default",
        "tableVersion": len(view.live.tables.best.get(view.name, {})),
        "routerId": router_id(view.node.running),
        "defaultLocPrf": 100,
        "localAS": bgp.asn,
        "routes": routes,
    }
    return json.dumps(out, separators=(",", ":")) + "\n"


def _path(view: View, path: Path) -> Json:
    best = view.best(path.prefix) == path
    out: Json = {"valid": True}
    if best:
        out |= {"bestpath": True, "selectionReason": "First path received"}
    out["pathFrom"] = "internal" if path.internal else "external"
    out |= {"prefix": path.prefix.split("/")[0], "prefixLen": int(path.prefix.split("/")[1]), "network": path.prefix}
    if not path.via:
        out["metric"] = 0
    if path.internal:
        out["locPrf"] = 100
    out |= {"weight": 0 if path.via else 32768, "peerId": path.via or "(unspec)"}
    out |= {"path": " ".join(map(str, path.as_path)), "origin": "IGP"}
    return out | {"nexthops": [{"ip": path.next_hop, "afi": "ipv4", "used": True}]}
