"""Text that came from outside, made visible.

Everything from a device, an alert or a person may hold control characters, or format characters that turn the
reading direction or hide what is written (Unicode TR36 §3, CVE-2021-42574). A person who approves must see them.
"""

import re
import unicodedata
from typing import Any

from markupsafe import Markup

_HIDDEN_CATEGORIES = frozenset({"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"})
_PLAIN = re.compile(r"[\n\t -~]*")


def visible(text: str) -> str:
    """``text`` with each control or format character written out: ESC as ``␛``, U+202E as ``⟨U+202E⟩``.

    Newlines and tabs stay; a carriage return before a newline goes.
    """
    if _PLAIN.fullmatch(text):
        return text
    return "".join(_shown(c) for c in text.replace("\r\n", "\n"))


def _shown(char: str) -> str:
    if char in "\n\t" or unicodedata.category(char) not in _HIDDEN_CATEGORIES:
        return char
    code = ord(char)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"⟨U+{code:04X}⟩"


def finalize(value: Any) -> Any:
    """What a template may put out: text made visible, nothing for None; markup of our own stays."""
    if value is None:
        return ""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value
