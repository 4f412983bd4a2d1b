"""Graphs: the named ones are what they are called; a mistake in a file is told with its line."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nocmesh.errors import InvalidInputError, NotFoundError
from nocmesh.lab.graph import clos, load_graph, named, names, reachable
from nocmesh.lab.plan import Options

SOUND = """name: mine
nodes:
  - {name: r1}
  - {name: r2, core: true, area: 0.0.0.1}
  - {name: h1, kind: host}
links:
  - [r1, r2]
  - [h1, r2]
areas: {0.0.0.1: stub}
"""


@pytest.mark.parametrize(("name", "nodes", "links"), [("abilene", 12, 15), ("dfn-bwin", 10, 45), ("campus", 8, 9)])
def test_a_named_topology_has_its_published_size(name: str, nodes: int, links: int) -> None:
    graph = named(name)
    assert (len(graph.nodes), len(graph.links)) == (nodes, links)
    assert reachable(graph, graph.nodes[0].name) == {node.name for node in graph.nodes}
    assert len({frozenset(link) for link in graph.links}) == links


def test_all_topologies_are_listed() -> None:
    assert names() == ["abilene", "campus", "clos", "dfn-bwin"]


def test_every_leaf_of_a_clos_is_cabled_to_every_spine() -> None:
    graph = named("clos", Options(spines=3, leaves=5))
    assert len(graph.nodes) == 8
    assert len(set(graph.links)) == 15
    assert all(a.startswith("spine") and b.startswith("leaf") for a, b in graph.links)


def test_a_clos_beyond_the_management_network_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="at most 200"):
        clos(60, 200)


def test_an_unknown_topology_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFoundError, match="did you mean 'abilene'"):
        named("abilen")


def test_a_graph_file_is_read(tmp_path: Path) -> None:
    graph = load_graph(_file(tmp_path, SOUND))
    assert [node.kind for node in graph.nodes] == ["router", "router", "host"]
    assert graph.kind("h1") == "host"
    assert graph.neighbours("r2") == ["r1", "h1"]
    assert graph.areas == {"0.0.0.1": "stub"}


@pytest.mark.parametrize(
    ("old", "new", "line", "expected"),
    [
        ("{name: r1}", "{name: R1}", 3, "expected a-z and 0-9"),
        ("{name: r1}", "{name: averyverylong}", 3, "at most 10 letters"),
        ("{name: r1}", "{name: patch}", 3, "patch room"),
        ("{name: r1}", "{name: r1, kind: hub}", 3, "'router', 'switch' or 'host'"),
        ("{name: r1}", "{name: r1, rôle: core}", 3, "unknown key 'rôle'; did you mean 'role'?"),
        ("{name: r1}", "{name: r2}", 4, "'r2' is already taken, on line 3"),
        ("area: 0.0.0.1", "area: 0.0.0.300", 4, "no OSPF area"),
        ("[r1, r2]", "[r1, r9]", 7, "no node 'r9'; expected one of: h1, r1, r2"),
        ("[r1, r2]", "[r1, r1]", 7, "both ends are the same node"),
        ("[h1, r2]", "[h1, h1]", 8, "joins two hosts"),
        ("  - [h1, r2]\n", "", 5, "the host h1 has 0 cables; expected one"),
        ("  - [r1, r2]\n", "", 4, "no cables lead from r1 to r2"),
        ("[r1, r2]", "[r1]", 7, "is missing"),
        ("{0.0.0.1: stub}", "{0.0.0.1: nssa}", 9, "'stub' or 'normal'"),
    ],
)
def test_a_mistake_in_a_graph_file_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, expected: str
) -> None:
    path = _file(tmp_path, SOUND.replace(old, new, 1))
    with pytest.raises(InvalidInputError) as refused:
        load_graph(path)
    assert f"{path}:{line}: " in refused.value.message
    assert expected in refused.value.message


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    text = SOUND.replace("[r1, r2]", "[r1, r8]").replace("[h1, r2]", "[h1, r9]")
    with pytest.raises(InvalidInputError) as refused:
        load_graph(_file(tmp_path, text))
    assert len(refused.value.facts["mistakes"]) == 2


def test_a_graph_without_routers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="has no router"):
        load_graph(_file(tmp_path, "nodes: [{name: s1, kind: switch}]\n"))


def test_a_node_with_more_cables_than_interface_names_is_refused(tmp_path: Path) -> None:
    links = "\n".join("  - [a, b]" for _ in range(91))
    with pytest.raises(InvalidInputError, match="expected at most 90"):
        load_graph(_file(tmp_path, f"nodes: [{{name: a}}, {{name: b}}]\nlinks:\n{links}\n"))


@settings(max_examples=25, deadline=None)
@given(st.text(max_size=200) | st.sampled_from([SOUND[:n] for n in range(len(SOUND))]))
def test_whatever_the_file_holds_it_is_a_graph_or_a_clear_refusal(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = _file(tmp_path_factory.mktemp("graph"), text)
    told = ""
    try:
        assert load_graph(path).nodes
    except InvalidInputError as refused:
        told = refused.message
    assert told == "" or str(path) in told


def _file(folder: Path, text: str) -> Path:
    path = folder / "graph.yaml"
    path.write_text(text, "utf-8", newline="\n")
    return path
