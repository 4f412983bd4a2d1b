"""Who asks, and from where. Pure but for reading the request: headers in, proof or refusal out."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from nocmesh.errors import DeniedError
from nocmesh_dashboard.backend import Proof

SESSION_COOKIE = "nocmesh_session"
LOOPBACK_COOKIE = "nocmesh_as"
"""Where loopback needs no sign-in: the inventory user that a browser acts as."""
USER_HEADER = "x-nocmesh-user"
TOKEN_PREFIX = "nocm_"  # noqa: S105 - the beginning that all tokens share, for secret scanners

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """Whom to believe without sign-in."""

    loopback: bool = False


def proof_of(request: Request, trust: Trust) -> Proof:
    """What ``request`` shows of its sender; a token beats a name beats the cookie."""
    token = _bearer(request.headers)
    if token:
        return Proof(token=token)
    near = trust.loopback and from_loopback(request)
    named = request.headers.get(USER_HEADER, "") if near else ""
    if named:
        return Proof(loopback_user=named[:100], loopback=True)
    session = request.cookies.get(SESSION_COOKIE, "")
    if session:
        return Proof(session=session[:200], loopback=near)
    return Proof(loopback_user=request.cookies.get(LOOPBACK_COOKIE, "")[:100] if near else "", loopback=near)


def from_loopback(request: Request) -> bool:
    """Whether the sender sits on this machine and asked for this machine.

    A proxy on this machine forwards strangers, and a web page can give its own name our address (DNS rebinding):
    so there may be no forwarding header, and the Host must be a loopback name.
    """
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    return is_loopback(request.client.host) and is_loopback(_host_name(request.headers.get("host", "")))


def is_loopback(host: str) -> bool:
    """Whether ``host`` is `localhost` or a loopback address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def refuse_foreign(method: str, headers: Mapping[str, str]) -> None:
    """Raise DeniedError for a state-changing request that another site's page made a browser send.

    Browsers say where a request comes from (Sec-Fetch-Site; Origin, RFC 6454); commands and programs do not.
    """
    if method in _SAFE:
        return
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    same = urlsplit(origin).netloc == headers.get("host", "") if origin else True
    if (site is not None and site not in ("same-origin", "none")) or not same:
        raise DeniedError(
            f"a page of another site sent this request (Origin {origin or 'not given'})",
            code="denied",
            field="Origin",
            expected="the dashboard's own origin",
            next="open the dashboard itself and decide there",
        )


def _bearer(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip()[:200] if scheme.lower() == "bearer" else ""


def _host_name(host: str) -> str:
    return urlsplit(f"//{host}").hostname or ""
