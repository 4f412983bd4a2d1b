"""The suites that come along: case files as data of this package."""

from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.evaluation.case import Case
from nocmesh.evaluation.reading import read_cases
from nocmesh.yamlfile import nearest


def _home() -> Traversable:
    return files("nocmesh.evaluation") / "suites"


def suite_names() -> list[str]:
    """The suites that there are."""
    return sorted(entry.name for entry in _home().iterdir() if entry.is_dir())


def suite_folder(name: str) -> Path:
    """Where its case files lie. Raises NotFoundError."""
    if name not in suite_names():
        raise NotFoundError(f"there is no suite {name[:60]!r}; {nearest(name, suite_names())}")
    return Path(str(_home() / name))


def suite(name: str) -> list[Case]:
    """Its cases, file after file. Raises NotFoundError for an unknown suite, InvalidInputError for an unsound file."""
    cases: list[Case] = []
    for path in sorted(suite_folder(name).glob("*.yaml")):
        for case in read_cases(path):
            if case.name in {known.name for known in cases}:
                raise InvalidInputError(
                    f"{path}: the case {case.name!r} is in another file of the suite too; rename it"
                )
            cases.append(case)
    return cases
