"""Fixes for what the two ends of a session must agree on; each gives a Fix, a Refusal, or None: nothing to do here."""

from collections.abc import Iterable
from dataclasses import replace

from nocmesh.diagnosis import resources
from nocmesh.diagnosis.find import address_of
from nocmesh.diagnosis.peer import Peer
from nocmesh.diagnosis.signs import Scene
from nocmesh.messages.change import Check
from nocmesh.messages.report import RootCause
from nocmesh_agents.bgp.blame import wrong_about_asn
from nocmesh_agents.bgp.settings import lacking_families, stopped, unfit_ttls
from nocmesh_agents.bgp.sources import unexpected
from nocmesh_agents.remediation import checks
from nocmesh_agents.remediation.edits import Edit, Fix, Refusal, removal, setting, unique
from nocmesh_agents.remediation.process import renumbered
from nocmesh_agents.remediation.templates import family_section

Answer = Fix | Refusal


def ends_at(scene: Scene, device: str) -> list[tuple[Peer, Peer | None]]:
    """The device's ends of sessions that are not established, each with its far end."""
    both = [pair for s in scene.down for pair in ((s.near, s.far), (s.far, s.near))]
    return [(near, far) for near, far in both if near is not None and near.device == device]


def fix_of(peer: Peer, edits: Iterable[Edit], summary: str, far: Peer | None) -> Fix:
    """A fix of one neighbour, proved by its session, or by its lines where something else is in the way."""
    kept = tuple(edits)
    configured = tuple(_proof(edit) for edit in kept)
    return Fix(
        device=peer.device,
        edits=kept,
        summary=summary,
        checks=(checks.established(peer.address),),
        configured=configured,
        far=far.device if far else "",
    )


def _proof(edit: Edit) -> Check:
    last = edit.do[-1]
    return checks.line(edit.section, last.removeprefix("no "), present=not last.startswith("no "))


def owned(peer: Peer, name: str) -> str:
    """The neighbour's own line of that setting; empty when it has none, or only its peer group's."""
    line = peer.line(name)
    if line is None:
        return ""
    return line.text if address_of(line.text.split()[1]) == address_of(peer.address) else ""


def _inherited(peer: Peer, name: str) -> bool:
    return peer.line(name) is not None and not owned(peer, name)


def _group(peer: Peer, name: str) -> Refusal:
    return Refusal(
        f"{peer.device}: '{name}' of {peer.address} comes from its peer group, which other neighbours share; "
        "a person must decide."
    )


def asn(scene: Scene, cause: RootCause) -> list[Answer]:
    """The neighbour's AS number as it is; or, where the process itself moved, the process under its own again."""
    device = resources.device_of(cause.resource)
    answers: list[Answer] = []
    for session in scene.down:
        for near, far in session.ends:
            differ = (
                near.remote_as is not None and far.presented_asn is not None and near.remote_as != far.presented_asn
            )
            for guilty, _ in wrong_about_asn(scene, near, far) if differ else []:
                if guilty.device == device:
                    answers.append(_stated(near, far) if guilty is near else renumbered(scene, far, near))
    return unique(answers)


def _stated(near: Peer, far: Peer) -> Answer:
    old = owned(near, "remote-as")
    if not old:
        return _group(near, "remote-as")
    new = " ".join([*old.split()[:3], str(far.presented_asn)])
    summary = f"{near.device}: neighbour {near.address} is AS {far.presented_asn}, not {near.remote_as}."
    return fix_of(near, [setting(near.header, old, new)], summary, far)


def shutdown(scene: Scene, cause: RootCause) -> list[Answer]:
    """The neighbour is brought up again."""
    answers: list[Answer] = []
    for near, far in ends_at(scene, resources.device_of(cause.resource)):
        if near.shut and scene.wanted(near) is not False:
            line = owned(near, "shutdown")
            edit = Edit(near.header, (f"no neighbor {near.address} shutdown",), (line,))
            summary = f"{near.device}: neighbour {near.address} is no longer shut down."
            answers.append(fix_of(near, [edit], summary, far) if line else _group(near, "shutdown"))
    return answers


def password(scene: Scene, cause: RootCause) -> list[Answer]:
    """A password that the far end does not have goes; one that it has is a secret that nobody can read there.

    Where one can go, a session whose other end has a password alone is that end's to mend.
    """
    device = resources.device_of(cause.resource)
    pairs = [(near, far) for near, far in ends_at(scene, device) if far is not None and near.password != far.password]
    answers = unique(_without_password(near, far) for near, far in pairs if far is not None)
    return [answer for answer in answers if isinstance(answer, Fix)] or answers


def _without_password(near: Peer, far: Peer) -> Answer:
    held = owned(near, "password")
    if far.password or not held:
        return Refusal(
            f"{near.device}: set the password of neighbour {near.address} as {far.device} has it, or take it away on "
            "both; it is a secret that the mesh neither knows nor writes."
        )
    summary = f"{near.device} asks {near.address} for no password, as {far.device} does."
    return fix_of(near, [removal(near.header, held)], summary, far)


def ttl(scene: Scene, cause: RootCause) -> list[Answer]:
    """TTL security and multihop as the far end has them."""
    answers: list[Answer] = []
    for near, far, _ in unfit_ttls(scene):
        if near.device != resources.device_of(cause.resource):
            continue
        if _inherited(near, "ttl-security") or _inherited(near, "ebgp-multihop"):
            answers.append(_group(near, "ttl-security or ebgp-multihop"))
        elif (near.ttl_security, near.multihop) == (far.ttl_security, far.multihop):
            hops = f"how many hops lie between {near.device} and {far.device}"
            answers.append(Refusal(f"{near.device}: neither end says {hops}; a person must set ebgp-multihop on both."))
        else:
            summary = f"{near.device}: TTL settings of {near.address} as at {far.device}."
            answers.append(fix_of(near, _ttl_edits(near, far), summary, far))
    return answers


def _ttl_edits(near: Peer, far: Peer) -> list[Edit]:
    """FRR does not have multihop and TTL security together, so what goes, goes first."""
    held = [line for line in (owned(near, "ttl-security"), owned(near, "ebgp-multihop")) if line]
    wish = ""
    if far.ttl_security:
        wish = f"neighbor {near.address} ttl-security hops {far.ttl_security}"
    elif far.multihop:
        wish = f"neighbor {near.address} ebgp-multihop {far.multihop}"
    if not wish:
        return [removal(near.header, line) for line in held]
    same = [line for line in held if line.split()[2] == wish.split()[2]]
    gone = [removal(near.header, line) for line in held if line not in same]
    return [*gone, setting(near.header, same[0] if same else "", wish)]


def update_source(scene: Scene, cause: RootCause) -> list[Answer]:
    """The device speaks from where the far end expects it."""
    answers: list[Answer] = []
    for near, far, odd in unexpected(scene):
        if odd is near and near.device == resources.device_of(cause.resource):
            answers.append(_source(scene, near, far))
    return answers


def _source(scene: Scene, near: Peer, far: Peer) -> Answer:
    if _inherited(near, "update-source"):
        return _group(near, "update-source")
    expected, held = address_of(far.address), owned(near, "update-source")
    if expected in scene.facts.same_subnet(near.device, near.address):
        edit = removal(near.header, held)
    else:
        rows = scene.facts.addresses(near.device)
        interface = next((name for name, ip, _ in rows if ip == expected), "")
        if not interface:
            return Refusal(f"{near.device} has no interface with {far.address}, at which {far.device} expects it.")
        edit = setting(near.header, held, f"neighbor {near.address} update-source {interface}")
    return fix_of(near, [edit], f"{near.device} speaks to {near.address} from {far.address}.", far)


def family(scene: Scene, cause: RootCause) -> list[Answer]:
    """The families that the far end has activated."""
    answers: list[Answer] = []
    for near, far, lacks in lacking_families(scene):
        edits = [_activated(scene, near, name) for name in lacks if name in ("ipv4-unicast", "ipv6-unicast")]
        if near.device == resources.device_of(cause.resource) and len(edits) == len(lacks):
            fix = fix_of(near, edits, f"{near.device} activates {', '.join(lacks)} for {near.address}.", far)
            # The line itself may not be shown: what is on by default is not.
            answers.append(replace(fix, configured=tuple(checks.active(near.address, name) for name in lacks)))
    return answers


def _activated(scene: Scene, near: Peer, name: str) -> Edit:
    section = family_section(scene.facts.sights[near.device], near.header, name.split("-")[0])
    line = f"neighbor {near.address} activate"
    return Edit(section, (line,), (f"no {line}",))


def limit(scene: Scene, cause: RootCause) -> list[Answer]:
    """The limit that the device's other neighbours have; none where they have none.

    A session that hit its limit stays down until it is shut and opened (FRR bgpd.c peer_flag_modify_action clears
    the overflow; IOS waits for the same), so it is.
    """
    answers: list[Answer] = []
    for near, far in stopped(scene):
        line = next((x for x in near.lines if x.text == owned(near, "maximum-prefix")), None)
        if near.device != resources.device_of(cause.resource):
            continue
        if line is None:
            answers.append(_group(near, "maximum-prefix"))
            continue
        others = [p.maximum_prefix for p in scene.peering.peers[near.device] if p.address != near.address]
        usual = max((n for n in others if n is not None and n > (near.maximum_prefix or 0)), default=None)
        wish = f"neighbor {near.address} maximum-prefix {usual}"
        edit = setting(line.section, line.text, wish) if usual else removal(line.section, line.text)
        down = f"neighbor {near.address} shutdown"
        opened = Edit(near.header, (down, f"no {down}"), (down, f"no {down}"))
        words = f"a limit of {usual}" if usual else "no limit, as its other neighbours"
        answers.append(fix_of(near, [edit, opened], f"{near.device} gives {near.address} {words}.", far))
    return answers
