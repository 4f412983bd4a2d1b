"""What printed bytes mean: plain text, a prompt, a pager, a stray log line. Pure functions."""

import re

ESCAPES = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()][0-9A-B]|[=>78DEHMNOZc])")
"""ECMA-48 control sequences, operating system commands (window titles), and the two-byte ones of a VT100."""

ERASED = re.compile(rb"\r +\r|\r\x1b\[K")
"""How a pager takes its own line away."""

BREAKS = re.compile(rb"\r*\n")
CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

PAGER = re.compile(
    rb"\s*(?:<?-{2,3} ?\(?more(?: \d+%)?\)? ?-{2,3}>?(?: ?\(\d+%\))?|--more-- or \(q\)uit"
    rb"|lines? \d+-\d+(?:/\d+)?(?: \(END\))?"
    rb"|press any key to continue[^\n]{0,60})\s*",
    re.IGNORECASE,
)
"""A pager's question, alone on the last line: IOS, NX-OS, EOS, Junos, ASA, less, more."""

SYSLOG = re.compile(
    r"^(?:[*.:]?\s*[\w:.* /+\[\]-]{0,120})?(?:%\$ VDC-\d+ %\$ +)?"
    r"%[A-Za-z0-9_]+(?:-[A-Za-z0-9_]+)*-[0-7]-[A-Za-z0-9_]+\s*:"
)
"""`*Mar  1 00:00:01.123: %SYS-5-CONFIG_I: …`: a message that the device prints whenever it likes; NX-OS may say of
which virtual device (`%$ VDC-1 %$`), IOS-XR begins with the node (`RP/0/RP0/CPU0:…`)."""

REDUNDANCY = re.compile(r"(?:^|\n)\s*\{\w+(?::\w+)?\}\s*$")
"""Junos prints its role, `{master:0}`, on a line of its own above the prompt."""

QUESTION = re.compile(
    r"(?:\[(?:confirm|cancel|yes|no|y|n)\]|[\[(]y(?:es)?/no?(?:/cancel)?[\])]\??|\(y\))\s*:?\s*$", re.IGNORECASE
)
"""A device that wants an answer before it goes on."""

COMPLAINT = re.compile(
    r"RTNETLINK answers: |Error[: ]|sysctl: |Cannot |Failed |(?:ba|da|)sh: |%\s?(?:unknown|ambiguous)", re.I
)
"""iproute2, nftables, procps, the shell itself, and vtysh with a line of a saved configuration."""

HARMLESS = re.compile(r"^%\s?(?:warning|note|info)|^%.*\b(?:removed due to|will be|generating)\b", re.IGNORECASE)
"""What IOS also begins with a percent sign though it accepted the line."""


def plain(data: bytes) -> str:
    """``data`` as a person saw it: escape sequences and erased characters gone, undecodable bytes as U+FFFD."""
    data = ERASED.sub(b"", data)
    data = ESCAPES.sub(b"", data) if b"\x1b" in data else data
    data = BREAKS.sub(b"\n", data)
    if b"\b" in data:
        data = b"\n".join(_erase(line) if b"\b" in line else line for line in data.split(b"\n"))
    text = data.translate(None, b"\r\x00\x07").decode("utf-8", "replace")  # NUL and BEL are padding and noise
    return CONTROLS.sub("�", text)


def last_line(data: bytes | bytearray) -> str:
    """The line on which the cursor stands, as text."""
    tail = bytes(data[-2048:])
    return plain(tail[tail.rfind(b"\n") + 1 :])


def is_pager(data: bytes | bytearray) -> bool:
    """Whether the device waits for a key before it prints on."""
    tail = ESCAPES.sub(b"", bytes(data[-256:]))
    line = tail[max(tail.rfind(b"\n"), tail.rfind(b"\r")) + 1 :]
    return bool(line.strip()) and PAGER.fullmatch(line) is not None


def asks_password(data: bytes | bytearray) -> bool:
    """Whether the device waits for a password."""
    return re.search(r"pass(?:word|code)[^:\n]{0,40}:\s*$", last_line(data), re.IGNORECASE) is not None


def before_prompt(text: str, prompt: str) -> str | None:
    """``text`` without the prompt that ends it, and without log lines that came after an earlier prompt.

    None: it does not end that way, so its end is not known.
    """
    bare = prompt.rstrip()
    if text.rstrip().endswith(bare):
        body = text.rstrip().removesuffix(bare)
    elif prompt_passed(text, prompt):
        body = text[: _line_start(text, prompt)]
    else:
        return None
    while prompt_passed(body, prompt):
        body = body[: _line_start(body, prompt)]
    return body.removesuffix("\n")


def prompt_passed(text: str, prompt: str) -> bool:
    """Whether ``prompt`` stands in ``text`` with nothing but log lines after it: they hide it."""
    start = _line_start(text, prompt)
    rest = text[start + len(prompt.rstrip()) :]
    return start >= 0 and "\n" in rest and only_syslog(rest)


def standing_line(data: bytes | bytearray) -> str:
    """The last line that is neither blank nor a log message: the prompt, if log lines hide it."""
    lines = reversed(plain(bytes(data[-8192:])).splitlines())
    return next((line for line in lines if line.strip() and not SYSLOG.match(line.strip())), "")


def only_syslog(text: str) -> bool:
    """Whether every line of ``text`` that is not blank is a log message, and at least one is."""
    lines = [line for line in text.splitlines() if line.strip()]
    return bool(lines) and all(SYSLOG.match(line.strip()) for line in lines)


def failure_in(answer: str, failures: tuple[str, ...], *, at_end: bool = False) -> str:
    """The line by which the device says that it did not understand, or an empty string.

    Such an answer is short; a long one that holds the words (a log, a history) is a real answer. A router begins the
    line with the words, a shell ends it with them (``at_end``), behind the name of the program.
    """
    lines = [line.strip() for line in answer.splitlines() if line.strip()]
    if len(lines) > 6:
        return ""
    fits = str.endswith if at_end else str.startswith
    return next((line for line in lines if any(fits(line, text) for text in failures)), "")


def objection_in(answer: str) -> str:
    """The line by which a device refuses a configuration line: `% …`, unless it only warns or logs."""
    lines = (line.strip() for line in answer.splitlines())
    return next((line for line in lines if _objects(line)), "")


def complaint_in(answer: str) -> str:
    """The line by which a program at a shell says that it failed, though it may end with 0 (`sysctl` of old does)."""
    lines = (line.strip() for line in answer.splitlines())
    return next((line for line in lines if COMPLAINT.match(line)), "")


def _objects(line: str) -> bool:
    return line.startswith("%") and not SYSLOG.match(line) and not HARMLESS.match(line)


def _erase(line: bytes) -> bytes:
    """``line`` with each backspace taking the character before it; a pager's backspaces find none and take none."""
    kept = bytearray()
    for byte in line:
        if byte != 8:
            kept.append(byte)
        elif kept:
            kept.pop()
    return bytes(kept)


def _line_start(text: str, prompt: str) -> int:
    """Where ``prompt`` last stands alone on a line of ``text``, or -1."""
    found = [match.start() for match in re.finditer(rf"^{re.escape(prompt.rstrip())}[ \t]*$", text, re.MULTILINE)]
    return found[-1] if found else -1
