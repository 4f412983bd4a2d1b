"""The host keys that devices showed us first, and the check that they still show them.

A changed key is never taken over by itself: a person forgets the old one after finding out why it changed.
"""

import os
import tempfile
from pathlib import Path

from nocmesh.errors import DeviceUnreachableError, InvalidInputError


class HostKeys:
    """Trust on first use, kept in a file of lines `device algorithm base64`, or in memory without one."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._keys: dict[str, str] = {}
        self._read()

    def known(self, device: str) -> str | None:
        """The key that ``device`` showed first, as `algorithm base64`, or None."""
        return self._keys.get(device)

    def remember(self, device: str, key: str) -> None:
        """Keeps ``key`` for ``device``. Raises DeviceUnreachableError when another key is known already."""
        if self._keys.get(device) == key:
            return
        self._read()  # another process may have been first
        if self._keys.setdefault(device, key) != key:
            raise DeviceUnreachableError(
                f"{device} shows another host key than at first use: stop, somebody may be in between; "
                f"if the device was replaced, remove its line from {self._path or 'the key store'}",
                device=device,
            )
        self._write()

    def forget(self, device: str) -> None:
        """Forgets the key of ``device``: the next one that it shows is taken."""
        self._read()
        if self._keys.pop(device, None) is not None:
            self._write()

    def _read(self) -> None:
        if self._path is None or not self._path.exists():
            return
        lines = self._path.read_text(encoding="utf-8").splitlines()
        self._keys = dict(self._parse(number, line) for number, line in enumerate(lines, 1) if line.strip())

    def _parse(self, number: int, line: str) -> tuple[str, str]:
        words = line.split()
        if len(words) != 3:
            raise InvalidInputError(
                f"{self._path} line {number} is no host key; expected `device algorithm base64`: mend or remove it",
                field="host_keys",
            )
        return words[0], f"{words[1]} {words[2]}"

    def _write(self) -> None:
        if self._path is None:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = "".join(f"{device} {key}\n" for device, key in sorted(self._keys.items()))
        handle, name = tempfile.mkstemp(dir=self._path.parent)  # 0600; replaced whole, so never half a file
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(handle)
        Path(name).replace(self._path)
