"""The page docs/reference/cli.md, made of the commands themselves.

`python -m nocmesh.cli.reference > docs/reference/cli.md`
"""

import sys
from collections.abc import Iterator
from typing import Any

import typer

from nocmesh.cli.app import app

HEAD = """\
# Commands

<!-- Generated from nocmesh.cli.app; `python -m nocmesh.cli.reference > docs/reference/cli.md` -->

Data goes to standard output, talk to standard error. `-o` takes `table`, `json`, `yaml` or `name`. A flag beats the
environment, which beats the file ([settings](settings.md)). Commands that ask the dashboard find it by `--url`,
`NOCMESH_URL`, or the mesh that runs in the data folder, and act as the person of `NOCMESH_TOKEN`.

| exit code | what it says |
| --- | --- |
| 0 | done. A vote that counts, and an incident that ended in a person's hands, are done |
| 1 | failed; of `nocmesh demo`: the diagnosis was wrong |
| 2 | the call or the input is wrong: correct it |
| 3 | the surroundings do not allow it: nothing runs there, a port is taken, a version is too old |
| 4 | what was named does not exist |
| 5 | it is not allowed |
| 6 | not in time |
| 7 | it waits for people: `nocmesh incident watch --timeout` |
| 130 | Ctrl-C |
"""


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_commands(typer.main.get_command(app), "nocmesh")])


def _commands(command: Any, name: str) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield from _command(command, name)
        return
    for word, each in inner.items():
        if not each.hidden:
            yield from _commands(each, f"{name} {word}")


def _command(command: Any, name: str) -> Iterator[str]:
    shown = [parameter for parameter in command.params if parameter.name != "help"]
    arguments = " ".join(_argument(each) for each in shown if each.param_type_name == "argument")
    yield f"## `{f'{name} {arguments}'.strip()}`\n"
    yield " ".join(str(command.help).split()) + "\n"
    options = [each for each in shown if each.param_type_name == "option"]
    if options:
        yield "| option | default | what it is |\n| --- | --- | --- |"
        yield from (_option(each) for each in options)
        yield ""


def _argument(parameter: Any) -> str:
    return str(parameter.metavar or parameter.name.upper())


def _option(option: Any) -> str:
    names = ", ".join(f"`{name}`" for name in option.opts)
    default = "" if option.default in (None, "", False, ()) else f"`{getattr(option.default, 'value', option.default)}`"
    needed = "needed" if option.required else default
    return f"| {names} | {needed} | {option.help or ''} |"


if __name__ == "__main__":
    sys.stdout.write(page())
