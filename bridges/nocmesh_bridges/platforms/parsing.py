"""The one door to TextFSM and the ntc-templates: a command's text becomes rows.

A template that matches nothing gives no rows and no error, so callers count what must be there themselves.
"""

from functools import lru_cache
from importlib.resources import files

from textfsm import TextFSM, TextFSMError

Row = dict[str, str]
TEMPLATES = "cisco_ios"
"""What the templates call IOS and IOS-XE."""


def rows(platform: str, command: str, text: str) -> list[Row]:
    """The rows that the template of ``platform`` and ``command`` finds in ``text``; none when it gives up.

    ``platform`` is the ntc-templates' name: `cisco_ios`. Raises FileNotFoundError for a command without a template.
    """
    return list(_rows(platform, command, text))


@lru_cache(maxsize=4)
def _rows(platform: str, command: str, text: str) -> tuple[Row, ...]:
    """A judge and a reader ask for the same text one after the other: it is parsed once."""
    template = files("ntc_templates").joinpath("templates", f"{platform}_{command.replace(' ', '_')}.textfsm")
    with template.open(encoding="utf-8") as source:
        machine = TextFSM(source)  # type: ignore[no-untyped-call]
    try:
        found = machine.ParseText(text)  # type: ignore[no-untyped-call]
    except TextFSMError:
        return ()
    names = [str(name).lower() for name in machine.header]
    return tuple({name: _flat(value) for name, value in zip(names, row, strict=True)} for row in found)


def _flat(value: str | list[str]) -> str:
    return value.strip() if isinstance(value, str) else " ".join(value)
