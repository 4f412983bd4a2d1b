"""Cases end to end on real routers: the smoke suite as CI runs it, and a network of one's own out of a graph file."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cli.calling import started, wait_for

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

RING = """\
name: ring
nodes: [{name: ringa}, {name: ringb}, {name: ringc}]
links: [[ringa, ringb], [ringb, ringc], [ringa, ringc]]
"""
CASES = """\
- name: own-cable
  graph: ring.yaml
  options: {igp: isis, hosts: 0, seed: 5}
  faults: [{type: link_down, at: "link/ringa:ringa-e1--ringc:ringc-e1"}]
  alert: {body: {alerts: [{labels: {alertname: LinkDown, instance: ringa}, annotations: {summary: ringa-e1 is down}}]}}
  expect:
    verdict: true_positive
    root_causes: [{resource: "link/ringa:ringa-e1--ringc:ringc-e1", fault_type: link_down}]
- name: own-nowhere
  graph: ring.yaml
  options: {igp: isis, hosts: 0, seed: 5}
  faults: [{type: link_down, at: "link/ringa:ringa-e9--ringc:ringc-e9"}]
  alert: {body: {alerts: [{labels: {alertname: InterfaceDown, instance: ringa}}]}}
  expect:
    verdict: true_positive
    root_causes: [{resource: "link/ringa:ringa-e9--ringc:ringc-e9", fault_type: link_down}]
"""


def evaluated(*words: str, home: Path) -> Any:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NOCMESH_")}
    command = [sys.executable, "-m", "nocmesh.cli", "eval", "run", *words, "--out", str(home), "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, env=kept, timeout=580)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def left_behind() -> list[str]:
    """Namespaces of our ring: other labs may come and go meanwhile."""
    return [path.name for path in Path("/run/netns").glob("*ring[abc]*")]


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The cases of the smoke suite on real routers, once."""
    return evaluated("--suite", "smoke", "--filter", "smoke-*", home=tmp_path_factory.mktemp("smoke"))


def test_every_case_of_the_smoke_suite_happens_on_real_routers(smoke: Any) -> None:
    assert [(one["name"], one["reason"]) for one in smoke["results"] if one["status"] != "judged"] == []
    assert smoke["score"]["total"]["unanswered"] == 0
    assert len(smoke["results"]) >= 8


def test_every_quote_was_seen(smoke: Any) -> None:
    assert [missing for one in smoke["results"] for missing in one["evidence"]["missing"]] == []


def test_a_healthy_network_is_called_so_and_a_wrong_as_is_found_and_mended(smoke: Any) -> None:
    results = {one["name"]: one for one in smoke["results"]}
    assert results["smoke-healthy"]["reports"][0]["verdict"] == "false_positive"
    [wrong_as] = results["smoke-bgp-wrong-as"]["reports"]
    assert [(c["resource"], c["fault_type"]) for c in wrong_as["root_causes"]] == [("node/leaf2", "bgp_asn_misconfig")]
    assert results["smoke-bgp-wrong-as"]["mended"] is True


def test_a_network_of_ones_own_needs_no_code_and_nothing_of_it_stays(tmp_path: Path) -> None:
    (tmp_path / "ring.yaml").write_text(RING)
    (tmp_path / "cases.yaml").write_text(CASES)
    run = evaluated("--case", str(tmp_path / "cases.yaml"), "--no-repair", home=tmp_path / "runs")
    own, nowhere = run["results"]
    assert own["status"] == "judged"
    assert nowhere["status"] == "invalid"
    assert "cannot be injected" in nowhere["reason"]
    assert left_behind() == []


def test_a_run_that_is_stopped_takes_its_network_down(tmp_path: Path) -> None:
    (tmp_path / "ring.yaml").write_text(RING)
    (tmp_path / "cases.yaml").write_text(CASES)
    said = tmp_path / "errors"
    words = ("--case", str(tmp_path / "cases.yaml"), "--out", str(tmp_path / "runs"))
    process = started("eval", "run", *words, errors=said)
    wait_for(lambda: left_behind() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130, said.read_text()
    assert left_behind() == []
