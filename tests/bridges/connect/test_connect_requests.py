"""A request to a service: methods and paths that its target lists, and no way out of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nocmesh.errors import GuardError, InvalidInputError
from nocmesh_bridges.connect.form import ServiceEntry
from nocmesh_bridges.http.request import allowed_path, request_of

NETBOX = ServiceEntry.model_validate(
    {
        "name": "netbox",
        "url": "https://nb.example.net/api",
        "methods": ["GET", "POST"],
        "paths": ["/dcim/", "/ipam/", "/status"],
    }
)


@pytest.mark.parametrize("path", ["/dcim/", "/dcim/devices/", "/ipam/prefixes/7/", "/status", "/dcim/a@b:c"])
def test_a_path_under_a_listed_one_is_allowed(path: str) -> None:
    assert allowed_path(NETBOX, path) == path


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "dcim/", "//evil.example.net/", "/dcim/../users/", "/dcim/..", "/dcim/./x", "/dcim//x",
        "/dcim/%2e%2e/users", "/dcim/%2fx", "/dcim/x?y=1", "/dcim/x#y", "/dcim/x\\..\\y", "/dcim/x y", "/dcim/x\n",
        "/dcim/\u2025/x", "/dcimx/",
        "/status/", "/statusx", "/users/", "@evil.example.net/", ":80/", "https://evil.example.net/",
        "/dcim/" + "x" * 1000,
    ],
)  # fmt: skip
def test_no_other_path_is(path: str) -> None:
    with pytest.raises(GuardError):
        allowed_path(NETBOX, path)


@given(st.text(alphabet="/.%2eEdcimx\\@:?#", max_size=30) | st.text())
def test_whatever_is_let_through_stays_under_the_base(text: str) -> None:
    try:
        path = allowed_path(NETBOX, text)
    except GuardError:
        return
    assert path.startswith(("/dcim/", "/ipam/", "/status"))
    assert ".." not in path.split("/")
    assert not set(path) & set("%\\?# ")


@pytest.mark.parametrize("method", ["DELETE", "PUT", "get", "TRACE", "CONNECT", "POST /x HTTP/1.1\r\nX:", ""])
def test_a_method_that_is_not_listed_is_refused(method: str) -> None:
    with pytest.raises(GuardError):
        request_of(NETBOX, {"path": "/dcim/"}, method=method)


def test_a_query_is_written_by_us_and_never_by_whoever_asks() -> None:
    found = request_of(
        NETBOX, {"path": "/dcim/", "query": {"q": "a&b=c #/../", "id": [1, 2], "on": True}}, method="GET"
    )
    assert found.address == "https://nb.example.net/api/dcim/?q=a%26b%3Dc+%23%2F..%2F&id=1&id=2&on=true"


@pytest.mark.parametrize("query", ["a=b", 7, {"a": {"b": 1}}, {"a": None}, [["a"]], [["a", "b", "c"]], [[1, "b"]]])
def test_a_query_that_is_none_is_refused(query: object) -> None:
    with pytest.raises(InvalidInputError):
        request_of(NETBOX, {"path": "/dcim/", "query": query}, method="GET")


def test_the_lines_say_all_that_is_sent() -> None:
    asked = {"path": "/dcim/sites/", "query": {"a": 1}, "body": {"name": "ams"}, "depends_on": "/dcim/sites/"}
    assert request_of(NETBOX, asked, method="POST").lines == [
        "POST https://nb.example.net/api/dcim/sites/",
        'query = [["a", "1"]]',
        'body = {"name": "ams"}',
        'depends on = "/dcim/sites/"',
    ]
