"""NetBox's webhook: proved by its signature, and read as far as it is needed. Pure.

The signature is the HMAC-SHA512 of the body's own bytes with the webhook's secret, in hex, in `X-Hook-Signature`
(netbox/extras/webhooks.py of NetBox). Without a secret NetBox does not sign, and such a body is not taken.
"""

import hashlib
import hmac
import json
import re
from datetime import datetime

from nocmesh.errors import DeniedError, InvalidInputError
from nocmesh.messages.inventory import InventoryChanged

HEADER = "X-Hook-Signature"
EVENTS = ("created", "updated", "deleted")
_MODEL = re.compile(r"[a-z][a-z0-9_]{0,99}")


class UnprovedError(DeniedError):
    """Nobody knows who sent it: the signature is missing, or another body's."""


def prove(body: bytes, signature: str, secret: str) -> None:
    """Raise UnprovedError unless ``signature`` is that of ``body``; compared in constant time."""
    right = hmac.new(secret.encode(), body, hashlib.sha512).hexdigest()
    if not hmac.compare_digest(right.encode(), signature.strip().lower().encode("utf-8", "replace")):
        told = "is missing" if not signature else "is not that of this body"
        raise UnprovedError(
            f"{HEADER} {told}: give NetBox's webhook the secret that stands in NOCMESH_NETBOX_WEBHOOK_SECRET"
        )


def change_in(body: bytes, at: datetime) -> InventoryChanged | None:
    """The change that ``body`` tells of; None for another event, such as a job's. Raises InvalidInputError."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError) as wrong:
        raise _wrong("body", "expected JSON, as NetBox sends it where no template for the body is set") from wrong
    if not isinstance(data, dict):
        raise _wrong("body", "expected an object")
    event, model = data.get("event"), data.get("model")
    if not isinstance(event, str):
        raise _wrong("event", f"expected one of {', '.join(EVENTS)}")
    if event not in EVENTS:
        return None
    if not isinstance(model, str) or not _MODEL.fullmatch(model):
        raise _wrong("model", "expected the name of a model, such as device")
    return InventoryChanged(source="netbox", model=model, event=event, at=at)


def _wrong(field: str, reason: str) -> InvalidInputError:
    return InvalidInputError(f"{field}: {reason}", field=field, reason=reason)
