"""Links that lose or damage packets, on recorded labs of real routers: probes are computed, everything else is real.

What a probe prints is iputils' own form, read by the bridge's own parser; what crosses the bad link is lost by dice.
"""

import random
from collections.abc import Mapping
from typing import Any

import pytest
from agents.judgement.replays import Replay

from nocmesh.diagnosis.facts import Facts
from nocmesh.diagnosis.probeplan import crossed
from nocmesh.diagnosis.probes import Probed
from nocmesh.messages.probe import ProbeResult
from nocmesh.messages.session import Observation, ToolCall
from nocmesh.messages.state import Output
from nocmesh_bridges.platforms.probes import COUNTERS, Wish, counted, probed

pytestmark = pytest.mark.real

PLACES = [
    ("clos-ospf-ebgp", "link/leaf1:leaf1-e0--spine1:spine1-e0", "leaf1"),
    ("clos-ospf-ebgp", "link/leaf2:leaf2-e1--spine2:spine2-e1", "leaf2"),
    ("clos-isis-ibgp_rr", "link/leaf1:leaf1-e1--spine2:spine2-e0", "spine2"),
    ("campus-ospf", "link/gw1:gw1-e1--gw2:gw2-e1", "gw1"),
    ("campus-ospf", "link/h1:h1-e0--sw1:sw1-e3", "h1"),
    ("campus-ospf", "link/gw2:gw2-e0--sw2:sw2-e2", "gw2"),
]


class Wires(Replay):
    """A healthy lab, one of whose links is bad; without one, ``accidents`` packets are lost of the first row."""

    def __init__(
        self, lab: str, bad: str = "", share: float = 0.0, *, damages: bool = False, accidents: int = 0
    ) -> None:
        super().__init__(lab)
        self._bad, self._share, self._damages, self._accidents = bad, share, damages, accidents
        self._dice = random.Random(f"{lab}{bad}{share}")
        self._healthy_facts = Facts.gather(self.network, [self._whole(device.name) for device in self.network.devices])

    def _whole(self, name: str) -> Observation:
        call = ToolCall(call_id=name, tool="device_state", arguments={"device": name, "views": ["interfaces", "stp"]})
        return super()._observe(call)

    def _observe(self, call: ToolCall) -> Observation:
        if call.tool != "device_probe":
            return super()._observe(call)
        device, count = str(call.arguments["device"]), int(call.arguments["count"])
        lost = self._lost(call, count)
        wish = Wish(target=str(call.arguments["target"]), count=count)
        outputs = [Output(command=f"ping -c {count} {wish.target}", text=_said(wish, lost))]
        result = probed(wish, outputs[0])
        if call.arguments["counters"]:
            hit = len(lost) // 2 if self._damages else 0
            before, after = (Output(command=COUNTERS, text=_counters(n)) for n in (5, 5 + hit))
            outputs, result = [before, *outputs, after], counted(result, before, after)
        content = {"probe": result.to_dict()}
        base: Mapping[str, Any] = {"observation_id": call.call_id, "tool": call.tool, "arguments": call.arguments}
        return Observation(**base, device=device, outputs=outputs, content=content)

    def _lost(self, call: ToolCall, count: int) -> set[int]:
        if self._accidents:
            self._accidents -= 1
            return {count}
        asked = Observation(
            observation_id="x", tool=call.tool, device=str(call.arguments["device"]), arguments=call.arguments
        )
        links = crossed(self._healthy_facts, Probed(asked, ProbeResult()))
        if self._bad not in [link.resource for link in links]:
            return set()
        return {n for n in range(1, count + 1) if self._dice.random() < 1 - (1 - self._share) ** 2}


def _said(wish: Wish, lost: set[int]) -> str:
    rows = [
        f"64 bytes from {wish.target}: icmp_seq={n} ttl=64 time=0.06 ms"
        for n in range(1, wish.count + 1)
        if n not in lost
    ]
    back = wish.count - len(lost)
    total = f"{wish.count} packets transmitted, {back} received, {len(lost) / wish.count:.6g}% packet loss, time 400ms"
    return "\n".join([f"PING {wish.target}", *rows, "", f"--- {wish.target} ping statistics ---", total])


def _counters(damaged: int) -> str:
    return f"IpExt: InNoRoutes InCsumErrors InNoECTPkts\nIpExt: 0 {damaged} 9"


def told(summary: str, device: str) -> dict[str, Any]:
    return {"source": "x", "name": "Trouble", "device": device, "summary": summary, "labels": {}, "annotations": {}}


@pytest.mark.parametrize("damages", [False, True], ids=["loses", "damages"])
@pytest.mark.parametrize(("lab", "link", "device"), PLACES)
@pytest.mark.parametrize("share", [0.05, 0.3])
def test_a_bad_link_is_named_with_what_both_ends_saw(
    lab: str, link: str, device: str, share: float, damages: bool
) -> None:
    wires = Wires(lab, link, share, damages=damages)
    diagnosis = wires.diagnosed(told("packet loss, many retransmissions", device))
    fault = "link_packet_corruption" if damages else "link_packet_loss"
    assert [(cause.fault_type, cause.resource) for cause in diagnosis.root_causes] == [(fault, link)]
    [cause] = diagnosis.root_causes
    assert len({evidence.device for evidence in cause.evidence}) == 2
    assert "direction" in cause.summary
    assert diagnosis.needs_person


@pytest.mark.parametrize("accidents", [0, 1, 2])
@pytest.mark.parametrize(("lab", "device"), sorted({(lab, device) for lab, _, device in PLACES}))
def test_no_healthy_link_is_accused_because_a_probe_got_lost(lab: str, device: str, accidents: int) -> None:
    diagnosis = Wires(lab, accidents=accidents).diagnosed(told("packet loss, many retransmissions", device))
    assert (diagnosis.verdict, diagnosis.root_causes) == ("false_positive", [])
