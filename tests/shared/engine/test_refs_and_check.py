"""References, conditions and whole definitions: data that strangers may write."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.engine.check import MAX_SECONDS, check_definition
from nocmesh.engine.definition import Definition, Retry, Step
from nocmesh.engine.refs import check_condition, holds, look_up, resolve
from nocmesh.errors import InvalidInputError

KNOWN: dict[str, Any] = {
    "parameters": {"n": 3, "on": True, "off": False, "name": "r1", "list": ["a", {"b": 7}], "none": None, "no": "false"}
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${parameters.n}", 3),
        ("${parameters.list}", ["a", {"b": 7}]),
        ("${parameters.list.1.b}", 7),
        ("${parameters.list.9}", None),
        ("${parameters.list.99999999999999999999}", None),
        ("${parameters.list.b}", None),
        ("${parameters.name.0}", None),
        ("${parameters.nothing.at.all}", None),
        ("on ${parameters.name}: ${parameters.on}, ${parameters.none}.", "on r1: true, ."),
        ("${parameters.n", "${parameters.n"),
        ({"a": ["${parameters.n}"], "b": 1}, {"a": [3], "b": 1}),
        (("${parameters.off}",), [False]),
    ],
)
def test_references_are_replaced(value: Any, expected: Any) -> None:
    assert resolve(value, KNOWN) == expected


def test_what_a_reference_brings_is_not_read_again() -> None:
    assert (
        resolve("${parameters.x}", {"parameters": {"x": "${parameters.secret}", "secret": 1}}) == "${parameters.secret}"
    )


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("", True),
        ("${parameters.name}", True),
        ("${parameters.none}", False),
        ("${parameters.off}", False),
        ("${parameters.no}", False),
        ("${parameters.name} == r1", True),
        ("${parameters.name} != r1", False),
        ("${parameters.on} == true", True),
        ("${parameters.name} in r0, r1", True),
        ("${parameters.name} in r0,r2", False),
        ("a in ${parameters.list}", True),
        ("${parameters.n} > 2", True),
        ("${parameters.n} < 3", False),
        ("${parameters.n} >= 3 and ${parameters.n} <= 3", True),
        ("${parameters.n} > 2 and ${parameters.none}", False),
        ("${parameters.name} > 2", False),
        ("${parameters.none} < 2", False),
    ],
)
def test_conditions(condition: str, expected: bool) -> None:
    check_condition(condition)
    assert holds(condition, KNOWN) is expected


@pytest.mark.parametrize("condition", ["a b", "a === b", "a ==", "a ~ b", "a or b"])
def test_what_is_no_condition_is_refused(condition: str) -> None:
    with pytest.raises(InvalidInputError, match="no condition"):
        check_condition(condition)


def test_a_value_cannot_smuggle_a_clause_in() -> None:
    sly = {"parameters": {"x": "a and b == b"}}
    assert not holds("${parameters.x} == a", sly)


@given(st.text(max_size=40))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        check_condition(text)
    except InvalidInputError:
        return
    assert holds(text, KNOWN) in (True, False)


@given(st.text(alphabet="a.0123456789²-", max_size=12))
def test_looking_up_never_fails(path: str) -> None:
    look_up(path, {"a": [1, [2]]})


def step(**more: Any) -> Step:
    return Step(**{"id": "a", "type": "notify", **more})


@pytest.mark.parametrize(
    ("steps", "field"),
    [
        ([], "steps"),
        ([step(), step()], "steps[1].id"),
        ([step(id="end")], "steps[0].id"),
        ([step(id="a b")], "steps[0].id"),
        ([step(id="a/b")], "steps[0].id"),
        ([step(type="invoke_agent")], "steps[0].agent_type"),
        ([step(type="call_tool")], "steps[0].tool"),
        ([step(type="approval")], "steps[0].changes"),
        ([step(type="apply_config", allow_config_changes=True, context_from_step="a")], "steps[0].changes"),
        ([step(type="apply_config", changes="x", context_from_step="a")], "steps[0].allow_config_changes"),
        ([step(type="apply_config", changes="x", allow_config_changes=True)], "steps[0].allow_config_changes"),
        ([step(timeout=-1)], "steps[0].timeout"),
        ([step(seconds=MAX_SECONDS + 1)], "steps[0].timeout"),
        ([step(timeout=float("nan"))], "steps[0].timeout"),
        ([step(retry=Retry(attempts=0))], "steps[0].retry.attempts"),
        ([step(retry=Retry(attempts=21))], "steps[0].retry.attempts"),
        ([step(retry=Retry(backoff=-1))], "steps[0].retry"),
        ([step(retry=Retry(factor=99))], "steps[0].retry"),
        ([step(when="a b")], "when"),
        ([step(type="parallel")], "steps[0].steps"),
        ([step(type="parallel", steps=[step(id=f"s{n}") for n in range(51)])], "steps[0].steps"),
        ([step(steps=[step()])], "steps[0].steps"),
        ([step(compensate=step(type="parallel", steps=[step()]))], "steps[0].compensate"),
        ([step(compensate=step(compensate=step()))], "steps[0].compensate"),
        ([step(compensate=step(id="end"))], "steps[0].compensate.id"),
        ([step(on_success="b")], "steps[0].on_success"),
        ([step(on_failure="a")], "steps[0].on_failure"),
        ([step(on_failure="end")], "steps[0].on_failure"),
        ([step(on_success="continue")], "steps[0].on_success"),
        ([step(depends_on=["b"]), step(id="b")], "steps[0].depends_on"),
        ([step(type="parallel", steps=[step(on_success="end")])], "steps[0].steps[0].on_success"),
    ],
)
def test_a_wrong_definition_is_refused_and_the_field_named(steps: list[Step], field: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        check_definition(Definition(type="t", steps=steps))
    assert refused.value.field == field


def test_too_many_steps_and_too_deep_ones_are_refused() -> None:
    deep = step()
    for level in range(3):
        deep = step(id=f"p{level}", type="parallel", steps=[deep])
    with pytest.raises(InvalidInputError, match="nested deeper"):
        check_definition(Definition(type="t", steps=[deep]))
    with pytest.raises(InvalidInputError, match="more than 200"):
        check_definition(Definition(type="t", steps=[step(id=f"s{n}") for n in range(201)]))


def test_a_sound_definition_passes() -> None:
    steps = [
        step(on_success="end", on_failure="b", compensate=step(id="undo")),
        step(id="b", depends_on=["a"], on_failure="continue"),
        step(id="c", type="parallel", steps=[step(), step(id="b", depends_on=["a"])]),
    ]
    check_definition(Definition(type="t", steps=steps))
