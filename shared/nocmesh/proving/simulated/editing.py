"""Configuration lines that both dialects share: what each does to the model.

A line is tried in the section where the typist stands, then in those around it, as vtysh and IOS do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv4Network
from typing import Literal

from nocmesh.proving.simulated.grammar import Mismatch, Rule, match
from nocmesh.proving.simulated.model import Bgp, Configuration, Interface, Neighbor, PrefixRule, StaticRoute

Kind = Literal["top", "interface", "bgp", "family", "vlan", "acl"]

PARENTS: Mapping[Kind, Kind] = {"interface": "top", "bgp": "top", "family": "bgp", "vlan": "top", "acl": "top"}


@dataclass(frozen=True, slots=True)
class Section:
    """Where in the configuration the typist stands."""

    kind: Kind = "top"
    name: str = ""

    def __str__(self) -> str:
        return {
            "top": "",
            "interface": f"interface {self.name}",
            "bgp": "router bgp",
            "family": "address-family ipv4",
            "vlan": f"vlan {self.name}",
            "acl": f"ip access-list extended {self.name}",
        }[self.kind]

    @property
    def parent(self) -> "Section | None":
        """The section around this one."""
        kind = PARENTS.get(self.kind)
        return None if kind is None else Section(kind)


TOP = Section()


class Refused(Exception):  # noqa: N818 - an answer of the device, not an error of ours
    """The line is understood and refused; the text is the device's answer."""


@dataclass(slots=True)
class Editor:
    """A configuration with a place in it."""

    configuration: Configuration
    section: Section = TOP

    @property
    def interface(self) -> Interface:
        """The interface whose section this is."""
        return self.configuration.interfaces[self.section.name]

    @property
    def bgp(self) -> Bgp:
        """The BGP process whose section this is."""
        if self.configuration.bgp is None:
            raise Refused("% BGP instance not found")
        return self.configuration.bgp

    def neighbor(self, address: str) -> Neighbor:
        """The statement for ``address``. Raises Refused when there is none."""
        if address not in self.bgp.neighbors:
            raise Refused("% Specify remote-as or peer-group commands first")
        return self.bgp.neighbors[address]


Act = Callable[..., None]
Grammar = Mapping[Kind, Sequence[Rule[Act]]]


def apply_line(grammar: Grammar, configuration: Configuration, section: Section, line: str) -> Section:
    """Do what ``line`` says; gives the section in which the typist stands then. Raises Mismatch or Refused."""
    first: Mismatch | None = None
    place: Section | None = section
    while place is not None:
        try:
            act, words = match(grammar[place.kind], line)
        except Mismatch as mismatch:
            first = mismatch if first is None or mismatch.position > first.position else first
            place = place.parent
            continue
        editor = Editor(configuration, place)
        act(editor, *words)
        return editor.section
    assert first is not None
    raise first


def apply_text(grammar: Grammar, configuration: Configuration, text: str) -> None:
    """Every line of a configuration file, comments and headers left out. Raises Mismatch or Refused."""
    section = TOP
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("!"):
            section = TOP if line.strip() == "end" else apply_line(grammar, configuration, section, line.strip())


def ignored(editor: Editor, *_: str) -> None:
    """A line that changes nothing that is modelled."""


def leave(editor: Editor) -> None:
    """`exit`: one section up; the shell handles it at the top."""
    editor.section = editor.section.parent or TOP


def set_hostname(editor: Editor, name: str) -> None:
    """`hostname`."""
    editor.configuration.hostname = name


def enter_bgp(editor: Editor, asn: str) -> None:
    """`router bgp N`."""
    bgp = editor.configuration.bgp
    if bgp is not None and bgp.asn != int(asn):
        raise Refused(f"BGP is already running; AS is {bgp.asn}")
    editor.section = Section("bgp")


def no_bgp(editor: Editor, asn: str = "") -> None:
    """`no router bgp`."""
    if editor.configuration.bgp is None or (asn and int(asn) != editor.configuration.bgp.asn):
        raise Refused("% Can't find BGP instance")
    editor.configuration.bgp = None


def enter_family(editor: Editor) -> None:
    """`address-family ipv4 [unicast]`."""
    editor.section = Section("family")


def add_static(editor: Editor, prefix: str, next_hop: str) -> None:
    """`ip route`."""
    route = StaticRoute(prefix=str(IPv4Network(prefix, strict=False)), next_hop=next_hop)
    editor.configuration.statics = sorted({*editor.configuration.statics, route})


def no_static(editor: Editor, prefix: str, next_hop: str) -> None:
    """`no ip route`."""
    route = StaticRoute(prefix=str(IPv4Network(prefix, strict=False)), next_hop=next_hop)
    if route not in editor.configuration.statics:
        raise Refused("% Refusing to remove a non-existent route")
    editor.configuration.statics.remove(route)


def add_rule(editor: Editor, name: str, sequence: str, action: str, prefix: str, le: str = "") -> None:
    """`ip prefix-list NAME seq N permit|deny PREFIX [le N]`."""
    if action not in {"permit", "deny"}:
        raise Mismatch("unknown", 0)
    rule = PrefixRule(
        sequence=int(sequence),
        permit=action == "permit",
        prefix=str(IPv4Network(prefix, strict=False)),
        le=int(le) if le else None,
    )
    others = [r for r in editor.configuration.prefix_lists.get(name, []) if r.sequence != rule.sequence]
    editor.configuration.prefix_lists[name] = sorted([*others, rule], key=lambda r: r.sequence)


def no_rule(editor: Editor, name: str, rest: str = "") -> None:
    """`no ip prefix-list NAME [seq N …]`."""
    rules = editor.configuration.prefix_lists.get(name)
    if rules is None:
        raise Refused(f"% Can't find prefix-list {name}")
    words = rest.split()
    kept = [r for r in rules if words[:1] == ["seq"] and words[1:2] != [str(r.sequence)]]
    if kept:
        editor.configuration.prefix_lists[name] = kept
    else:
        del editor.configuration.prefix_lists[name]


def describe(editor: Editor, text: str = "") -> None:
    """`description`, or `no description` without text."""
    editor.interface.description = text


def enable(editor: Editor) -> None:
    """`no shutdown`."""
    editor.interface.enabled = True


def disable(editor: Editor) -> None:
    """`shutdown`."""
    editor.interface.enabled = False


def add_address(editor: Editor, address: str) -> None:
    """`ip address A/N`: one more, as FRRouting takes it."""
    if address not in editor.interface.addresses:
        editor.interface.addresses.append(str(IPv4Interface(address)))


def no_address(editor: Editor, address: str = "") -> None:
    """`no ip address [A/N]`."""
    if address and str(IPv4Interface(address)) not in editor.interface.addresses:
        raise Refused("% Can't find address")
    editor.interface.addresses = [a for a in editor.interface.addresses if address and a != str(IPv4Interface(address))]


def add_network(editor: Editor, prefix: str) -> None:
    """`network`."""
    wanted = str(IPv4Network(prefix, strict=False))
    editor.bgp.networks = sorted({*editor.bgp.networks, wanted}, key=IPv4Network)


def no_network(editor: Editor, prefix: str) -> None:
    """`no network`."""
    wanted = str(IPv4Network(prefix, strict=False))
    if wanted not in editor.bgp.networks:
        raise Refused("% Can't find static route specified")
    editor.bgp.networks.remove(wanted)
