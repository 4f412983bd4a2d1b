"""One end of a BGP session: what a device says of one neighbour, by its configuration and by its running state."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from nocmesh.diagnosis.configlines import JOINT
from nocmesh.diagnosis.facts import Sight
from nocmesh.diagnosis.find import address_of
from nocmesh.messages.state import Bgp, BgpNeighbor, ConfigLine, Quote

MULTIHOP_DEFAULT = 255
"""`ebgp-multihop` without a number: FRR and IOS take 255."""

_ROUTER = re.compile(r"^router bgp (\d[\d.]*)$")


@dataclass(frozen=True)
class Peer:
    """One end of a session: what ``device`` says of its neighbour at ``address``."""

    device: str
    address: str
    session: BgpNeighbor
    lines: tuple[ConfigLine, ...] = ()
    """The neighbour's lines of the running configuration, its peer group's after them."""
    header: str = ""
    """`router bgp 65001`."""
    own_asn: int | None = None
    bare: tuple[str, ...] = field(default=(), repr=False)
    """The process's own lines that name no neighbour."""

    @property
    def established(self) -> bool:
        """The session is up."""
        return self.session.session_state == "established"

    @property
    def shut(self) -> bool:
        """Shut down by configuration."""
        return not self.session.enabled or self.line("shutdown") is not None

    @cached_property
    def remote_as(self) -> int | None:
        """The AS number that it says the neighbour has; None where it says none, or only `external`."""
        line = self.line("remote-as")
        if line is None:
            return self.session.remote_as or None
        word = line.text.rsplit(" ", 1)[1]
        return self.own_asn if word == "internal" else asn_of(word)

    @property
    def presented_asn(self) -> int | None:
        """The AS number that it shows to this neighbour."""
        line = self.line("local-as")
        shown = asn_of(line.text.split()[3]) if line else None
        return shown or self.own_asn

    @property
    def update_source(self) -> str:
        """The interface or address that it speaks from; empty: the routing table decides."""
        line = self.line("update-source")
        return line.text.split()[-1] if line else self.session.update_source

    @property
    def password(self) -> str:
        """What stands for the password, redacted; empty: none."""
        line = self.line("password")
        if line is not None:
            return line.text.split(" ", 3)[3]
        return "(set)" if self.session.has_password else ""

    @property
    def ttl_security(self) -> int | None:
        """Hops of RFC 5082's generalised TTL security; None: not in use."""
        line = self.line("ttl-security")
        return _number(line.text, 1) if line else None

    @property
    def multihop(self) -> int | None:
        """Hops of `ebgp-multihop`; None: only directly connected neighbours."""
        line = self.line("ebgp-multihop")
        if line is not None:
            return _number(line.text, MULTIHOP_DEFAULT)
        hops = self.session.ebgp_multihop
        return hops if hops and hops > 1 else None

    @property
    def maximum_prefix(self) -> int | None:
        """How many prefixes it accepts; None: any number."""
        line = self.line("maximum-prefix")
        return asn_of(line.text.split()[3]) if line else self.session.maximum_prefix

    @cached_property
    def families(self) -> frozenset[str] | None:
        """Activated address families; None: not told."""
        if not self.lines or not self.header:
            return frozenset(self.session.address_families) or None
        active = {_family(x.section) for x in self.lines if _setting(x.text) == "activate"}
        negated = {_family(x.section) for x in self.lines if x.text.startswith("no ") and x.text.endswith(" activate")}
        default = set() if "no bgp default ipv4-unicast" in self.bare else {"ipv4-unicast"}
        if ":" in self.address:
            default = set()
        return frozenset((default | active) - negated)

    @property
    def said(self) -> str:
        """The session's last reset and notification (RFC 4271 §6), as the device words them."""
        return f"{self.session.last_reset_reason} {self.session.last_error}".strip()

    def line(self, setting: str) -> ConfigLine | None:
        """The neighbour's own line of that setting, or its peer group's."""
        return next((line for line in self.lines if _setting(line.text) == setting), None)

    def quotes(self, *settings: str) -> list[Quote | str]:
        """What to quote: the lines of ``settings`` that stand in the configuration, then the session's own quotes."""
        lines = [line.text for line in map(self.line, settings) if line is not None]
        return [*lines, *self.session.quotes[:2]]


def peers_of(sight: Sight) -> Iterable[Peer]:
    """The neighbours of a device: those of its configuration, and those that only the running state tells of."""
    return _peers(sight.name, sight.config or [], sight.bgp)


def peers_before(sight: Sight) -> Iterable[Peer]:
    """The same as the baseline tells it; none where no baseline is known."""
    return _peers(sight.name, sight.config_before, sight.before.bgp if sight.before else None)


def _peers(device: str, config: Sequence[ConfigLine], bgp: Bgp | None) -> Iterable[Peer]:
    lines = _process(config)
    header = lines[0].section.split(JOINT)[0] if lines else ""
    running = {n.address: n for n in (bgp.neighbors if bgp else [])}
    known = {address_of(name) for name in running}
    addresses = [*running, *(name for name in _configured(lines) if address_of(name) not in known)]
    asn = _own_asn(config, bgp)
    bare = tuple(line.text for line in lines if line.section == header and not subject_of(line.text))
    for address in addresses:
        own = _about(lines, address)
        yield Peer(
            device=device,
            address=address,
            session=running.get(address, BgpNeighbor(address=address)),
            lines=(*own, *_inherited(lines, own, address)),
            header=header,
            own_asn=asn,
            bare=bare,
        )


def process_lines(sight: Sight) -> list[ConfigLine]:
    """What stands under the device's `router bgp N` of the default VRF; the families' lines included."""
    return _process(sight.config or [])


def _process(config: Sequence[ConfigLine]) -> list[ConfigLine]:
    return [line for line in config if _ROUTER.match(line.section.split(JOINT)[0])]


def process_header(sight: Sight) -> str:
    """`router bgp 65001` as the configuration has it; empty when it has none."""
    return _header(sight.config or [])


def _header(config: Sequence[ConfigLine]) -> str:
    return next((line.text for line in config if not line.section and _ROUTER.match(line.text)), "")


def process_asn(sight: Sight) -> int | None:
    """The AS number of the device's BGP process."""
    return _own_asn(sight.config or [], sight.bgp)


def _own_asn(config: Sequence[ConfigLine], bgp: Bgp | None) -> int | None:
    match = _ROUTER.match(_header(config))
    return asn_of(match[1]) if match else (bgp.asn if bgp else None)


def asn_of(text: str) -> int | None:
    """An AS number, in plain or in dotted form (RFC 5396); None when it is none."""
    high, dot, low = text.partition(".")
    if not high.isdecimal() or (dot and not low.isdecimal()) or len(text) > 11:
        return None
    return int(high) * 65536 + int(low) if dot else int(high)


def _configured(lines: Sequence[ConfigLine]) -> list[str]:
    names = [line.text.split()[1] for line in lines if line.text.startswith("neighbor ")]
    return [name for name in dict.fromkeys(names) if address_of(name) is not None]


def _about(lines: Sequence[ConfigLine], name: str) -> list[ConfigLine]:
    wanted = address_of(name) or name
    return [line for line in lines if (found := subject_of(line.text)) and (address_of(found) or found) == wanted]


def subject_of(text: str) -> str:
    """Whom a `neighbor` line is about, negated or not; empty for other lines."""
    words = text.removeprefix("no ").split()
    return words[1] if len(words) > 1 and words[0] == "neighbor" else ""


def _inherited(lines: Sequence[ConfigLine], own: Sequence[ConfigLine], address: str) -> list[ConfigLine]:
    group = next((line.text.split()[3] for line in own if _setting(line.text) == "peer-group"), "")
    return _about(lines, group) if group and group != address else []


def _setting(text: str) -> str:
    words = text.split()
    return words[2] if len(words) > 2 and words[0] == "neighbor" else ""


def _family(section: str) -> str:
    """`router bgp 65001 / address-family ipv4 unicast` is about `ipv4-unicast`, as is the process itself."""
    _, _, family = section.partition(f"{JOINT}address-family ")
    words = (family or "ipv4 unicast").split()
    return "-".join(words if len(words) > 1 else [*words, "unicast"])


def _number(text: str, default: int) -> int:
    last = text.split()[-1]
    return int(last) if last.isdecimal() and len(last) < 6 else default
