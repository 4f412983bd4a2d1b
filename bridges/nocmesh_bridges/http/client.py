"""Sends one request. The door to HTTP for what speaks to services.

The name is looked up here, every address that it has is judged, and the connection goes to one of those: a name that
changes its address in between gains nothing. Proxies of the environment are not asked, redirects are not followed.
"""

import asyncio
import json
import socket
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from nocmesh.errors import DeviceError, DeviceUnreachableError, GuardError, PreconditionError
from nocmesh_bridges.http.addresses import refused
from nocmesh_bridges.http.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may take."""

    seconds: float
    size: int
    networks: Sequence[str]
    """Where the addresses of the service may lie, beside public ones."""
    ca_file: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; ``truncated``: there was more."""

    status: int
    media: str
    body: bytes
    truncated: bool = False


class NotSentError(DeviceUnreachableError):
    """No connection came about: nothing was sent."""


async def send(request: Request, headers: Mapping[str, str], limits: Limits) -> Answer:
    """What the service answers to ``request``.

    Raises GuardError for an address that may not be spoken to, PreconditionError, NotSentError: nothing was sent; any
    other DeviceError when the answer did not come.
    """
    url = httpx2.URL(request.address)
    try:
        async with asyncio.timeout(limits.seconds):
            places = await _places(request.target, url, limits)
            for place in places[:-1]:
                try:
                    return await _sent(request, url, place, headers, limits)
                except NotSentError:
                    continue  # a name may have addresses of both families, and one of them no service
            return await _sent(request, url, places[-1], headers, limits)
    except TimeoutError as late:
        raise DeviceError(
            f"{request.target} did not answer within {limits.seconds:g} s", device=request.target
        ) from late


async def _places(target: str, url: httpx2.URL, limits: Limits) -> list[str]:
    """The addresses to speak to. Raises GuardError when one of the name's may not be, NotSentError for no address."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(url.host, url.port or 0, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as wrong:
        raise NotSentError(f"{target}: {url.host} has no address: {wrong}", device=target) from wrong
    addresses = [str(each[4][0]) for each in found]
    for address in addresses:
        why = refused(address, limits.networks)
        if why:
            raise GuardError(f"{target} is not spoken to: {url.host} is at {address}: {why}", reason=why)
    return list(dict.fromkeys(addresses))


def _trust(target: str, limits: Limits) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=limits.ca_file or None)
    except OSError as wrong:
        raise PreconditionError(f"{target}: its ca_file cannot be read: {wrong}") from wrong


async def _sent(request: Request, url: httpx2.URL, place: str, headers: Mapping[str, str], limits: Limits) -> Answer:
    trust = _trust(request.target, limits)
    content = None if request.body is None else json.dumps(request.body).encode()
    given = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "nocmesh", **headers}
    given |= {"Host": url.netloc.decode()} | ({} if content is None else {"Content-Type": "application/json"})
    async with httpx2.AsyncClient(
        trust_env=False, follow_redirects=False, verify=trust, timeout=limits.seconds
    ) as client:
        outgoing = client.build_request(
            request.method,
            url.copy_with(host=place),
            headers=given,
            content=content,
            extensions={"sni_hostname": url.host},  # the certificate is that of the name, not of its address
        )
        try:
            answer = await client.send(outgoing, stream=True)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as wrong:
            said = f"{request.target} cannot be reached at {place}: {str(wrong) or type(wrong).__name__}"
            raise NotSentError(said, device=request.target) from wrong
        except httpx2.HTTPError as wrong:
            said = f"{request.target} did not answer: {str(wrong) or type(wrong).__name__}"
            raise DeviceError(said, device=request.target) from wrong
        try:
            return await _read(request, answer, limits.size)
        finally:
            await answer.aclose()


async def _read(request: Request, answer: Any, size: int) -> Answer:
    """As much of the answer as is wanted. Raises DeviceError for one in disguise: packed, it may unfold without end."""
    packed = answer.headers.get("content-encoding", "identity").strip().lower()
    if packed not in ("", "identity"):
        raise DeviceError(f"{request.target} answers packed as {packed[:40]!r}", device=request.target)
    body = bytearray()
    try:
        async for part in answer.aiter_raw():
            body += part
            if len(body) > size:
                break
    except httpx2.HTTPError as wrong:
        said = f"{request.target} broke off its answer: {str(wrong) or type(wrong).__name__}"
        raise DeviceError(said, device=request.target) from wrong
    media = answer.headers.get("content-type", "")[:100]
    return Answer(status=answer.status_code, media=media, body=bytes(body[:size]), truncated=len(body) > size)
