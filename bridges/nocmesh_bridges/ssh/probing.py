"""`device_probe`: a device pings an address, or traces the way to it; bounded, and guarded as a reading is."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from ipaddress import ip_address
from typing import Any, Protocol, cast, get_args

from nocmesh.errors import InvalidInputError
from nocmesh.messages.probe import ProbeKind, ProbeResult
from nocmesh.messages.state import Door, Output
from nocmesh.network import Device
from nocmesh_bridges.platforms.probes import SLOWLY, Wish, counted, counters_ask, probe_ask, probed, too_fast
from nocmesh_bridges.platforms.protocol import Ask
from nocmesh_bridges.ssh.asking import Asker

MOST = 99
"""Packets of one probe: two seconds, and what an approved reading may cost (see the guard's shapes)."""
MOST_SLOWLY = 25
SIZES = (36, 9000)
"""Bytes: IOS takes no less than 36, and nothing larger than a jumbo frame is a fair question."""


class Readings(Protocol):
    """Who knows the devices."""

    def device(self, arguments: dict[str, Any]) -> Device:
        """The device that the arguments name. Raises InvalidInputError, NotFoundError."""
        ...


class Prober:
    """Asks devices to probe."""

    def __init__(self, readings: Readings, asker: Asker) -> None:
        self._readings = readings
        self._asker = asker
        self.tools: dict[str, Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]] = {"device_probe": self._probe}

    async def _probe(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """{device, target, kind, count, size, source, counters}: the probe's result, and what the device printed."""
        device = self._readings.device(arguments)
        wish, counters = wish_of(arguments), arguments.get("counters", False)
        if not isinstance(counters, bool):
            raise InvalidInputError(
                "'counters' is true or false: whether to count damaged packets too", field="counters"
            )
        result, outputs = await self.result(device, wish, counters=counters)
        return {"outputs": [output.to_dict() for output in outputs], "probe": result.to_dict()}

    async def result(self, device: Device, wish: Wish, *, counters: bool = False) -> tuple[ProbeResult, list[Output]]:
        """What became of ``wish``, and the outputs that say so. Raises DeviceError when the device cannot be asked."""
        shell = self._asker.has(device, "shell")
        ask = probe_ask(device.platform, wish, shell=shell)
        if ask is None:
            return probed(wish, Output(command="", text="", status="unasked")), []
        around = counters_ask(device.platform, shell=shell) if counters else None
        outputs = await self._typed(device, [around, ask, around] if around else [ask])
        if too_fast(outputs[len(outputs) // 2]) and wish.seconds_between < SLOWLY:
            return await self.result(device, slowly(wish), counters=counters)
        if around is None:
            return probed(wish, outputs[0]), outputs
        before, told, after = outputs
        return counted(probed(wish, told), before, after), outputs

    async def _typed(self, device: Device, asks: Sequence[Ask]) -> list[Output]:
        door: Door = asks[0].door
        return await self._asker.strict(device, [ask.command for ask in asks], door=door)


def slowly(wish: Wish) -> Wish:
    """``wish`` as older systems take it from anybody but root."""
    return replace(wish, count=min(wish.count, MOST_SLOWLY), seconds_between=SLOWLY)


def wish_of(arguments: dict[str, Any]) -> Wish:
    """The probe that ``arguments`` ask for. Raises InvalidInputError that says what they may be."""
    kind = arguments.get("kind", "ping")
    if kind not in get_args(ProbeKind):
        known = ", ".join(get_args(ProbeKind))
        raise InvalidInputError(f"there is no probe {str(kind)[:40]!r}; known: {known}", field="kind")
    return Wish(
        kind=cast("ProbeKind", kind),
        target=_address(arguments.get("target"), "target"),
        count=_number(arguments.get("count", 5), "count", 1, MOST),
        size=_number(arguments["size"], "size", *SIZES) if arguments.get("size") is not None else None,
        source=_address(arguments["source"], "source") if arguments.get("source") else "",
    )


def _address(given: object, field: str) -> str:
    """A literal: a name would be looked up by the device, who knows where."""
    try:
        found = ip_address("" if "%" in str(given) else str(given))
    except ValueError:
        said = "" if given is None else f": it is {str(given)[:60]!r}"
        raise InvalidInputError(
            f"'{field}' must be an IP address such as 10.0.12.2, without prefix length or zone{said}", field=field
        ) from None
    if found.is_multicast or found.is_unspecified or str(found) == "255.255.255.255":
        raise InvalidInputError(f"'{field}' is {found}, nobody's own; expected one host's address", field=field)
    return str(found)


def _number(given: object, field: str, least: int, most: int) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not least <= given <= most:
        raise InvalidInputError(f"'{field}' is {str(given)[:40]!r}; expected {least} to {most}", field=field)
    return given
