"""What is asked of NetBox. Pure.

NetBox ignores a filter that it does not know, and gives everything: so only the filters of its filter sets are passed
on (dcim, ipam and circuits `filtersets.py` of NetBox 4), and where an answer shows whether a filter was kept to, it is
looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from nocmesh.errors import InvalidInputError
from nocmesh.inventory_form import FILTERS
from nocmesh.yamlfile import nearest

MOST_ROWS, ROWS = 1000, 50
MOST_VALUES, LONGEST = 50, 100
ARGUMENTS = ("what", "filters", "limit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One list of NetBox's."""

    path: str
    filters: frozenset[str]
    shown: frozenset[str]
    """Filters whose effect can be seen on the objects: not those of trees, which give what lies below too."""


def _kind(path: str, filters: str, shown: str) -> Kind:
    return Kind(path=f"/api/{path}/", filters=frozenset(filters.split()), shown=frozenset(shown.split()))


_INTERFACE = (
    "id name label enabled mtu mac_address type mode cabled connected vlan_id vrf_id tag q device device_id site "
    "site_id region location rack device_type device_status virtual_chassis"
)
_ADDRESS = (
    "id address parent family mask_length vrf vrf_id device device_id interface interface_id assigned_to_interface "
    "status role dns_name tenant tag q"
)
_CABLE = "id label type status color device device_id rack site site_id location tenant tag unterminated q"
_CIRCUIT = "id cid provider provider_id provider_network_id type status region site site_id tenant tag q"
_SITE = "id name slug status region region_id group facility asn tenant tag q"

KINDS: Mapping[str, Kind] = {
    "devices": _kind("dcim/devices", " ".join((*FILTERS, "serial", "asset_tag")), "site status tag"),
    "interfaces": _kind("dcim/interfaces", _INTERFACE, "tag"),
    "addresses": _kind("ipam/ip-addresses", _ADDRESS, "status role tag"),
    "cables": _kind("dcim/cables", _CABLE, "status tag"),
    "circuits": _kind("circuits/circuits", _CIRCUIT, "status tag"),
    "sites": _kind("dcim/sites", _SITE, "status tag"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question, in an order of its own: the same one is asked once."""

    what: str
    filters: tuple[tuple[str, str], ...] = ()
    limit: int = ROWS

    @property
    def kind(self) -> Kind:
        """The list that is asked."""
        return KINDS[self.what]

    @property
    def params(self) -> list[tuple[str, str]]:
        """As they stand in the address."""
        return [*self.filters, ("ordering", "id")]

    @property
    def checkable(self) -> dict[str, list[str]]:
        """The filters whose effect can be seen, with their values."""
        found: dict[str, list[str]] = {}
        for key, value in self.filters:
            if key in self.kind.shown:
                found.setdefault(key, []).append(value)
        return found

    @property
    def command(self) -> str:
        """What was asked, as the recorded output names it."""
        return f"netbox GET {self.kind.path}" + (f"?{urlencode(self.filters)}" if self.filters else "")


def question_of(arguments: Mapping[str, Any]) -> Question:
    """The question in a call's ``arguments``. Raises InvalidInputError with the nearest known word."""
    for name in arguments:
        if name not in ARGUMENTS:
            raise InvalidInputError(
                f"no argument {str(name)[:60]!r}; {nearest(str(name), ARGUMENTS)}", field="arguments"
            )
    what = arguments.get("what")
    if not isinstance(what, str) or what not in KINDS:
        raise InvalidInputError(f"what is {_brief(what)}; {nearest(str(what)[:60], KINDS)}", field="what")
    return Question(what=what, filters=_filters(what, arguments.get("filters")), limit=_limit(arguments.get("limit")))


def _filters(what: str, given: object) -> tuple[tuple[str, str], ...]:
    if given is None:
        return ()
    if not isinstance(given, Mapping):
        raise InvalidInputError(
            f"filters is {_brief(given)}; expected an object, as {{'site': 'ams'}}", field="filters"
        )
    found: set[tuple[str, str]] = set()
    for key, value in given.items():
        if key not in KINDS[what].filters:
            hint = nearest(str(key)[:60], KINDS[what].filters)
            raise InvalidInputError(
                f"{what} have no filter {str(key)[:60]!r}; {hint}", field=f"filters.{str(key)[:60]}"
            )
        found |= {(key, _value(key, one)) for one in (value if isinstance(value, list) else [value])}
    if len(found) > MOST_VALUES:
        raise InvalidInputError(f"{len(found)} values to filter by; expected at most {MOST_VALUES}", field="filters")
    return tuple(sorted(found))


def _value(key: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) and abs(value) < 1 << 63:
        return str(value)
    if isinstance(value, str) and 0 < len(value) <= LONGEST and value.isprintable():
        return value
    raise InvalidInputError(
        f"filters.{key} is {_brief(value)}; expected a text of 1 to {LONGEST} letters, a number, true or false",
        field=f"filters.{key}",
    )


def _limit(given: object) -> int:
    if given is None:
        return ROWS
    if not isinstance(given, int) or isinstance(given, bool) or not 1 <= given <= MOST_ROWS:
        raise InvalidInputError(f"limit is {_brief(given)}; expected 1 to {MOST_ROWS}", field="limit")
    return given


def _brief(value: object) -> str:
    """``value`` for a message: a huge number is not even written out."""
    return f"a {type(value).__name__}" if isinstance(value, list | dict | int) else repr(value)[:60]
