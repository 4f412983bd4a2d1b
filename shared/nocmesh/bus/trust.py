"""Whom to believe: the public keys of a mesh, and who may speak on which subject.

A message carries its speaker's user JWT as certificate. The certificate must be signed by the signing key of a role in
a zone; the signature over the message by the certificate's own key; and the subject must be one on which that role
may speak, with the speaker's own name and type in its places.
"""

import hashlib
from collections import OrderedDict
from typing import Any

import msgspec

from nocmesh.bus import signing, tokens
from nocmesh.bus.rights import may_write
from nocmesh.errors import SignatureError
from nocmesh.subjects import Zone, places, row_of

_CACHED = 4096
"""Certificates that are remembered as verified; a mesh has a few hundred speakers."""


class Speaker(msgspec.Struct, frozen=True, kw_only=True):
    """Who signed."""

    name: str
    role: str
    type: str = ""


class TrustBundle(msgspec.Struct, frozen=True, kw_only=True):
    """Public keys only: it may be handed to anybody."""

    accounts: dict[Zone, str]
    signers: dict[str, tuple[Zone, str]]
    """Public signing key to the zone and role that it stands for."""
    revoked: dict[str, int] = {}
    """Public user key to the second up to which its certificates are void."""


class _Certificate(msgspec.Struct, frozen=True, kw_only=True):
    public: str
    issued_at: int
    zone: Zone
    speaker: Speaker


class Trust:
    """Verifies messages against a bundle; remembers certificates that it has verified."""

    def __init__(self, bundle: TrustBundle) -> None:
        self.bundle = bundle
        self._known: OrderedDict[bytes, _Certificate] = OrderedDict()

    def replace(self, bundle: TrustBundle) -> None:
        """Believe ``bundle`` from now on: after a key was revoked or a role was added."""
        self.bundle = bundle
        self._known.clear()

    def verify(self, subject: str, id: str, time: str, body: bytes, signature: str, certificate: str) -> Speaker:
        """Who said this. Raises SignatureError when it is not signed by whom ``subject`` demands."""
        holder = self._signed(subject, id, time, body, signature, certificate)
        self._check_subject(subject, holder)
        return holder.speaker

    def verify_answer(self, subject: str, id: str, time: str, body: bytes, signature: str, certificate: str) -> Speaker:
        """Who answered the request ``id`` on ``subject``. Raises SignatureError unless its role serves it."""
        holder = self._signed(signing.answer_subject(subject), id, time, body, signature, certificate)
        row = row_of(subject)
        if row is None or holder.speaker.role not in row.readers or row.zone is not holder.zone:
            raise _refused(subject, holder, "this role does not serve it")
        if row.addressed and places(row, subject).get("agent_id") not in (None, holder.speaker.name):
            raise _refused(subject, holder, "it was addressed to somebody else")
        return holder.speaker

    def _signed(self, subject: str, id: str, time: str, body: bytes, signature: str, certificate: str) -> _Certificate:
        if not signature or not certificate:
            raise SignatureError(f"a message on {subject} is not signed; it must be, by a role that may speak there")
        holder = self._certificate(certificate)
        if holder.issued_at <= self.bundle.revoked.get(holder.public, -1):
            raise SignatureError(f"the key of {holder.speaker.name} was revoked", name=holder.speaker.name)
        if not signing.is_signed_by(holder.public, subject, id, time, body, signature):
            raise _refused(
                subject, holder, "the signature does not match: it was altered, or signed for another subject"
            )
        return holder

    def _check_subject(self, subject: str, holder: _Certificate) -> None:
        speaker = holder.speaker
        if not may_write(speaker.role, subject):
            raise _refused(subject, holder, f"the role {speaker.role} may not speak there")
        row = row_of(subject)
        if row is None:
            return
        if row.zone is not holder.zone:
            raise _refused(
                subject, holder, f"the certificate is for the zone {holder.zone}, the subject is of {row.zone}"
            )
        named = places(row, subject)
        if not row.addressed and named.get("agent_id", speaker.name) != speaker.name:
            raise _refused(subject, holder, f"the subject names {named['agent_id']}")
        if named.get("type", speaker.type) != speaker.type:
            raise _refused(
                subject, holder, f"the subject names the type {named['type']}, the speaker is {speaker.type!r}"
            )

    def _certificate(self, certificate: str) -> _Certificate:
        digest = hashlib.sha256(certificate.encode()).digest()
        known = self._known.get(digest)
        if known is None:
            known = self._known[digest] = _read(tokens.decode(certificate), self.bundle)
            if len(self._known) > _CACHED:
                self._known.popitem(last=False)
        return known


def _read(claims: dict[str, Any], bundle: TrustBundle) -> _Certificate:
    """The certificate in ``claims``, whose signature by their own issuer holds."""
    issuer = bundle.signers.get(str(claims.get("iss", "")))
    nats = claims.get("nats")
    if issuer is None or not isinstance(nats, dict) or nats.get("issuer_account") != bundle.accounts[issuer[0]]:
        raise SignatureError("a certificate was not issued by this mesh; issue one with `nocmesh keys issue`")
    zone, role = issuer
    tags = [str(tag) for tag in nats.get("tags") or []]
    type_ = next((tag.removeprefix("type:") for tag in tags if tag.startswith("type:")), "")
    try:
        speaker = Speaker(name=str(claims["name"]), role=role, type=type_)
        return _Certificate(public=str(claims["sub"]), issued_at=int(claims["iat"]), zone=zone, speaker=speaker)
    except (KeyError, TypeError, ValueError) as error:
        raise SignatureError(f"a certificate lacks {error}; expected name, sub and iat") from error


def _refused(subject: str, holder: _Certificate, why: str) -> SignatureError:
    speaker = holder.speaker
    text = f"{speaker.name} ({speaker.role}) does not speak for {subject}: {why}"
    return SignatureError(text, subject=subject, name=speaker.name, role=speaker.role)
