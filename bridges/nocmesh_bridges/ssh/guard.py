"""Which commands may be typed at a device at all. Pure: a platform and a command in, silence or a GuardError out.

Reading is denied by default: a verb that is not listed, a filter that is not listed, and a character that is not listed
are refused. What remains is not proof against everything: the device's own account should be read-only too.
Sources: the vendors' command references for output modifiers (IOS "CLI String Search", NX-OS and EOS "pipe" chapters,
Junos "Filter Command Output"), FRR's user guide for vtysh, iproute2's manual pages.
"""

import re
import shlex
from collections.abc import Collection, Sequence

from nocmesh.errors import GuardError
from nocmesh_bridges.ssh.rules import (
    DANGEROUS_LINES,
    DANGEROUS_SHOWS,
    FILTERS,
    HARMLESS_LINES,
    LINUX,
    LITERAL,
    OPERATIONAL,
    SHOW_VERBS,
)
from nocmesh_bridges.ssh.shellguard import no_shell_line

MAX_LENGTH = 254
"""The longest line that IOS takes; ours are shorter by far."""
MAX_SHELL_LENGTH = 440
"""Of a line that changes a Linux system; with the prompt it fits on one line of our terminal."""

SHOW_CHARACTERS = re.compile(r"[A-Za-z0-9 _.:/,*+@=%#\-\"'()\[\]^$~|]+")
r"""No `;` `&` `>` `<` `` ` `` `\` `!` `?` `{` `}`: separators, redirects, escapes, history, help."""

LINUX_CHARACTERS = re.compile(r"[A-Za-z0-9 _.:/,@=%+\-]+")
VERBS = ("set", "delete")
"""Of Junos, what a change may say: all else moves about in the hierarchy, or does something beside it."""
PROBES = re.compile(
    r"(?:ping|traceroute)(?: (?:vrf|routing-instance) [\w.\-]+)?(?: (?:ip|ipv4|ipv6|inet|inet6))?"
    r" (?!(?:vrf|routing-instance|ip|ipv4|ipv6|inet6?|source|repeat|count|size)\b)[\w.:\-]+"
    r"(?: (?:source|repeat|count|size|timeout|ttl|probe) [\w.:/\-]+){0,5}"
)
PROBE_NUMBERS = {"repeat": 100, "count": 100, "size": 9216, "timeout": 10, "ttl": 64, "probe": 5}


def check_show(platform: str, command: str) -> None:
    """Returns if ``command`` only reads; raises GuardError, with the ``reason``, for all else."""
    reason = _unclean(command) or _no_show(platform, command.strip(" "))
    if reason:
        raise GuardError(f"{command[:80]!r} is refused: {reason}", command=command[:300], reason=reason)


def check_line(platform: str, line: str, *, undo: bool = False, known: Collection[str] = ()) -> None:
    """Returns if ``line`` may stand in a change; raises GuardError, with the ``reason``, for what no change may do.

    At a command line is refused what leaves the configuration mode, opens a way in or out, hides traces or runs
    programs, but for the few commands that make lines take effect; at a shell everything but known shapes (see
    ``shellguard`` for ``undo`` and ``known``). Whether the rest is wise is for the risk rules and the people who
    approve.
    """
    if platform == "linux":
        reason = _unclean(line, MAX_SHELL_LENGTH) or no_shell_line(line, undo=undo, known=known)
    else:
        reason = _unclean(line) or _no_line(platform, line)
    if reason:
        raise GuardError(f"the line {line[:80]!r} is refused: {reason}", line=line[:300], reason=reason)


def only_operates(commands: Sequence[str]) -> bool:
    """Whether ``commands`` leave the configuration as it is: each is an operational one."""
    return all(line.startswith("do ") for line in commands)


def _unclean(text: str, most: int = MAX_LENGTH) -> str:
    if not text.strip():
        return "it is empty"
    if len(text) > most:
        return f"it is longer than {most} characters"
    if not text.isascii() or not text.isprintable():
        bad = next(c for c in text if not (c.isascii() and c.isprintable()))
        return f"it holds U+{ord(bad):04X}; only printable ASCII on one line is typed"
    return ""


def _no_show(platform: str, command: str) -> str:
    if platform == "linux":
        return _no_linux(command)
    if platform not in SHOW_VERBS:
        return f"no rules are known for the platform {platform!r}"
    strange = SHOW_CHARACTERS.sub("", command)
    if strange or "$(" in command or "${" in command:
        return f"it holds {strange[:1] or '$('!r}, which separates, redirects or expands on some device"
    head, *filters = (part.strip() for part in command.split("|"))
    return _no_reading(platform, head) or next(filter(None, (_no_filter(platform, text) for text in filters)), "")


def _no_reading(platform: str, head: str) -> str:
    words = head.lower().split()
    verb = words[0] if words else ""
    if verb in ("ping", "traceroute"):
        return _no_probe(head)
    if platform in ("cisco_iosxr", "cisco_xr") and verb == "admin":
        verb, words = "admin show", words[1:]
        if words[:1] != ["show"]:
            return "of `admin`, only `admin show` reads"
    if verb not in SHOW_VERBS[platform]:
        known = ", ".join(sorted(SHOW_VERBS[platform]))
        return f"{verb!r} is no reading command here; those are: {known}, ping, traceroute"
    if len(words) < 2:
        return "it does not say what to show"
    return _dangerous_show(words[1:])


def _dangerous_show(words: list[str]) -> str:
    for pattern, reason in DANGEROUS_SHOWS:
        if _means(words, pattern):
            return reason
    if "follow" in words or "refresh" in words:
        return "it never ends"
    return "it is interactive: add `once`" if words[:2] == ["processes", "top"] and "once" not in words else ""


def _no_probe(head: str) -> str:
    if not PROBES.fullmatch(head.lower()):
        return "a probe is: ping or traceroute, a host, at most source, repeat, size, timeout; it must not ask back"
    words = head.lower().split()
    for option, most in PROBE_NUMBERS.items():
        if option in words[1:-1]:
            value = words[words.index(option) + 1]
            if not value.isdigit() or int(value) > most:
                return f"{option} must be a number up to {most}"
    return ""


def _no_filter(platform: str, text: str) -> str:
    word, _, rest = text.partition(" ")
    allowed = FILTERS[platform]
    if word.lower() not in allowed:
        return f"| {word[:20]!r} is no reading filter here; those are: {', '.join(sorted(allowed)) or 'none'}"
    return "it expands a variable" if re.search(r"\$\S", rest) else ""


def _no_linux(command: str) -> str:
    if command.startswith("vtysh "):
        return _no_vtysh(command)
    if command in LITERAL:
        return ""
    strange = LINUX_CHARACTERS.sub("", command)
    if strange:
        return f"it holds {strange[:1]!r}, which a shell may interpret"
    if ".." in command:
        return "it holds `..`, which leads out of the folder"
    return "" if any(shape.fullmatch(command) for shape in LINUX) else "it is none of the known reading commands"


def _no_vtysh(command: str) -> str:
    quoted = re.fullmatch(r"vtysh -c (?:'([^'\"$]+)'|\"([^'\"$]+)\")", command)
    if not quoted:
        return "of vtysh, only `vtysh -c 'show …'` reads"
    inner = shlex.split(command)[2]
    return "a pipe inside vtysh is not read by us" if "|" in inner else _no_show("frr", inner)


def _no_line(platform: str, line: str) -> str:
    if any(shape.fullmatch(line) for shape in OPERATIONAL.get(platform, ())):
        return ""
    words = line.lower().split()
    if line.lstrip()[0] in "!#":
        return "a comment changes nothing, and `!` may leave a section"
    if any(c in line for c in "?;`\\") or "$(" in line:
        return "it holds `?`, `;`, `$(`, a backslash or a backtick, which some devices interpret at once"
    if platform in ("cisco_nxos", "arista_eos") and re.search(r"[<>]", line):
        return "it holds `<` or `>`, which redirect there"
    if platform not in SHOW_VERBS:
        return f"no change lines are known for the platform {platform!r}"
    if platform == "juniper_junos" and words[0] not in VERBS:
        return "a change is made of whole statements here: each begins with `set` or `delete`"
    while words and len(words) > 1 and _negates(platform, words[0]):
        words = words[1:]
    if words[0] in HARMLESS_LINES:
        return ""
    return next((reason for pattern, reason in DANGEROUS_LINES if _means(words, pattern)), "")


def _negates(platform: str, word: str) -> bool:
    return word in VERBS if platform == "juniper_junos" else word in ("no", "default")


def _means(words: list[str], pattern: tuple[str, ...]) -> bool:
    """Whether a device could take ``words`` for ``pattern``: each word is the whole word, or a beginning of it."""
    return len(words) >= len(pattern) and all(full.startswith(word) for word, full in zip(words, pattern, strict=False))
