"""An object store: what is too large for a message, named by its sha256, laid out as NATS's object stores are.

What is read is checked against its name, so nobody needs to be believed.
"""

import base64
import hashlib
import re
from typing import Any

import msgspec

from nocmesh.bus import stored
from nocmesh.bus.events import rfc3339
from nocmesh.bus.link import Link
from nocmesh.bus.speech import Speech
from nocmesh.errors import BusError, InvalidInputError, NotFoundError
from nocmesh.ids import new_id

_CHUNK = 256 * 1024
_LARGEST = 64 * 1024 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")
_TIMEOUT = 10.0


class _Info(msgspec.Struct, frozen=True):
    nuid: str
    size: int
    chunks: int


class Objects:
    """One object store, as one process may use it."""

    def __init__(self, link: Link, speech: Speech, name: str) -> None:
        self.name = name
        self._link, self._speech = link, speech
        self._stream, self._prefix = f"OBJ_{name}", f"$O.{name}."

    async def put(self, data: bytes) -> str:
        """Store ``data`` once; gives its name, the sha256 in hex. Raises InvalidInputError above 64 MB."""
        if len(data) > _LARGEST:
            text = f"an object of {len(data)} bytes is too large; at most {_LARGEST}"
            raise InvalidInputError(text, field="data")
        sha256 = hashlib.sha256(data).hexdigest()
        if await self._info(sha256) is not None:
            return sha256
        nuid = new_id(self._speech.clock.now()).replace("-", "")
        chunks = [data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]
        for number, chunk in enumerate(chunks):
            await self._publish(f"{self._prefix}C.{nuid}", chunk, {"Nats-Msg-Id": f"{nuid}.{number}"})
        info = self._describe(sha256, nuid, len(data), len(chunks))
        await self._publish(self._meta(sha256), info, {"Nats-Msg-Id": nuid})
        return sha256

    async def get(self, sha256: str) -> bytes:
        """What ``put`` was given. Raises NotFoundError, and BusError when what is stored is not that."""
        info = await self._info(sha256)
        if info is None:
            raise NotFoundError(f"{self.name} holds no object {sha256}; it may have expired", sha256=sha256)
        data = bytearray()
        async for raw, _ in stored.history(self._link, self._stream, f"{self._prefix}C.{info.nuid}", 0):
            data += raw.data
            if len(data) > _LARGEST:
                break
        if hashlib.sha256(data).hexdigest() != sha256:
            raise BusError(f"the object {sha256} in {self.name} is damaged: {len(data)} of {info.size} bytes")
        return bytes(data)

    async def exists(self, sha256: str) -> bool:
        """Whether there is such an object."""
        return await self._info(sha256) is not None

    async def _info(self, sha256: str) -> _Info | None:
        if not _SHA256.fullmatch(sha256):
            raise InvalidInputError(f"{sha256[:80]!r} is no sha256 in hex", field="sha256")
        found = await stored.last(self._link, self._stream, self._meta(sha256))
        if found is None:
            return None
        try:
            info = msgspec.json.decode(found[0].data, type=_Info)
        except msgspec.DecodeError:
            return None
        return info if re.fullmatch(r"[A-Za-z0-9]{1,64}", info.nuid) else None

    def _meta(self, sha256: str) -> str:
        return f"{self._prefix}M.{base64.urlsafe_b64encode(sha256.encode()).decode()}"

    def _describe(self, sha256: str, nuid: str, size: int, chunks: int) -> bytes:
        digest = base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode()
        info: dict[str, Any] = {"name": sha256, "bucket": self.name, "nuid": nuid, "size": size, "chunks": chunks}
        info |= {"digest": f"SHA-256={digest}", "mtime": rfc3339(self._speech.clock.now())}
        info["options"] = {"max_chunk_size": _CHUNK}
        return msgspec.json.encode(info)

    async def _publish(self, subject: str, data: bytes, headers: dict[str, str]) -> None:
        stored.parse_ack(subject, await self._link.confirm(subject, data, headers, timeout=_TIMEOUT))
