"""Case files: YAML, one case a document or a list of cases; every mistake with file, line and what was expected."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from nocmesh.alerting.sources import WEBHOOKS, parse
from nocmesh.diagnosis.resources import kind_of
from nocmesh.diagnosis.vocabulary import fault_types
from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.evaluation.alerts import filled
from nocmesh.evaluation.case import Case
from nocmesh.evaluation.networks import SIMULATED, ground_of, is_simulated, known_names, lab_names
from nocmesh.lab.plan import Options
from nocmesh.yamlfile import MAX_BYTES, Document, Mistake, Place, nearest, parse_document, validated

_MARKER = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_SHAPES = {
    "node": re.compile(r"node/[^/\s:]+"),
    "interface": re.compile(r"interface/[^/\s:]+/\S+"),
    "link": re.compile(r"link/[^/\s:]+:\S+?--[^/\s:]+:\S+"),
}
_AT = re.compile(r" - at `\$\.?([^`]*)`$")


def read_cases(path: Path) -> list[Case]:
    """Every case of the file. Raises NotFoundError when it is not there, InvalidInputError with all its mistakes."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidInputError(f"{path}: larger than {MAX_BYTES} bytes; check that it is a case file")
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise NotFoundError(f"{path}: cannot be read ({error.strerror}); give the path of a case file") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{path}: not UTF-8 at byte {error.start}; save it as UTF-8 text") from error
    return parse_cases(text, str(path), path.parent)


def parse_cases(text: str, name: str, folder: Path) -> list[Case]:
    """The cases in ``text``; graph files are looked for from ``folder``. Raises InvalidInputError."""
    found, mistakes = _Cases(folder), []
    for document in documents(text, name):
        mistakes += found.take(document)
    if not found.cases and not mistakes:
        mistakes.append(Mistake(line=1, path="", reason="no case in it; expected at least one, with a name"))
    Document(name=name, data=None, lines={}).refuse(mistakes)
    return found.cases


def documents(text: str, name: str) -> Iterator[Document]:
    """One a case: the file's YAML documents, the items of those that are lists. Raises InvalidInputError."""
    for piece in pieces(text):
        document = parse_document(piece, name)
        if isinstance(document.data, list):
            yield from (_item(document, index) for index in range(len(document.data)))
        elif document.data is not None:
            yield document


def pieces(text: str) -> Iterator[str]:
    """The file's documents as texts, each after as many empty lines as stand before it, so that lines stay right.

    A line that begins with `---` and then space or nothing starts a document wherever it stands (YAML 1.2, 9.1.2).
    """
    starts = [0, *(match.start() for match in _MARKER.finditer(text))]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        if text[start:end].strip():
            yield "\n" * text.count("\n", 0, start) + text[start:end]


def _item(document: Document, index: int) -> Document:
    lines: dict[Place, int] = {place[1:]: line for place, line in document.lines.items() if place and place[0] == index}
    return Document(name=document.name, data=document.data[index], lines=lines)


@dataclass
class _Cases:
    """The cases of one file, as they come."""

    folder: Path
    cases: list[Case] = field(default_factory=list)

    def take(self, document: Document) -> list[Mistake]:
        """Add one case, or give what is wrong with it."""
        case, mistakes = validated(document, Case)
        if case is None:
            return mistakes
        mistakes = [document.mistake(place, reason) for place, reason in self._wrong(case)]
        if not mistakes:
            graph = str((self.folder / case.graph).absolute()) if case.graph else ""
            self.cases.append(case.model_copy(update={"graph": graph}))
        return mistakes

    def _wrong(self, case: Case) -> Iterator[tuple[Place, str]]:
        if case.name in {known.name for known in self.cases}:
            yield ("name",), f"{case.name!r} is used twice; give each case a name of its own"
        yield from _network(case, self.folder)
        yield from _options(case)
        yield from _faults(case)
        yield from _alerts(case)
        yield from _expectation(case)


def _network(case: Case, folder: Path) -> Iterator[tuple[Place, str]]:
    real, simulated = case.topology in lab_names(), is_simulated(case.topology)
    if bool(case.topology) == bool(case.graph):
        yield (), f"expected either topology ({', '.join(known_names())}) or graph: FILE"
    elif case.topology and not real and not simulated:
        yield ("topology",), f"unknown topology {case.topology[:60]!r}; {nearest(case.topology, known_names())}"
    elif case.graph and not (folder / case.graph).is_file():
        yield ("graph",), f"no file {case.graph!r} beside the case file; give its path from there"
    elif case.ground == "lab" and case.topology and not real:
        yield ("ground",), f"{case.topology} is a simulated network; leave ground out"
    elif case.ground == "sim" and not simulated:
        yield ("ground",), f"this network is not simulated; expected one of {', '.join(SIMULATED)}, or ground: lab"
    elif ground_of(case) == "sim" and case.options:
        yield ("options",), "simulated networks take no options; leave them out"


def _options(case: Case) -> Iterator[tuple[Place, str]]:
    known = Options.__struct_fields__
    unknown = [key for key in case.options if key not in known]
    for key in unknown:
        yield ("options", key), f"unknown option {key[:60]!r}; {nearest(key, known)}"
    if unknown:
        return
    try:
        _ = case.chosen
    except msgspec.ValidationError as error:
        told = _AT.search(str(error))
        yield ("options", *([told[1]] if told and told[1] else [])), _AT.sub("", str(error))


def _faults(case: Case) -> Iterator[tuple[Place, str]]:
    for index, fault in enumerate(case.faults):
        yield from _fits(fault.type, fault.at, ("faults", index, "type"), ("faults", index, "at"))
    for index, cause in enumerate(case.expect.root_causes):
        place: Place = ("expect", "root_causes", index)
        yield from _fits(cause.fault_type, cause.resource, (*place, "fault_type"), (*place, "resource"))


def _fits(name: str, resource: str, named: Place, on: Place) -> Iterator[tuple[Place, str]]:
    known = fault_types()
    if name not in known:
        yield named, f"unknown fault type {name[:60]!r}; {nearest(name, known)}"
        return
    kind = known[name].resource
    if kind_of(resource) != kind:
        yield on, f"{name} is a fault of a {kind}; expected an id that starts with '{kind}/'"
    elif not _SHAPES[kind].fullmatch(resource):
        shape = {"node": "node/<device>", "interface": "interface/<device>/<interface>"}
        yield on, f"expected {shape.get(kind, 'link/<a>:<if>--<b>:<if>')}, got {resource[:80]!r}"
    elif kind == "link" and resource != in_order(resource):
        yield on, f"the ends of a link stand in alphabetical order: {in_order(resource)}"


def in_order(link: str) -> str:
    """The link's id with its ends in alphabetical order."""
    return "link/" + "--".join(sorted(link.removeprefix("link/").split("--", 1)))


def _alerts(case: Case) -> Iterator[tuple[Place, str]]:
    sent: Sequence[tuple[Place, Any]] = [
        (("alert",), case.alert),
        *((("noise", index), alert) for index, alert in enumerate(case.noise)),
    ]
    for place, alert in sent:
        if alert.source not in WEBHOOKS:
            yield (*place, "source"), f"unknown alert source {alert.source[:60]!r}; {nearest(alert.source, WEBHOOKS)}"
            continue
        now = datetime.now(UTC)
        try:
            parse(alert.source, msgspec.json.encode(filled(alert.body, now)), now)
        except InvalidInputError as error:
            yield (*place, "body"), f"{alert.source} sends no such body: {error.message}"


def _expectation(case: Case) -> Iterator[tuple[Place, str]]:
    causes, verdict = case.expect.root_causes, case.expect.verdict
    if verdict == "true_positive" and not causes:
        yield ("expect", "root_causes"), "a true_positive has a cause; add it, or expect false_positive"
    if verdict != "true_positive" and causes:
        yield ("expect", "verdict"), f"{verdict} with root causes; expected true_positive, or no cause"
    if causes and not case.faults:
        yield ("faults",), "nothing is injected, and a cause is expected; add the fault"
    if case.recovered and not case.faults:
        yield ("recovered",), "nothing is injected that could recover; add the fault"
    if case.recovered and causes:
        yield ("expect", "root_causes"), "what has recovered is no cause any more; expect false_positive and none"
