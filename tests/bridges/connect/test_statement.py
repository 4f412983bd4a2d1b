"""What a text of SQL is told to be before a database sees it: one statement, no disguise, and how much it can break."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import GuardError
from nocmesh_bridges.database.statement import parsed, rated, reading, writing

WORD = st.sampled_from(["select", "x", "1", "'it''s ; --'", '"a""b"', "$1", "(", ")", ",", "=", "from", "<>", "::text"])
PIECE = st.sampled_from(
    ["--", "/*", "*/", ";", "'", '"', "\\", "$$", "$a$", "E'", "U&'", "U&\"", "&'", "(", ")", "pg_sleep", " ", "\n"]
) | st.characters()  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "why"),
    [
        ("select 1; drop table sites", "more than one statement"),
        ("select 1;;", "more than one statement"),
        ("select 1 -- and nothing else", "comment"),
        ("select/**/pg_terminate_backend(1)", "comment"),
        ("select $$a$$", "cannot be read"),
        ("select $tag$;$tag$", "cannot be read"),
        ("select E'a\\'; drop table x; --'", "cannot be read"),
        ("select 'a\\'", "cannot be read"),
        ("select U&'\\0061'", "cannot be read"),
        ('select U&"pg\\005fsleep"(9)', "cannot be read"),
        ("select u & 'x'", ""),
        ("select u&'x'", "cannot be read"),
        ("select 'open", "cannot be read"),
        ("select 1pg_sleep(9)", "cannot be read"),
        ("select $1pg_sleep(9)", "cannot be read"),
        ("select 1) as q, (select 2", "never opened"),
        ("select (1", "not closed"),
        ("select pg_ѕleep(9)", "cannot be read"),
        ("select 1\u202e", "invisible"),
        ("select\x001", "invisible"),
        ("select\u00a01", "invisible"),
        ("", "empty"),
        (" ; ", "empty"),
        ("select 1" + " " * 20_000, "characters"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(sql: str, why: str) -> None:
    if not why:
        assert reading(sql).verb == "select"
        return
    with pytest.raises(GuardError, match=why):
        reading(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "set transaction read write",
        "set session characteristics as transaction read write",
        "begin",
        "commit",
        "copy (select 1) to program 'id'",
        "copy sites from '/etc/passwd'",
        "do 'begin end'",
        "call refresh()",
        "insert into sites values (1)",
        "update sites set name = 'x'",
        "explain analyze delete from sites",
        "prepare p as delete from sites",
        "execute p",
        "listen x",
        "load 'x'",
        "vacuum",
        "lock sites",
        "reset all",
        "(select 1)",
        '"select" 1',
    ],
)
def test_what_does_not_begin_as_a_query_is_no_reading(sql: str) -> None:
    with pytest.raises(GuardError, match="begins with"):
        reading(sql)


@pytest.mark.parametrize(
    "sql", ["copy sites to program 'id'", "do 'x'", "call x()", "set role postgres", "commit", "vacuum"]
)
def test_what_hides_its_doing_is_no_change_either(sql: str) -> None:
    with pytest.raises(GuardError, match="begins with"):
        writing(sql)


def test_a_semicolon_in_a_text_is_a_text_and_one_at_the_end_is_left_out() -> None:
    found = reading("SELECT ';drop table x;' AS a, \"b;c\" FROM t ;")
    assert found.sql == "SELECT ';drop table x;' AS a, \"b;c\" FROM t"
    assert [token.kind for token in found.tokens].count("text") == 1


@pytest.mark.parametrize(
    ("sql", "calls"),
    [
        ("select pg_terminate_backend(1)", ["pg_terminate_backend"]),
        ("select PG_Terminate_Backend\n (1)", ["pg_terminate_backend"]),
        ('select "pg_terminate_backend"(1)', ["pg_terminate_backend"]),
        ('select pg_catalog . "set_config"(1)', ["set_config"]),
        ('select "a""b" (1), count(*)', ['a"b', "count"]),
        ("select ';pg_sleep(1)', x from t where y in (1)", ["in"]),
        ("select a.pg_sleep (9)", ["pg_sleep"]),
    ],
)
def test_every_name_that_may_be_a_function_is_seen(sql: str, calls: list[str]) -> None:
    assert reading(sql).calls == calls


@pytest.mark.parametrize(
    ("sql", "risk"),
    [
        ("insert into sites values ($1)", "high"),
        ("update sites set name = $1 where id = 7", "high"),
        ('DELETE FROM sites WHERE "id" = 7', "high"),
        ("delete from sites", "critical"),
        ("update sites set name = 'where id = 7'", "critical"),
        ("update sites set name = (select n from x where id = 7)", "critical"),
        ("delete from sites where true", "critical"),
        ("delete from sites where (1 = 1)", "critical"),
        ("delete from sites where not false or null is null", "critical"),
        ("drop table sites", "critical"),
        ("truncate sites", "critical"),
        ("alter table sites add x int", "critical"),
        ("grant all on sites to public", "critical"),
        ("with d as (delete from sites) select 1", "critical"),
        ("merge into sites using x on true when matched then delete", "critical"),
    ],
)
def test_a_write_is_high_at_least_and_critical_where_no_row_is_chosen(sql: str, risk: str) -> None:
    found = rated(writing(sql))
    assert found.risk == risk
    assert found.reasons


@given(st.lists(WORD).map(" ".join) | st.lists(PIECE).map("".join) | st.text())
def test_what_is_let_through_holds_no_disguise(sql: str) -> None:
    try:
        found = parsed(sql)
    except GuardError:
        return
    assert "\\" not in found.sql
    outside = "".join(token.value for token in found.tokens if token.kind not in ("text", "quoted"))
    assert outside.isascii()
    assert not {";", "'", '"', "\\", "`"} & set(outside)
