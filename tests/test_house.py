"""The rules of the house that no other tool keeps."""

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = {
    "shared": "nocmesh",
    "agents": "nocmesh_agents",
    "bridges": "nocmesh_bridges",
    "mcp-servers": "nocmesh_mcp",
    "dashboard": "nocmesh_dashboard",
}
MODULES = sorted(path for room, package in ROOMS.items() for path in (ROOT / room / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
OURS = set(ROOMS.values()) | sys.stdlib_module_names
LONGEST_FUNCTION = 50

DOORS: dict[str, tuple[str, ...]] = {
    "alembic": ("nocmesh.store",),
    "apprise": ("nocmesh_bridges.notify.sending",),
    "asyncpg": ("nocmesh_bridges.database.postgres",),
    "asyncssh": ("nocmesh_bridges.ssh", "nocmesh.proving"),
    "cryptography": ("nocmesh.safe.crypto",),
    "httpx2": ("nocmesh.cli", "nocmesh_dashboard", "nocmesh.web", "nocmesh_bridges.http.client"),
    "jinja2": ("nocmesh_dashboard",),
    "markupsafe": ("nocmesh_dashboard",),
    "msgspec": ("nocmesh", "nocmesh_agents", "nocmesh_bridges", "nocmesh_dashboard"),
    "nacl": ("nocmesh.bus",),
    "nats": ("nocmesh.bus",),
    "netmiko": ("nocmesh_bridges.ssh.rivals",),
    "opentelemetry": ("nocmesh.bus",),
    "prometheus_client": ("nocmesh_dashboard.metrics",),
    "pysnmp": ("nocmesh_bridges.snmp.engine",),
    "pydantic": (
        "nocmesh.settings",
        "nocmesh.setting_sources",
        "nocmesh.inventory",
        "nocmesh.inventory_form",
        "nocmesh.evaluation.case",
        "nocmesh.lab.graph",
        "nocmesh.yamlfile",
        "nocmesh.policy.form",
        "nocmesh_bridges.connect.form",
    ),
    "pydantic_settings": ("nocmesh.settings", "nocmesh.setting_sources"),
    "rich": ("nocmesh.cli",),
    "ruamel": ("nocmesh.yamlfile",),
    "sqlalchemy": ("nocmesh.store",),
    "sqlmodel": ("nocmesh.store",),
    "starlette": ("nocmesh_bridges.alerts", "nocmesh_dashboard"),
    "structlog": ("nocmesh.log",),
    "textfsm": ("nocmesh_bridges.platforms",),
    "typer": ("nocmesh.cli",),
    "uvicorn": ("nocmesh_bridges.alerts.serving", "nocmesh_dashboard"),
}
"""Outside library to the packages or modules that may import it; a library without a row has no door yet."""

TALKERS = ("nocmesh.cli",)
"""Who may print; everybody else logs."""


def named(path: Path) -> str:
    """The module's dotted name."""
    parts = path.relative_to(ROOT).with_suffix("").parts[1:]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def lies_in(module: str, packages: tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


@dataclass(frozen=True)
class Module:
    """What the rules ask about one module: it is parsed and walked once, for all of them."""

    caption: str
    libraries: tuple[tuple[str, int], ...]
    """Every outside library that it imports, wherever in it, with the line."""
    functions: tuple[tuple[str, int], ...]
    """Every function, with its length."""
    prints: tuple[int, ...]
    """The lines that print."""


@cache
def seen(path: Path) -> Module:
    tree = ast.parse(path.read_text(), filename=str(path))
    libraries: list[tuple[str, int]] = []
    functions: list[tuple[str, int]] = []
    prints: list[int] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            libraries += [(name, node.lineno) for name in outside(node)]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            functions.append((node.name, (node.end_lineno or 0) - node.lineno + 1))
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            prints.append(node.lineno)
    return Module(ast.get_docstring(tree) or "", tuple(libraries), tuple(functions), tuple(prints))


def outside(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The outside libraries that an import names."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        names = [] if node.level else [node.module or ""]
    found = [name.split(".")[0] for name in names]
    return [library for library in found if library not in OURS]


def strays(path: Path) -> list[str]:
    """Imports that do not come through the library's door."""
    return [
        f"{path.relative_to(ROOT)}:{line}: {library} (its door: {', '.join(DOORS.get(library, ())) or 'none yet'})"
        for library, line in seen(path).libraries
        if not lies_in(named(path), DOORS.get(library, ()))
    ]


def shown(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_a_room_holds_one_package_and_is_none_itself() -> None:
    for room, package in ROOMS.items():
        assert not (ROOT / room / "__init__.py").exists(), room
        assert (ROOT / room / package / "__init__.py").is_file()
        holders = [child.name for child in (ROOT / room).iterdir() if child.is_dir() and list(child.rglob("*.py"))]
        assert holders == [package]


@pytest.mark.parametrize("folder", ["nats", "docs"])
def test_a_folder_of_configuration_or_words_holds_no_python(folder: str) -> None:
    assert not list((ROOT / folder).rglob("*.py"))


def test_no_folder_of_tests_is_a_package() -> None:
    assert [shown(path) for path in TESTS if path.name == "__init__.py"] == []


def test_test_files_have_names_of_their_own() -> None:
    names = [path.name for path in TESTS if path.name != "conftest.py"]
    assert sorted({name for name in names if names.count(name) > 1}) == []


@pytest.mark.parametrize("library", ["nats"])
def test_a_folder_of_ours_shadows_no_library(library: str) -> None:
    found = importlib.import_module(library).__file__
    assert found is not None
    assert "site-packages" in found


def test_every_module_starts_with_a_caption() -> None:
    assert [shown(path) for path in MODULES if not captioned(path)] == []


def captioned(path: Path) -> bool:
    """Its first line is a sentence, or a line of its own."""
    lines = seen(path).caption.splitlines()
    return bool(lines) and len(lines[0]) > 10 and (lines[0][-1] in ".:;?!,)`" or len(lines) > 1)


def test_no_function_is_longer_than_a_screen() -> None:
    assert [found for path in MODULES for found in long_functions(path)] == []


def long_functions(path: Path) -> Iterator[str]:
    if "versions" in path.parts:
        return  # a migration is a list of tables, and is never touched again
    for name, length in seen(path).functions:
        if length > LONGEST_FUNCTION:
            yield f"{shown(path)}: {name} has {length} lines"


def test_an_outside_library_is_imported_through_its_door_alone() -> None:
    assert [stray for path in MODULES for stray in strays(path)] == []


@pytest.mark.parametrize("library", DOORS)
def test_a_door_leads_to_a_library_that_somebody_imports(library: str) -> None:
    assert any(found == library for path in MODULES for found, _ in seen(path).libraries)


def test_only_the_commands_print() -> None:
    silent = [path for path in MODULES if not lies_in(named(path), TALKERS)]
    assert [f"{shown(path)}:{line}" for path in silent for line in seen(path).prints] == []


def test_a_file_name_is_short_and_in_small_letters() -> None:
    name = re.compile(r"__init__|__main__|[a-z][a-z0-9_]{1,24}")
    assert [shown(path) for path in MODULES if not name.fullmatch(path.stem)] == []


def test_every_test_file_says_what_it_is_about() -> None:
    caption = re.compile(r'"""[^"\s]')  # looked at, not parsed: there are hundreds of files
    assert [shown(path) for path in TESTS if not caption.match(path.read_text())] == []


def texts() -> Iterator[Path]:
    """Every file of ours that people read: code, tests, pages, configuration."""
    kinds = {".py", ".md", ".toml", ".yaml", ".yml", ".html", ".js", ".css", ".conf"}
    bare = {"Makefile", "Containerfile", ".gitignore", "run", "environment", "system-packages", "compose-keys"}
    folders = (*ROOMS, "tests", "docs", "nats", "scripts", ".ci")
    found = [path for folder in folders for path in (ROOT / folder).rglob("*")] + list(ROOT.iterdir())
    skipped = {"__pycache__", "versions", "node_modules"}
    for path in sorted(set(found)):
        if path.is_file() and (path.suffix in kinds or path.name in bare) and not skipped & set(path.parts):
            yield path


MACHINE = re.compile(r"(?<![\w.~}\])-])/(?:work|root|home/\w+|opt/wheels|opt/pypi)(?:/|\b)(?![-\w])")


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    found = [
        f"{shown(path)}:{number}"
        for path in texts()
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if MACHINE.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("in /work/main/x", True), ("/root", True), ("'/home/nina/x'", True), ("/workflows", False), ("a/work/b", False)],
)
def test_the_search_for_machine_folders_finds_them(text: str, is_one: bool) -> None:
    assert bool(MACHINE.search(text)) is is_one
