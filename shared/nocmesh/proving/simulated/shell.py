"""One login on a device: modes, prompts, and what each line does. Pure but for the network it changes.

A dialect brings its commands; the shell knows how a command line behaves: configuration modes, `do`, pipes, answers to
what it does not understand.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from nocmesh.proving.simulated.editing import TOP, Refused, Section
from nocmesh.proving.simulated.grammar import Mismatch, Rule, match
from nocmesh.proving.simulated.live import LiveNetwork
from nocmesh.proving.simulated.view import View

Command = Callable[..., str]

SUFFIXES: Mapping[str, str] = {
    "top": "", "interface": "-if", "bgp": "-router", "family": "-router-af", "vlan": "-vlan", "acl": "-ext-nacl",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """The device asks back; the next line is the answer."""

    prompt: str
    answer: Callable[[str], str]
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What makes a command line a vendor's."""

    name: str
    exec_rules: Sequence[Rule[Command]]
    """In privileged mode."""
    user_rules: Sequence[Rule[Command]]
    """Before `enable`."""
    complaint: Callable[["Shell", str, Mismatch], str]
    heads_config: str
    """What entering configuration mode prints."""
    enables: bool
    """Whether there is an unprivileged mode."""


@dataclass(slots=True, kw_only=True)
class Shell:
    """One login."""

    live: LiveNetwork
    device: str
    dialect: Dialect
    username: str
    enable_secret: str = ""
    privileged: bool = True
    section: Section | None = None
    """None: not configuring."""
    length: int = 24
    """Lines of a page; 0: no paging."""
    closed: bool = False
    question: Question | None = None
    tries: int = field(default=0)

    @property
    def view(self) -> View:
        """What the device can say."""
        return View(self.live, self.device)

    @property
    def prompt(self) -> str:
        """What stands before the cursor."""
        if self.question is not None:
            return self.question.prompt
        name = self.view.node.running.hostname
        if self.section is not None:
            return f"{name}(config{SUFFIXES[self.section.kind]})#{self._blank}"
        return f"{name}{'#' if self.privileged else '>'}{self._blank}"

    @property
    def _blank(self) -> str:
        return " " if self.dialect.name == "frr" else ""

    def answer(self, line: str) -> str:
        """Do what ``line`` says; gives what the device prints, every line ended."""
        if self.question is not None:
            asked, self.question = self.question, None
            return asked.answer(line)
        text = line.strip()
        if not text or text.startswith("!"):
            return ""
        try:
            return self._configure(text, line) if self.section is not None else self._execute(text)
        except Mismatch as mismatch:
            return self.dialect.complaint(self, line.rstrip(), mismatch)
        except Refused as refused:
            return f"{refused}\n"

    def _execute(self, text: str) -> str:
        command, pipe = _split_pipe(text)
        rules = self.dialect.exec_rules if self.privileged else self.dialect.user_rules
        act, words = match(rules, command)
        return _piped(act(self, *words), pipe)

    def _configure(self, text: str, line: str) -> str:
        assert self.section is not None
        if text.startswith("do "):
            return self._execute(text[3:].strip())
        if text == "end" or (text == "exit" and self.section == TOP):
            self.section = None
            return ""
        self.section = self.live.type_line(self.device, self.section, text, self.username)
        return ""

    def start_config(self) -> str:
        """`configure terminal`."""
        self.section = TOP
        return self.dialect.heads_config

    def leave(self) -> str:
        """`exit` or `quit` outside configuration: the session ends."""
        self.closed = True
        return ""

    def set_length(self, lines: str = "24") -> str:
        """`terminal length N`."""
        self.length = int(lines)
        return ""

    def disable(self) -> str:
        """`disable`."""
        self.privileged = False
        return ""

    def enable(self) -> str:
        """`enable`: asks for the secret when there is one."""
        if self.privileged or not self.enable_secret:
            self.privileged = True
            return ""
        self.question = Question("Password: ", self._check_secret, secret=True)
        return ""

    def _check_secret(self, secret: str) -> str:
        self.tries += 1
        if secret == self.enable_secret:
            self.privileged, self.tries = True, 0
            return ""
        if self.tries < 3:
            self.question = Question("Password: ", self._check_secret, secret=True)
            return ""
        self.tries = 0
        return "% Bad secrets\n\n"


def _split_pipe(text: str) -> tuple[str, str]:
    command, _, pipe = text.partition(" | ")
    return command.strip(), pipe.strip()


def _piped(output: str, pipe: str) -> str:
    """`| include`, `| exclude`, `| begin`, `| section`."""
    if not pipe:
        return output
    word, _, pattern = pipe.partition(" ")
    kinds = [kind for kind in ("include", "exclude", "begin", "section") if kind.startswith(word)]
    try:
        wanted = re.compile(pattern.strip())
    except re.error as error:
        raise Refused("% Failed to compile regular expression") from error
    if len(kinds) != 1 or not pattern:
        raise Refused("% Invalid filter after '|'")
    return "".join(f"{line}\n" for line in _filtered(kinds[0], output.splitlines(), wanted))


def _filtered(kind: str, lines: list[str], wanted: re.Pattern[str]) -> list[str]:
    if kind == "include":
        return [line for line in lines if wanted.search(line)]
    if kind == "exclude":
        return [line for line in lines if not wanted.search(line)]
    if kind == "begin":
        start = next((index for index, line in enumerate(lines) if wanted.search(line)), len(lines))
        return lines[start:]
    kept: list[str] = []
    inside = False
    for line in lines:
        inside = wanted.search(line) is not None or (inside and line.startswith(" "))
        kept += [line] if inside else []
    return kept
