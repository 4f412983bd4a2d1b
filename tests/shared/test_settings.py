"""Flags, environment, file, defaults: in this order, and every mistake named."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from nocmesh.errors import InvalidInputError
from nocmesh.setting_sources import ALSO_KNOWN_AS, NEVER_SHOWN, PREFIX, variables_of
from nocmesh.settings import Address, Settings, address, reference

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "settings.md"


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No variable of this machine, no file of this folder."""
    for name in os.environ:
        if name.startswith(PREFIX) or name in ALSO_KNOWN_AS.values():
            monkeypatch.delenv(name)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.chdir(tmp_path)


def test_the_defaults_are_those_that_the_seeds_name() -> None:
    settings = Settings()
    assert settings.nats_url is None
    assert settings.default_llm_provider == "anthropic"
    assert settings.default_llm_model == "claude-sonnet-4-20250514"
    assert settings.max_concurrent_agents == 10
    assert settings.agent_task_timeout == 600
    assert settings.approval_timeout_minutes == 30
    assert (settings.embedding_model, settings.embedding_dimension) == ("text-embedding-3-small", 1536)
    assert settings.http == Address("127.0.0.1", 8080)
    assert settings.data == Path.home() / ".local" / "share" / "nocmesh"


def test_a_flag_beats_the_environment_beats_the_file_beats_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def seen(**flags: object) -> int:
        return Settings(**flags).nats_port

    assert seen() == 4222
    (tmp_path / "nocmesh.toml").write_text("nats_port = 1\n")
    assert seen() == 1
    monkeypatch.setenv("NOCMESH_NATS_PORT", "2")
    assert seen() == 2
    assert seen(nats_port=3) == 3
    assert seen(nats_port=None) == 2


@pytest.mark.parametrize("field", sorted(ALSO_KNOWN_AS))
def test_a_name_of_the_seeds_works_and_ours_beats_it(monkeypatch: pytest.MonkeyPatch, field: str) -> None:
    def seen() -> str:
        value = getattr(Settings(), field)
        return str(value.get_secret_value() if hasattr(value, "get_secret_value") else value).removesuffix(".0")

    seven, eight = ("http://7", "http://8") if field == "vault_url" else ("7", "8")
    monkeypatch.setenv(ALSO_KNOWN_AS[field], seven)
    assert seen() == seven
    monkeypatch.setenv(PREFIX + field.upper(), eight)
    assert seen() == eight
    monkeypatch.setenv(PREFIX + field.upper(), "")
    assert seen() == seven


def test_the_file_may_be_named_by_flag_or_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "here.toml").write_text('log_level = "debug"\nhttp = "[::1]:9"\nno_auth_for_loopback = true\n')
    (tmp_path / "there.toml").write_text('log_level = "error"\n')
    monkeypatch.setenv("NOCMESH_CONFIG", str(tmp_path / "here.toml"))
    settings = Settings()
    assert (settings.log_level, settings.http, settings.no_auth_for_loopback) == ("debug", Address("::1", 9), True)
    assert Settings(config=tmp_path / "there.toml").log_level == "error"


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().log_level = "debug"


def test_the_database_lies_in_the_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert Settings(data=tmp_path / "d").database_url == f"sqlite:///{tmp_path / 'd' / 'nocmesh.db'}"
    assert Settings(data="~/d").data == Path.home() / "d"
    assert Settings(data=tmp_path, database_url="postgresql://h/d").database_url == "postgresql://h/d"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    assert Settings().data == tmp_path / "xdg" / "nocmesh"


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("NOCMESH_HTTP", "nope", "expected HOST:PORT with a port from 0 to 65535"),
        ("NOCMESH_WEBHOOKS", "h:65536", "expected HOST:PORT"),
        ("NOCMESH_NATS_PORT", "-1", "greater than or equal to 0"),
        ("MAX_CONCURRENT_AGENTS", "many", "valid integer"),
        ("NOCMESH_LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("NOCMESH_NO_AUTH_FOR_LOOPBACK", "perhaps", "valid boolean"),
        ("NOCMESH_HEARTBEAT_SECONDS", "nan", "finite number"),
        ("AGENT_TASK_TIMEOUT", "inf", "finite number"),
        ("NOCMESH_FALSE_POSITIVE_THRESHOLD", "1.1", "less than or equal to 1"),
        ("NOCMESH_URL", "gopher://x", "expected http://HOST:PORT"),
    ],
)
def test_a_bad_variable_is_named_with_its_value_and_what_was_expected(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(InvalidInputError, match=expected) as caught:
        Settings()
    assert caught.value.field == variable
    assert str(caught.value).startswith(f"{variable} is '{value}': ")


def test_a_bad_flag_and_a_bad_line_of_the_file_are_named_too(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"^--nats-port is 'x': "):
        Settings(nats_port="x")
    (tmp_path / "nocmesh.toml").write_text("nats_port = 'x'\n")
    with pytest.raises(InvalidInputError, match=r"^nats_port in nocmesh\.toml is 'x': "):
        Settings()


def test_a_wrong_name_is_told_with_the_nearest_right_one(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="the flags: there is no setting `loglevel`; did you mean `log_level`"):
        Settings(loglevel="info")
    (tmp_path / "nocmesh.toml").write_text("zzz = 1\n")
    with pytest.raises(InvalidInputError, match=r"nocmesh\.toml: there is no setting `zzz`; docs/reference/settings"):
        Settings()
    (tmp_path / "nocmesh.toml").write_text("config = 'other.toml'\n")
    with pytest.raises(InvalidInputError, match="no setting `config`"):
        Settings()


@pytest.mark.parametrize("content", [b"nats_port = ", b"\xff\xfe", b"a = 1\na = 2", b"\x00"])
def test_a_file_that_is_no_toml_is_named_with_the_place(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "nocmesh.toml").write_bytes(content)
    with pytest.raises(InvalidInputError, match=r"settings file nocmesh\.toml cannot be read"):
        Settings()


def test_a_file_that_was_asked_for_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOCMESH_CONFIG", "missing.toml")
    with pytest.raises(InvalidInputError, match="No such file"):
        Settings()


SECRET = "hunter2-hunter2"


def _repr(settings: Settings) -> str:
    return repr(settings)


def _text(settings: Settings) -> str:
    return str(settings)


@pytest.mark.parametrize("show", [_repr, _text])
def test_no_secret_is_shown(monkeypatch: pytest.MonkeyPatch, show: Callable[[Settings], str]) -> None:
    for field in NEVER_SHOWN:
        monkeypatch.setenv(PREFIX + field.upper(), SECRET)
    assert SECRET not in show(Settings())


@pytest.mark.parametrize("field", sorted(NEVER_SHOWN))
def test_no_error_repeats_a_secret(tmp_path: Path, field: str) -> None:
    (tmp_path / "nocmesh.toml").write_text(f'{field} = ["{SECRET}"]\n')
    with pytest.raises(InvalidInputError, match="not shown") as caught:
        Settings()
    assert SECRET not in f"{caught.value} {caught.value.__cause__} {caught.value.facts}"


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [("127.0.0.1:0", "127.0.0.1", 0), ("[::1]:8080", "::1", 8080), (":80", "0.0.0.0", 80), ("a.b:65535", "a.b", 65535)],
)
def test_an_address_is_host_and_port(text: str, host: str, port: int) -> None:
    assert address(text) == Address(host, port)
    assert address(str(address(text))) == Address(host, port)


@pytest.mark.parametrize(
    "text",
    ["", "x", "8080", "::1:80", "[::1]", "[x]:80", "a:b:80", "x:", "x:-1", "x:99999999", "x:٣", "x y:1", "h/p:1"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError, match="expected HOST:PORT"):
        address(text)


@given(text=st.text(max_size=30) | st.from_regex(r"[\[\]:a-f0-9.]{0,12}:[0-9]{0,6}", fullmatch=True))
def test_any_text_is_an_address_or_an_error(text: str) -> None:
    try:
        found = address(text)
    except InvalidInputError:
        return
    assert address(str(found)) == found


def test_every_field_has_its_variable_and_its_words() -> None:
    for name, field in Settings.model_fields.items():
        assert variables_of(name)[0] == f"NOCMESH_{name.upper()}"
        assert field.description, name
    assert set(ALSO_KNOWN_AS) | NEVER_SHOWN <= set(Settings.model_fields)


def test_the_reference_page_is_the_settings() -> None:
    assert PAGE.read_text() == reference(), "run: python -m nocmesh.settings > docs/reference/settings.md"
