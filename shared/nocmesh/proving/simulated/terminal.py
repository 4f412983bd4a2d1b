"""The keyboard and screen of one login: echo letter by letter, line editing, pages. Bytes in, bytes out; no network."""

from nocmesh.proving.simulated.shell import Shell

MORE = b" --More-- "
ERASE = b"\r" + b" " * len(MORE) + b"\r"
MAX_LINE = 4096
"""A longer line is no command; what exceeds it is dropped, with a bell, as terminals do."""


class Terminal:
    """What is typed and shown."""

    def __init__(self, shell: Shell) -> None:
        self.shell = shell
        self._line = bytearray()
        self._pending: list[bytes] = []
        """Lines of an answer that wait for a key."""
        self._after_return = False

    @property
    def paging(self) -> bool:
        """Whether a key is awaited before the answer goes on."""
        return bool(self._pending)

    def greet(self, banner: str) -> bytes:
        """What is shown after login."""
        return _crlf(banner) + self.shell.prompt.encode()

    def key(self, byte: int) -> tuple[bytes, str | None]:
        """One key: what appears, and the line when it is complete."""
        if self._pending:
            return self._turn(byte), None
        if byte in b"\r\n":
            return self._entered(byte)
        self._after_return = False
        if byte in b"\x7f\x08":
            return self._rub_out(), None
        if byte == 0x15:
            shown, self._line = b"\b \b" * len(self._line), bytearray()
            return shown, None
        if byte in b"\x03\x1a\x04":
            return self._interrupt(byte)
        if byte < 0x20 or len(self._line) >= MAX_LINE:
            return b"\x07", None
        self._line.append(byte)
        return (b"" if self._hidden else bytes((byte,))), None

    def show(self, answer: str) -> bytes:
        """``answer`` and the next prompt, or its first page."""
        lines = [line + b"\r\n" for line in answer.encode().split(b"\n")]
        lines[-1] = lines[-1].removesuffix(b"\r\n")
        self._pending = [line for line in lines if line]
        return self._page(self.shell.length)

    @property
    def _hidden(self) -> bool:
        return self.shell.question is not None and self.shell.question.secret

    def _entered(self, byte: int) -> tuple[bytes, str | None]:
        if byte == 0x0A and self._after_return:
            self._after_return = False
            return b"", None
        self._after_return = byte == 0x0D
        line, self._line = self._line.decode("utf-8", "replace"), bytearray()
        return b"\r\n", line

    def _rub_out(self) -> bytes:
        if not self._line:
            return b""
        self._line.pop()
        return b"" if self._hidden else b"\b \b"

    def _interrupt(self, byte: int) -> tuple[bytes, str | None]:
        """Control-C drops the line, control-Z also leaves configuration, control-D leaves when nothing is typed."""
        typed, self._line = bool(self._line), bytearray()
        if byte == 0x04:
            return b"", None if typed else "exit"
        if byte == 0x1A and self.shell.section is not None:
            return b"^Z\r\n", "end"
        return b"^C\r\n" + self.shell.prompt.encode(), None

    def _turn(self, byte: int) -> bytes:
        """A key at the pager: a page, a line, or the end."""
        if byte in b"\r\n":
            return ERASE + self._page(2)
        if byte == 0x20:
            return ERASE + self._page(self.shell.length)
        self._pending = []
        return ERASE + self.shell.prompt.encode()

    def _page(self, length: int) -> bytes:
        count = len(self._pending) if length == 0 or len(self._pending) <= length - 1 else max(1, length - 1)
        shown, self._pending = self._pending[:count], self._pending[count:]
        tail = MORE if self._pending else b"" if self.shell.closed else self.shell.prompt.encode()
        return b"".join(shown) + tail


def _crlf(text: str) -> bytes:
    return text.replace("\n", "\r\n").encode()
