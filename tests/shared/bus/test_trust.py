"""Whom to believe: nobody speaks for another, nothing is altered or replayed elsewhere."""

from pathlib import Path

import pytest

from nocmesh.bus import Authority, Credentials, Speaker, Trust, nkey, signing, tokens
from nocmesh.errors import SignatureError
from nocmesh.subjects import Zone

TIME = "2026-01-01T00:00:00Z"


class Signed:
    """A message that can be verified, or spoiled first."""

    def __init__(self, who: Credentials, subject: str, body: bytes = b"{}", zone: Zone = Zone.AGENTS) -> None:
        self.subject, self.id, self.time, self.body = subject, "id-1", TIME, body
        self.signature = signing.sign(nkey.Key(who.seed), subject, self.id, TIME, body)
        self.certificate = who.jwts[zone]

    def verified(self, trust: Trust) -> Speaker:
        return trust.verify(self.subject, self.id, self.time, self.body, self.signature, self.certificate)


@pytest.fixture
def bgp(authority: Authority) -> Credentials:
    return authority.issue("agent", "bgp-1", type="bgp")


@pytest.fixture
def trust(authority: Authority) -> Trust:
    return Trust(authority.trust())


@pytest.mark.parametrize(
    "subject",
    ["ai.heartbeat.bgp-1", "ai.tasks.complete.bgp-1", "ai.agents.sessions.bgp.s1", "ai.tools.call.device_show"],
)
def test_an_agent_speaks_for_itself(trust: Trust, bgp: Credentials, subject: str) -> None:
    assert Signed(bgp, subject).verified(trust) == Speaker(name="bgp-1", role="agent", type="bgp")


@pytest.mark.parametrize(
    "subject",
    [
        "ai.heartbeat.bgp-2",
        "ai.tasks.complete.ospf-1",
        "ai.agents.sessions.ospf.s1",
        "ai.tasks.assign.bgp",
        "ai.agents.control.bgp-1",
        "ai.approvals.decisions.1",
        "ai.devices.commands.r1",
        "$KV.agents.bgp-1",
        "$KV.nowhere.x",
        "ai.unheard.of",
        "_INBOX.orchestrator-1.x",
        "",
    ],
)
def test_an_agent_speaks_for_nobody_and_nothing_else(trust: Trust, bgp: Credentials, subject: str) -> None:
    with pytest.raises(SignatureError):
        Signed(bgp, subject).verified(trust)


@pytest.mark.parametrize("part", ["subject", "id", "time", "body"])
def test_whatever_is_altered_is_noticed(trust: Trust, bgp: Credentials, part: str) -> None:
    message = Signed(bgp, "ai.agents.sessions.bgp.s1")
    changed = {"subject": "ai.agents.sessions.bgp.s2", "id": "id-2", "time": TIME + "0", "body": b"{ }"}
    setattr(message, part, changed[part])
    with pytest.raises(SignatureError, match="altered"):
        message.verified(trust)


@pytest.mark.parametrize("part", ["signature", "certificate"])
def test_an_unsigned_message_is_refused(trust: Trust, bgp: Credentials, part: str) -> None:
    message = Signed(bgp, "ai.heartbeat.bgp-1")
    setattr(message, part, "")
    with pytest.raises(SignatureError, match="not signed"):
        message.verified(trust)


def test_a_signature_of_another_key_is_refused(trust: Trust, authority: Authority, bgp: Credentials) -> None:
    message = Signed(bgp, "ai.heartbeat.bgp-1")
    other = authority.issue("agent", "bgp-1", type="bgp")
    message.certificate = other.jwts[Zone.AGENTS]
    with pytest.raises(SignatureError, match="altered"):
        message.verified(trust)


def test_a_certificate_of_another_mesh_is_refused(trust: Trust, tmp_path: Path) -> None:
    stranger = Authority.create(tmp_path).issue("agent", "bgp-1", type="bgp")
    with pytest.raises(SignatureError, match="not issued by this mesh"):
        Signed(stranger, "ai.heartbeat.bgp-1").verified(trust)


def test_a_certificate_that_somebody_issued_to_himself_is_refused(trust: Trust, bgp: Credentials) -> None:
    key = nkey.Key(bgp.seed)
    claims = tokens.decode(bgp.jwts[Zone.AGENTS])
    message = Signed(bgp, "ai.heartbeat.bgp-1")
    message.certificate = tokens.encode({**claims, "name": "bgp-2"}, key)
    with pytest.raises(SignatureError, match="not issued by this mesh"):
        message.verified(trust)


def test_a_certificate_for_one_zone_does_not_count_in_another(trust: Trust, authority: Authority) -> None:
    orchestrator = authority.issue("orchestrator", "orchestrator-1")
    with pytest.raises(SignatureError, match="zone AGENTS"):
        Signed(orchestrator, "ai.devices.commands.r1", zone=Zone.AGENTS).verified(trust)
    assert Signed(orchestrator, "ai.devices.commands.r1", zone=Zone.CORE).verified(trust).role == "orchestrator"


def test_only_approvals_decides(trust: Trust, authority: Authority) -> None:
    for role in ("orchestrator", "bridge", "dashboard", "incidents", "audit"):
        someone = authority.issue(role, f"{role}-1")
        with pytest.raises(SignatureError, match="may not speak there"):
            Signed(someone, "ai.approvals.decisions.1", zone=Zone.CORE).verified(trust)
    approvals = authority.issue("approvals", "approvals-1")
    assert Signed(approvals, "ai.approvals.decisions.1", zone=Zone.CORE).verified(trust).name == "approvals-1"


def test_a_revoked_key_is_no_longer_believed(authority: Authority, trust: Trust) -> None:
    message = Signed(authority.issue("agent", "bgp-gone", type="bgp"), "ai.heartbeat.bgp-gone")
    assert message.verified(trust).name == "bgp-gone"
    authority.revoke("bgp-gone")
    trust.replace(authority.trust())
    with pytest.raises(SignatureError, match="revoked"):
        message.verified(trust)


def test_an_answer_counts_only_from_who_serves_and_was_asked(
    trust: Trust, authority: Authority, bgp: Credentials
) -> None:
    def answer(who: Credentials, subject: str) -> Speaker:
        key = nkey.Key(who.seed)
        signature = signing.sign(key, signing.answer_subject(subject), "q1", TIME, b"{}")
        return trust.verify_answer(subject, "q1", TIME, b"{}", signature, who.jwts[Zone.AGENTS])

    bridge = authority.issue("bridge", "bridge-1")
    assert answer(bridge, "ai.tools.call.device_show").name == "bridge-1"
    assert answer(bgp, "ai.agents.probe.bgp-1").name == "bgp-1"
    with pytest.raises(SignatureError, match="does not serve"):
        answer(bgp, "ai.tools.call.device_show")
    with pytest.raises(SignatureError, match="somebody else"):
        answer(bgp, "ai.agents.probe.bgp-2")


def test_an_answer_cannot_be_turned_into_a_message(trust: Trust, authority: Authority) -> None:
    bridge = authority.issue("bridge", "bridge-1")
    subject = signing.answer_subject("ai.tools.call.device_show")
    with pytest.raises(SignatureError):
        Signed(bridge, subject).verified(trust)


def test_certificates_are_remembered_up_to_a_limit(
    trust: Trust, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nocmesh.bus.trust._CACHED", 2)
    for number in range(4):
        name = f"bgp-cache-{number}"
        assert Signed(authority.issue("agent", name, type="bgp"), f"ai.heartbeat.{name}").verified(trust).name == name
    assert len(trust._known) == 2


@pytest.mark.parametrize("claims", [{}, {"nats": None}, {"nats": {"issuer_account": "A"}}, {"nats": []}])
def test_a_certificate_without_what_it_needs_is_refused(
    authority: Authority, trust: Trust, claims: dict[str, object]
) -> None:
    signer = nkey.Key(authority._secrets.signers["AGENTS/agent"])
    with pytest.raises(SignatureError):
        trust.verify("ai.heartbeat.x", "1", TIME, b"", "sig", tokens.encode(claims, signer))
    nats = {"issuer_account": authority.trust().accounts[Zone.AGENTS], "tags": None}
    with pytest.raises(SignatureError, match="lacks"):
        trust.verify("ai.heartbeat.x", "1", TIME, b"", "sig", tokens.encode({"nats": nats}, signer))
