"""How a command gets to its work: settings from its flags, one event loop. What is heavy is imported only then."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from nocmesh.cli.output import Format


def settings(**flags: Any) -> Any:
    """The settings, where a flag that was given beats all else. Raises: InvalidInputError."""
    from nocmesh.settings import Settings

    return Settings(**flags)


def asked(data: Path | None, url: str | None, user: str, form: Format) -> Any:
    """Who asks the dashboard, as the flags of such a command say."""
    from nocmesh.cli.asked import Asked

    return Asked(settings=settings(data=data, url=url), user=user, form=form)


def do(work: Coroutine[Any, Any, Any]) -> Any:
    """Runs it to its end, and returns what it does."""
    import asyncio

    return asyncio.run(work)
