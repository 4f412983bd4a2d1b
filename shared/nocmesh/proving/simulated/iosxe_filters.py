"""IOS-XE's extended access lists: their lines, and what they show. Pure.

Entries are numbered, as IOS-XE 17 shows them. None counts its matches, as where hardware switches the packets.
"""

from collections.abc import Iterator, Sequence

from nocmesh.proving.simulated import editing
from nocmesh.proving.simulated.editing import Act, Editor, Refused, Section
from nocmesh.proving.simulated.grammar import Mismatch, Rule
from nocmesh.proving.simulated.model import Configuration, Interface

_HOOKS = ("in", "out")


def port_lines(interface: Interface) -> list[str]:
    """The lines by which an interface has its lists, without indent."""
    return [f"ip access-group {interface.filters[hook]} {hook}" for hook in _HOOKS if hook in interface.filters]


def list_lines(configuration: Configuration) -> Iterator[str]:
    """Every list with its entries."""
    for name, entries in sorted(configuration.access_lists.items()):
        yield f"ip access-list extended {name}"
        yield from (f" {number} {text}" for number, text in sorted(entries.items()))


def shown(configuration: Configuration) -> str:
    """`show ip access-lists`: nothing at all where there is none."""
    lines: list[str] = []
    for name, entries in sorted(configuration.access_lists.items()):
        lines += [f"Extended IP access list {name}", *(f"    {n} {text}" for n, text in sorted(entries.items()))]
    return "".join(f"{line}\n" for line in lines)


def _enter(editor: Editor, name: str) -> None:
    editor.configuration.access_lists.setdefault(name, {})
    editor.section = Section("acl", name)


def _no_list(editor: Editor, name: str) -> None:
    if editor.configuration.access_lists.pop(name, None) is None:
        raise Refused(f"%ACL {name} does not exist")


def _entry(editor: Editor, number: str, action: str, rest: str) -> None:
    if action not in ("permit", "deny"):
        raise Mismatch("unknown", 0)
    entries = editor.configuration.access_lists[editor.section.name]
    if int(number) in entries:
        raise Refused("% Duplicate sequence number")
    entries[int(number)] = f"{action} {rest}"


def _no_entry(editor: Editor, number: str, *_: str) -> None:
    entries = editor.configuration.access_lists[editor.section.name]
    if entries.pop(int(number), None) is None:
        raise Refused("% Entry does not exist")


def _bind(editor: Editor, name: str, hook: str) -> None:
    if hook not in _HOOKS:
        raise Mismatch("unknown", 0)
    editor.interface.filters = {**editor.interface.filters, hook: name}


def _unbind(editor: Editor, _: str, hook: str) -> None:
    editor.interface.filters = {h: name for h, name in editor.interface.filters.items() if h != hook}


TOP: Sequence[Rule[Act]] = (
    Rule("ip access-list extended {word}", _enter),
    Rule("no ip access-list extended {word}", _no_list),
)
INTERFACE: Sequence[Rule[Act]] = (
    Rule("ip access-group {word} {word}", _bind),
    Rule("no ip access-group {word} {word}", _unbind),
)
LIST: Sequence[Rule[Act]] = (
    Rule("exit", editing.leave),
    Rule("{int} {word} {rest}", _entry),
    Rule("no {int} [rest]", _no_entry),
)
