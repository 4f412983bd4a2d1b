"""The knowledge of ``hints.toml``: what the words of an alert say about where its trouble shows."""

import tomllib
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import cast

from nocmesh.messages.state import View


def views_about(words: Collection[str]) -> list[View]:
    """The views, beside those of a first look, in which what ``words`` speak of would show."""
    said = set(words)
    return [cast("View", view) for view, marks in _table("shown").items() if marks & said]


def about_quality(words: Collection[str]) -> bool:
    """Whether packets that are lost, late or damaged would explain the alert."""
    return bool(_table("about")["quality"] & set(words))


def about_reach(words: Collection[str]) -> bool:
    """Whether somebody who does not get to somebody would explain it."""
    return bool(_table("about")["reach"] & set(words))


def about_counters(words: Collection[str]) -> bool:
    """Whether it would show in what an interface counts, between two looks."""
    return bool(_table("about")["counters"] & set(words))


@cache
def _table(name: str) -> Mapping[str, frozenset[str]]:
    rows = tomllib.loads(files("nocmesh.diagnosis").joinpath("hints.toml").read_text("utf-8"))
    return {key: frozenset(words) for key, words in rows[name].items()}
