"""Policy files, read and laid one upon another: the built-in one always holds, and a file can only be stricter."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from nocmesh.messages.base import Message
from nocmesh.messages.change import Risk
from nocmesh.messages.policy import Terms, Way
from nocmesh.policy.form import LEVELS, RISKS, AutonomyEntry, BudgetEntry, ExampleEntry, PolicyForm, Rule
from nocmesh.yamlfile import Document, Mistake, read_document, validated

BUILT_IN = Path(__file__).with_name("policy.yaml")
Layer = tuple[Rule, ...]


class Policy(Message, frozen=True, kw_only=True):
    """What holds: the built-in policy, and a file's on top of it."""

    layers: tuple[Layer, ...]
    terms: Mapping[Risk, Terms]
    otherwise: Mapping[Way, Risk]
    tools: Mapping[str, Risk]
    autonomy: Mapping[str, AutonomyEntry]
    budget: BudgetEntry
    tests: tuple[ExampleEntry, ...]


def policy_of(path: Path | None = None) -> Policy:
    """The policy of a mesh; ``path``: the file that makes it stricter.

    Raises NotFoundError when the file is not there, InvalidInputError that names each line that is wrong or laxer.
    """
    if path is None:
        return built_in()
    document = read_document(path)
    form, mistakes = validated(document, PolicyForm)
    document.refuse(mistakes)
    assert form is not None
    document.refuse(_laxer(document, form, built_in()))
    return _upon(built_in(), form)


@cache
def built_in() -> Policy:
    """The policy that always holds."""
    document = read_document(BUILT_IN)
    form, mistakes = validated(document, PolicyForm)
    document.refuse(mistakes)
    assert form is not None
    return Policy(
        layers=(form.rules,),
        terms=_terms(form),
        otherwise=form.otherwise,
        tools=form.tools,
        autonomy=form.autonomy,
        budget=form.budget,
        tests=form.tests,
    )


def _terms(form: PolicyForm) -> dict[Risk, Terms]:
    return {
        risk: Terms(approvals=entry.approvals, delay_seconds=entry.delay_minutes * 60)
        for risk, entry in form.risks.items()
    }


def _upon(base: Policy, form: PolicyForm) -> Policy:
    return Policy(
        layers=(*base.layers, form.rules),
        terms={**base.terms, **_terms(form)},
        otherwise={**base.otherwise, **form.otherwise},
        tools={**base.tools, **form.tools},
        autonomy={**base.autonomy, **form.autonomy},
        budget=form.budget,
        tests=(*base.tests, *form.tests),
    )


def _laxer(document: Document, form: PolicyForm, base: Policy) -> list[Mistake]:
    """Each place where the file would make something easier."""
    found = []
    for risk, entry in form.risks.items():
        least = base.terms[risk]
        stricter = entry.approvals > least.approvals or entry.delay_minutes * 60 >= least.delay_seconds
        if entry.approvals < least.approvals or not stricter:
            wait = f" and {least.delay_seconds / 60:g} minutes" if least.delay_seconds else ""
            said = f"takes {least.approvals} approvals{wait} at least"
            found.append(document.mistake(("risks", risk), f"{said}; a file can only be stricter"))
    for where, given, known in (("otherwise", form.otherwise, base.otherwise), ("tools", form.tools, base.tools)):
        for name, rated in given.items():
            least_risk = known.get(name)  # type: ignore[call-overload]
            if least_risk and RISKS.index(rated) < RISKS.index(least_risk):
                found.append(document.mistake((where, name), f"is at least {least_risk}; a file can only be stricter"))
    return found + _freer(document, form, base)


def _freer(document: Document, form: PolicyForm, base: Policy) -> list[Mistake]:
    """Each type of agent that the file would let do more: how far one rises is for an admin to say, up to a ceiling."""
    found = []
    for name, entry in form.autonomy.items():
        known = base.autonomy.get(name) or base.autonomy["default"]
        if LEVELS.index(entry.start) > LEVELS.index(known.start) or LEVELS.index(entry.ceiling) > LEVELS.index(
            known.ceiling
        ):
            said = f"starts with {known.start} and may rise to {known.ceiling} at most; a file can only be stricter"
            found.append(document.mistake(("autonomy", name), said))
    return found
