"""A YAML file with the line that each value stands on.

YAML 1.2, one document, plain data only: aliases, tags, duplicate keys, deep nesting and large files are refused.
Mistakes are collected, each with its line, and raised together as one InvalidInputError.
"""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent, NodeEvent, ScalarEvent
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from nocmesh.errors import InvalidInputError, NotFoundError

MAX_BYTES = 8 * 1024 * 1024
"""Some ten thousand devices; a file written by hand is never near it."""
MAX_DEPTH = 24
"""Our deepest file nests eight levels."""

Place = tuple[str | int, ...]
"""Keys and indices from the root: `("devices", 0, "platform")`."""

M = TypeVar("M", bound=BaseModel)
_CORE = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that is wrong, and where."""

    line: int
    path: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Plain data with its lines."""

    name: str
    data: Any
    lines: Mapping[Place, int]

    def line(self, place: Place) -> int:
        """The line of ``place``, or of the nearest thing around it that the file has."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def where(self, place: Place) -> str:
        """How a text points at ``place``: `on line 7`."""
        return f"on line {self.line(place)}"

    def mistake(self, place: Place, reason: str) -> Mistake:
        """``reason``, at ``place``."""
        return Mistake(line=self.line(place), path=spelled(place), reason=reason)

    def refuse(self, mistakes: Iterable[Mistake]) -> None:
        """Raise InvalidInputError that names every mistake, in the order of the file; none: return."""
        ordered = sorted(set(mistakes), key=lambda m: (m.line, m.path, m.reason))
        if not ordered:
            return
        lines = [f"{self.name}:{m.line}: {m.path + ': ' if m.path else ''}{m.reason}" for m in ordered]
        raise InvalidInputError(
            "\n".join(lines),
            field=ordered[0].path,
            reason=ordered[0].reason,
            file=self.name,
            mistakes=[{"line": m.line, "path": m.path, "reason": m.reason} for m in ordered],
        )


def spelled(place: Place) -> str:
    """A place as people write it: `devices[0].platform`."""
    text = ""
    for part in place:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def nearest(word: str, known: Iterable[str]) -> str:
    """The hint that an error ends with: the nearest of ``known``, or all of them."""
    names = sorted(known)
    close = get_close_matches(word.lower(), names, n=1, cutoff=0.6)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"expected one of: {', '.join(names)}" if names else "none is defined"


def read_document(path: Path) -> Document:
    """The YAML file at ``path``.

    Raises NotFoundError when it is not there, InvalidInputError when it is too large, not UTF-8 or not plain YAML.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidInputError(f"{path}: larger than {MAX_BYTES} bytes; check that it is the right file")
        raw = path.read_bytes()
    except OSError as error:
        raise NotFoundError(f"{path}: cannot be read ({error.strerror}); give the path of a YAML file") from error
    try:
        return parse_document(raw.decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8 text") from error


def parse_document(text: str, name: str) -> Document:
    """``text`` as a document; ``name`` is what errors call it. Raises InvalidInputError."""
    reader = YAML(typ="safe", pure=True)
    try:
        _refuse_traps(reader, text, name)
        root = reader.compose(text)
    except (YAMLError, ValueError) as error:
        raise _broken(error, name) from error
    lines: dict[Place, int] = {(): 1}
    mistakes: list[Mistake] = []
    data = None if root is None else _plain(root, (), lines, mistakes)
    document = Document(name=name, data=data, lines=lines)
    document.refuse(mistakes)
    return document


def plain_data(text: str) -> Any:
    """The data of a YAML text that a library brings along: nothing is refused, nothing is looked at."""
    return YAML(typ="safe", pure=True).load(text)


def dumped(data: Any) -> str:
    """``data``, made of plain values, as a text in YAML 1.2: read again it is the same."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # the order is the reader's
    out = io.StringIO()
    writer.dump(data, out)
    return out.getvalue()


def _refuse_traps(reader: YAML, text: str, name: str) -> None:
    # Events come without recursion and before any alias is resolved: a bomb is never built.
    depth = 0
    for event in reader.parse(text):
        line = event.start_mark.line + 1
        if isinstance(event, AliasEvent):
            raise InvalidInputError(f"{name}:{line}: aliases (*{event.anchor}) are not allowed; write the value out")
        if isinstance(event, NodeEvent) and _tagged(event):
            raise InvalidInputError(f"{name}:{line}: tags (!…) are not allowed; write plain values")
        depth += isinstance(event, CollectionStartEvent)
        depth -= isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise InvalidInputError(f"{name}:{line}: nested deeper than {MAX_DEPTH} levels; expected a flat file")


def _tagged(event: NodeEvent) -> bool:
    return isinstance(event, ScalarEvent | CollectionStartEvent) and event.tag is not None


def _broken(error: Exception, name: str) -> InvalidInputError:
    mark = getattr(error, "problem_mark", None)
    line = 1 if mark is None else mark.line + 1
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return InvalidInputError(f"{name}:{line}: not YAML: {problem}; correct the syntax there", reason=str(problem))


def _plain(node: Node, place: Place, lines: dict[Place, int], mistakes: list[Mistake]) -> Any:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, SequenceNode):
        return [_plain(item, (*place, index), lines, mistakes) for index, item in enumerate(node.value)]
    if isinstance(node, MappingNode):
        return _mapping(node, place, lines, mistakes)
    assert isinstance(node, ScalarNode)
    return _scalar(node)


def _mapping(node: MappingNode, place: Place, lines: dict[Place, int], mistakes: list[Mistake]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, ScalarNode):
            mistakes.append(Mistake(line=line, path=spelled(place), reason="a key must be a plain word"))
            continue
        inner = (*place, key.value)
        if key.value in found:
            mistakes.append(Mistake(line=line, path=spelled(inner), reason="given twice; keep one"))
            continue
        lines[inner] = line
        found[key.value] = _plain(value, inner, lines, mistakes)
    return found


def _scalar(node: ScalarNode) -> Any:
    text: str = node.value
    kind = str(node.tag).removeprefix(_CORE)
    if kind == "null":
        return None
    if kind == "bool":
        return text.lower() == "true"
    if kind in {"int", "float"}:
        return _number(text)
    return text


def _number(text: str) -> int | float | str:
    for read in (int, lambda value: int(value, 0), float):
        try:
            return read(text)
        except ValueError:
            continue
    return text  # .inf, .nan and 1_0__0: no field of ours wants them as numbers


def validated(document: Document, model: type[M]) -> tuple[M | None, list[Mistake]]:
    """``document`` as ``model``, or None and what is wrong with it: unknown keys come with the nearest known one."""
    if not isinstance(document.data, dict):
        found = "nothing" if document.data is None else type(document.data).__name__
        return None, [document.mistake((), f"expected a mapping of {', '.join(model.model_fields)}; found {found}")]
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        return None, [_explained(document, model, tuple(d["loc"]), d["type"], d["msg"]) for d in details]


def _explained(document: Document, model: type[BaseModel], place: Place, kind: str, text: str) -> Mistake:
    if kind == "extra_forbidden":
        known = keys_at(model, place[:-1])
        return document.mistake(place, f"unknown key {place[-1]!r}; {nearest(str(place[-1]), known)}")
    if kind == "missing":
        return document.mistake(place, "is missing; add it")
    if kind == "string_type":
        return document.mistake(place, "expected text; write it in quotes")
    text = text.removeprefix("Value error, ").removeprefix("Input should be ")
    return document.mistake(place, text if kind == "value_error" else f"expected {text}")


def keys_at(model: type[BaseModel], place: Sequence[str | int]) -> set[str]:
    """The keys that ``model`` knows at ``place``."""
    current: Any = model
    for part in place:
        current = _inside(current, part)
    inner = _bare(current)
    if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
        return set()
    return {field.alias or name for name, field in inner.model_fields.items()}


def _inside(kind: Any, part: str | int) -> Any:
    bare = _bare(kind)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        field = bare.model_fields.get(str(part))
        return None if field is None else field.annotation
    arguments = [each for each in get_args(bare) if each is not Ellipsis]
    return arguments[-1] if arguments else None


def _bare(kind: Any) -> Any:
    if get_origin(kind) in {Union, UnionType}:
        return next(choice for choice in get_args(kind) if choice is not type(None))
    return kind
