"""The running configuration is the model, in words."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from proving.typist import ask, live_network

from nocmesh.proving.simulated import frr_config, iosxe_config
from nocmesh.proving.simulated.editing import TOP, Refused, Section, apply_line, apply_text
from nocmesh.proving.simulated.grammar import Mismatch
from nocmesh.proving.simulated.live import GRAMMARS
from nocmesh.proving.simulated.model import Bgp, Configuration, Interface, Neighbor, PrefixRule, StaticRoute

RENDER = {"frr": frr_config.render, "cisco_iosxe": iosxe_config.render}
PORTS = {"frr": ["eth1", "eth2", "lo"], "cisco_iosxe": ["GigabitEthernet1", "GigabitEthernet2", "Loopback0"]}

word = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,12}", fullmatch=True)
address = st.integers(0x01000001, 0xDF000000).map(lambda n: str(IPv4Address(n)))
prefix = st.tuples(address, st.integers(8, 32)).map(lambda t: str(IPv4Network(f"{t[0]}/{t[1]}", strict=False)))
asn = st.integers(1, 4294967295)
flag = st.booleans()


def interface_address(pair: tuple[str, int]) -> str:
    return f"{pair[0]}/{pair[1]}"


@st.composite
def interfaces(draw: st.DrawFn, dialect: str, name: str) -> Interface:
    return Interface(
        name=name,
        addresses=draw(
            st.lists(st.tuples(address, st.integers(8, 32)).map(interface_address), max_size=2, unique=True)
        ),
        enabled=draw(flag),
        mtu=1500 if dialect == "frr" else draw(st.integers(64, 9216)),
        description=draw(st.one_of(st.just(""), word)),
    )


@st.composite
def neighbors(draw: st.DrawFn, at: str) -> Neighbor:
    return Neighbor(
        address=at,
        remote_as=draw(asn),
        description=draw(st.one_of(st.just(""), word, st.just("to the far end"))),
        shutdown=draw(flag),
        password=draw(st.one_of(st.just(""), word)),
        update_source=draw(st.one_of(st.just(""), word, address)),
        ebgp_multihop=draw(st.one_of(st.none(), st.integers(1, 255))),
        ttl_security=draw(st.one_of(st.none(), st.integers(1, 255))),
        passive=draw(flag),
        activate=draw(flag),
        next_hop_self=draw(flag),
        maximum_prefix=draw(st.one_of(st.none(), st.integers(0, 4294967295))),
        prefix_list_in=draw(st.one_of(st.just(""), word)),
        prefix_list_out=draw(st.one_of(st.just(""), word)),
    )


@st.composite
def processes(draw: st.DrawFn, dialect: str) -> Bgp:
    ends = sorted(draw(st.lists(address, max_size=3, unique=True)), key=IPv4Address)
    return Bgp(
        asn=draw(asn),
        router_id=draw(st.one_of(st.just(""), address)),
        neighbors={end: draw(neighbors(end)) for end in ends},
        networks=sorted(draw(st.lists(prefix, max_size=4, unique=True)), key=IPv4Network),
        default_ipv4=draw(flag),
        requires_policy=draw(flag) if dialect == "frr" else False,
    )


def rules(prefixes: list[str]) -> list[PrefixRule]:
    return [
        PrefixRule(sequence=5 * n, permit=n % 2 == 1, prefix=p, le=32 if n % 3 == 0 else None)
        for n, p in enumerate(prefixes, start=1)
    ]


@st.composite
def configurations(draw: st.DrawFn, dialect: str) -> Configuration:
    lists = st.dictionaries(word, st.lists(prefix, min_size=1, max_size=3).map(rules), max_size=2)
    routes = st.lists(st.builds(StaticRoute, prefix=prefix, next_hop=address), max_size=3, unique=True)
    return Configuration(
        hostname=draw(word),
        interfaces={name: draw(interfaces(dialect, name)) for name in PORTS[dialect]},
        bgp=draw(st.one_of(st.none(), processes(dialect))),
        prefix_lists=draw(lists),
        statics=sorted(draw(routes)),
    )


def blank(dialect: str) -> Configuration:
    """A device out of the box: on IOS-XE its ports are there, FRRouting learns them from the kernel."""
    ports = [] if dialect == "frr" else PORTS[dialect]
    return Configuration(hostname="new", interfaces={name: Interface(name=name) for name in ports})


@pytest.mark.parametrize("dialect", ["frr", "cisco_iosxe"])
@settings(max_examples=60)
@given(data=st.data())
def test_what_is_written_reads_back_the_same(dialect: str, data: st.DataObject) -> None:
    configuration = data.draw(configurations(dialect))
    read = blank(dialect)
    apply_text(GRAMMARS[dialect], read, RENDER[dialect](configuration))
    assert read == configuration
    assert RENDER[dialect](read) == RENDER[dialect](configuration)


LINES = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from(
            [
                "no",
                "neighbor",
                "router",
                "bgp",
                "interface",
                "ip",
                "address",
                "route",
                "network",
                "mask",
                "prefix-list",
                "seq",
                "permit",
                "description",
                "shutdown",
                "activate",
                "exit",
                "end",
                "10.0.12.2",
                "255.255.255.252",
                "10.0.0.0/8",
                "65001",
                "4294967296",
                "0",
                "-1",
                "eth1",
                "gi1",
                "lo",
                "maximum-prefix",
                "address-family",
                "ipv4",
                "unicast",
                "update-source",
                "hostname",
                "le",
                "33",
                "in",
            ]
        ),
        max_size=8,
    ).map(" ".join),
)


@pytest.mark.parametrize("dialect", ["frr", "cisco_iosxe"])
@settings(max_examples=150)
@given(lines=st.lists(LINES, max_size=6))
def test_no_line_breaks_the_device(dialect: str, lines: list[str]) -> None:
    configuration = blank(dialect)
    section: Section = TOP
    for line in lines:
        before = RENDER[dialect](configuration)
        try:
            section = apply_line(GRAMMARS[dialect], configuration, section, line)
        except (Mismatch, Refused):
            assert RENDER[dialect](configuration) == before, "a refused line changes nothing"
    read = blank(dialect)
    apply_text(GRAMMARS[dialect], read, RENDER[dialect](configuration))
    assert read == configuration


@pytest.mark.parametrize(
    ("device", "lines", "answer"),
    [
        ("r1", ["router bgp 65099"], "BGP is already running; AS is 65001"),
        ("r2", ["router bgp 65099"], "BGP is already running; AS is 65002"),
        ("r1", ["router bgp 65001", "neighbor 10.9.9.9 shutdown"], "% Specify remote-as or peer-group commands first"),
        ("r1", ["no router bgp 65099"], "% Can't find BGP instance"),
        ("r1", ["no ip route 10.9.0.0/16 10.0.12.2"], "% Refusing to remove a non-existent route"),
        ("r1", ["no ip prefix-list NONE"], "% Can't find prefix-list NONE"),
        ("r1", ["interface eth1", "no ip address 10.9.9.9/24"], "% Can't find address"),
        ("r1", ["router bgp 65001", "no network 10.9.0.0/16"], "% Can't find static route specified"),
        ("r2", ["no interface GigabitEthernet1"], "% Removal of physical interfaces is not permitted"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_as_the_real_one_does(device: str, lines: list[str], answer: str) -> None:
    assert ask(live_network(), device, "configure terminal", *lines) == f"{answer}\n"


def test_lines_of_an_outer_section_leave_the_inner_one() -> None:
    live = live_network()
    live.configure(
        "r1", ["interface eth1", "description changed", "router bgp 65001", "neighbor 10.0.12.2 description x"]
    )
    running = live.model.node("r1").running
    assert running.interfaces["eth1"].description == "changed"
    assert running.bgp is not None
    assert running.bgp.neighbors["10.0.12.2"].description == "x"


def test_what_was_added_can_be_taken_away() -> None:
    live = live_network()
    before = {name: ask(live, name, "show running-config") for name in ("r1", "r2")}
    common = ["neighbor 10.9.9.9 remote-as 1", "neighbor 10.9.9.9 next-hop-self", "no neighbor 10.9.9.9 remote-as 1"]
    rules = ["ip prefix-list L seq 5 permit 10.0.0.0/8", "ip prefix-list L seq 10 deny 10.0.0.0/8 le 32"]
    live.configure("r1", ["router bgp 65001", *common, "network 10.9.0.0/16", "no network 10.9.0.0/16", *rules])
    live.configure("r1", ["no ip prefix-list L seq 5", "no ip prefix-list L seq 10", "ip route 10.9.0.0/16 10.0.12.2"])
    live.configure("r1", ["no ip route 10.9.0.0/16 10.0.12.2", "interface eth1", "no description", "description to r2"])
    live.configure("r1", ["interface eth1", "ip address 10.9.0.1/24", "no ip address 10.9.0.1/24"])
    live.configure(
        "r2", ["router bgp 65002", *common, "network 10.0.0.0", "no network 10.0.0.0", "interface Loopback9"]
    )
    live.configure("r2", ["no interface Loopback9", "interface gi1", "mtu 1400", "no mtu", "no shutdown"])
    live.configure("r2", ["interface gi1", "ip address 10.9.0.1 255.255.255.0 secondary"])
    live.configure("r2", ["interface gi1", "no ip address 10.9.0.1 255.255.255.0 secondary", "no description"])
    live.configure("r2", ["interface gi1", "description to r1", "ip route 10.9.0.0 255.255.0.0 10.0.12.1"])
    live.configure(
        "r2", ["no ip route 10.9.0.0 255.255.0.0 10.0.12.1", "router bgp 65002", "network 10.9.0.0 mask 255.255.0.0"]
    )
    live.configure("r2", ["router bgp 65002", "no network 10.9.0.0 mask 255.255.0.0"])
    assert {name: ask(live, name, "show running-config") for name in ("r1", "r2")} == before


def test_ios_replaces_the_primary_address() -> None:
    live = live_network()
    live.configure("r2", ["interface gi1", "ip address 10.0.12.6 255.255.255.252"])
    assert live.model.node("r2").running.interfaces["GigabitEthernet1"].addresses == ["10.0.12.6/30"]
    live.configure("r2", ["interface gi1", "no ip address"])
    assert " no ip address" in ask(live, "r2", "show running-config")
    assert not any(session.established for session in live.sessions.values())


def test_a_prefix_list_is_taken_off_a_neighbour_by_its_direction() -> None:
    live = live_network()
    before = ask(live, "r1", "show running-config")
    family = ["router bgp 65001", "address-family ipv4 unicast"]
    live.configure("r1", [*family, "neighbor 10.0.12.2 prefix-list A in", "no neighbor 10.0.12.2 prefix-list A in"])
    answer = ask(live, "r1", "configure terminal", *family, "neighbor 10.0.12.2 prefix-list A sideways")
    assert answer.startswith("% Unknown command")
    assert ask(live, "r1", "show running-config") == before
