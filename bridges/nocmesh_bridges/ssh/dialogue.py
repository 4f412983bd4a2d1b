"""One question typed, one answer read, its end proved.

A prompt at the end of what has arrived proves nothing: a banner or a description can hold the very same text. So the
prompt is learned exactly, and each answer is followed by a comment with a number used once. The answer has ended where
the device echoes that number after its prompt. A device that does not take comments must fall silent instead.
"""

import asyncio
import secrets

from nocmesh.errors import DeviceRejectedError, SessionLostError
from nocmesh_bridges.ssh import screen
from nocmesh_bridges.ssh.prompts import CONFIGURATION, Knowledge
from nocmesh_bridges.ssh.transport import Wire

ECHO_SECONDS = 5.0
"""A device that does not echo what is typed within this time is not at its prompt."""

SETTLE_SECONDS = 0.05
"""So long a pager or a configuration prompt stands still before it is believed."""

SILENCE_SECONDS = 0.4
"""The same for the prompt of a device that does not take comments."""

STUCK_SECONDS = 1.0
"""After so long without a byte we look whether a log line hides the prompt, or a question waits for an answer."""

FIRST_SECONDS = 5.0
"""So long we wait for the first byte after the login: a busy device is slow to start its command line."""

LEARNING = 7
"""So often we try to learn the prompt: on a busy machine an echo may be late by seconds."""

STEM = 16
"""IOS cuts a long host name in its configuration prompts, never below 16 characters."""


class Dialogue:
    """Talks to the device at the other end of ``wire``. Not safe for two at once, or after a cancelled call."""

    def __init__(self, wire: Wire, knowledge: Knowledge, *, device: str, limit: int) -> None:
        self._wire = wire
        self._known = knowledge
        self._device = device
        self._limit = limit
        self._seen = bytearray()
        self._marks = True
        self.prompt = ""
        """The exact prompt, with its trailing blank if it has one."""

    @property
    def tail(self) -> str:
        """The end of what the device printed last, for messages to people."""
        return screen.plain(bytes(self._seen[-200:])).strip()

    async def greet(self) -> None:
        """Waits for the first prompt, past any banner, and learns it. Raises SessionLostError without one."""
        arrives = True
        while arrives:  # a device that waits for a key, or has an unknown prompt, is silent too: learning will tell
            seems = self._known.mode_of(screen.last_line(self._seen))
            patience = 2 * STUCK_SECONDS if self._seen else FIRST_SECONDS
            arrives = await self._more(SETTLE_SECONDS if seems else patience)
        await self.learn()

    async def learn(self) -> None:
        """Learns the prompt: what stands before the echo of a number used once, and again after it.

        Each try has twice the patience of the one before: a dozen routers that are asked at once are slow.
        """
        for attempt in range(LEARNING):
            before, answer, after = await self._try_comment(STUCK_SECONDS * 2**attempt)
            self._marks = not answer
            if before and before.rstrip() == after.rstrip() and (self._marks or attempt > 1):
                self.prompt = before
                return
        raise SessionLostError(f"{self._device} shows no steady prompt; it printed last: {self.tail!r}")

    async def ask(self, command: str) -> str:
        """The whole answer to ``command``, without echo and prompt."""
        await self._type(command)
        self._enter()
        await self._until_prompt()
        text = await self._marked() if self._marks else await self._silent()
        answer = screen.before_prompt(text, self.prompt)
        if answer is None:
            raise SessionLostError(f"{self._device}: the end of the answer to {command!r} cannot be told")
        return self._tidy(answer)

    async def ask_line(self, line: str) -> tuple[str, str]:
        """Types a configuration line; gives the answer, and the mode (`configuration`, or another) after it."""
        await self._type(line)
        self._enter()
        prompt = screen.last_line(self._seen)
        while not self._mode(prompt) or await self._more(SETTLE_SECONDS):
            prompt = screen.last_line(self._seen)
            if not self._mode(prompt) and not await self._more(STUCK_SECONDS):
                self._refuse_question()
                prompt = screen.standing_line(self._seen)
                if self._mode(prompt):
                    break
        answer = screen.before_prompt(screen.plain(bytes(self._seen)), prompt) or ""
        return answer.removeprefix("\n"), self._mode(prompt)

    async def enable(self, secret: str) -> bool:
        """Raises the privilege with ``secret`` and learns the new prompt; False: the device did not take it."""
        await self._type(self._known.enable)
        self._enter()
        while not (screen.asks_password(self._seen) or self._known.mode_of(screen.last_line(self._seen))):
            await self._more(None)
        if screen.asks_password(self._seen):
            self._seen.clear()
            self._wire.send(secret.encode() + b"\n")
            while not self._settled_after_secret() or await self._more(SETTLE_SECONDS):
                await self._more(SETTLE_SECONDS)
        if self._known.mode_of(screen.last_line(self._seen)) != self._known.default_mode:
            return False
        await self.learn()
        return True

    def _settled_after_secret(self) -> bool:
        return screen.asks_password(self._seen) or bool(self._known.mode_of(screen.last_line(self._seen)))

    async def _try_comment(self, patience: float) -> tuple[str, str, str]:
        """The prompt before a comment, what the device says to it, the prompt after."""
        comment = f"{self._known.comment}{secrets.token_hex(6)}"
        self._seen += self._wire.take()
        if not await self._typed(comment, patience):
            self._wire.send(b"\n")
            return "", "", ""
        before = screen.last_line(self._seen).removesuffix(comment)
        self._enter()
        while screen.last_line(self._seen).rstrip() != before.rstrip() or not before:
            if not await self._more(patience):
                return "", "", ""
        while await self._more(SETTLE_SECONDS):
            pass
        answer = screen.before_prompt(screen.plain(bytes(self._seen)), before)
        return before, self._tidy(answer or "").strip(), screen.last_line(self._seen)

    async def _type(self, text: str) -> None:
        """Types ``text`` and sees it echoed; only then may Enter be pressed."""
        self._wire.take()  # whatever came unasked
        self._seen.clear()
        if not await self._typed(text, ECHO_SECONDS):
            raise SessionLostError(
                f"{self._device} did not echo {text!r}; it printed {self.tail!r}; nothing was entered: open another"
            )

    async def _typed(self, text: str, seconds: float) -> bool:
        self._wire.send(text.encode())
        clock = asyncio.get_running_loop()
        deadline = clock.time() + seconds
        while not screen.last_line(self._seen).endswith(text):
            left = deadline - clock.time()
            if left <= 0 or not await self._more(left):
                return False
        return True

    def _enter(self) -> None:
        self._seen.clear()
        self._wire.send(b"\n")

    async def _until_prompt(self) -> None:
        """Reads until the device seems to wait at its prompt, turning its pages."""
        while not self._at_prompt():
            if screen.is_pager(self._seen):
                if not await self._more(SETTLE_SECONDS):
                    self._turn_page()
            elif not await self._more(STUCK_SECONDS):
                if self._prompt_hidden():
                    return
                self._refuse_question()

    async def _marked(self) -> str:
        """Everything up to the prompt that stands before our number, proved by the prompt after it."""
        number = secrets.token_hex(6)
        comment = self._known.comment + number
        self._wire.send(comment.encode() + b"\n")
        while not self._ends_after(number):
            await self._more(STUCK_SECONDS)
        text = screen.plain(bytes(self._seen))
        text = text[: text.rindex(number)].removesuffix(self._known.comment)
        return text.replace(f"{comment}\n", "")  # a terminal driver may have echoed it early, in the midst of things

    def _ends_after(self, number: str) -> bool:
        _, found, rest = screen.plain(bytes(self._seen[-4096:])).rpartition(number)
        return bool(found) and (
            self._tidy(rest).strip() == self.prompt.strip() or screen.prompt_passed(rest, self.prompt)
        )

    async def _silent(self) -> str:
        while await self._more(SILENCE_SECONDS) or not self._at_prompt():
            if self._prompt_hidden():
                break
        return screen.plain(bytes(self._seen))

    def _at_prompt(self) -> bool:
        return screen.last_line(self._seen).rstrip() == self.prompt.rstrip()

    def _prompt_hidden(self) -> bool:
        """Whether the prompt came, and then a log line; or stands at the end of a line that had no end."""
        text = screen.plain(bytes(self._seen[-65536:]))
        return screen.prompt_passed(text, self.prompt) or text.rstrip().endswith(self.prompt.rstrip())

    def _mode(self, line: str) -> str:
        """The mode whose prompt of this device ``line`` is, or an empty string."""
        if line.rstrip() == self.prompt.rstrip():
            return self._known.default_mode
        stem = self.prompt.rstrip()[:-1][:STEM]
        mode = self._known.mode_of(line)
        return mode if mode == CONFIGURATION and line.startswith(stem) else ""

    def _turn_page(self) -> None:
        del self._seen[max(self._seen.rfind(b"\n"), self._seen.rfind(b"\r")) + 1 :]
        self._wire.send(b" ")

    def _refuse_question(self) -> None:
        line = screen.last_line(self._seen)
        if screen.QUESTION.search(line):
            raise DeviceRejectedError(
                f"{self._device} asks {line.strip()!r} and waits; we answer no questions, and closed the session",
                device=self._device,
                output=line,
            )

    def _tidy(self, answer: str) -> str:
        """``answer`` without the line break of Enter, and without the role that Junos prints above its prompt."""
        text = answer.removeprefix("\n")
        return screen.REDUNDANCY.sub("", text) if self._known.platform == "juniper_junos" else text

    async def _more(self, seconds: float | None) -> bool:
        """Waits for more; False: none came in ``seconds``. Raises SessionLostError at the end or at the limit."""
        data = await self._wire.receive(seconds)
        if data is None:
            return False
        if not data:
            raise SessionLostError(
                f"{self._device} closed the session; it printed last: {self.tail!r}", device=self._device
            )
        self._seen += data
        if len(self._seen) > self._limit:
            raise SessionLostError(
                f"{self._device} printed more than {self._limit} bytes to one command; the session was closed: "
                "ask for less, by a narrower command or a filter",
                device=self._device,
            )
        return True
