"""The tool ``snmp_query``: one object, one subtree, or one table as typed state. It only reads."""

import asyncio
from collections.abc import Mapping
from typing import Any

from nocmesh.errors import (
    DeviceError,
    DeviceUnreachableError,
    GuardError,
    InvalidInputError,
    NocmeshError,
)
from nocmesh.log import Log
from nocmesh.messages.agent import ToolReply, ToolRequest
from nocmesh.messages.state import Output, ViewStatus
from nocmesh.network import Device, Network
from nocmesh_bridges.asked import device_asked
from nocmesh_bridges.snmp import tables
from nocmesh_bridges.snmp import value as v
from nocmesh_bridges.snmp.answered import Answered
from nocmesh_bridges.snmp.asking import Asker
from nocmesh_bridges.snmp.oids import TABLES, checked, is_hidden
from nocmesh_bridges.snmp.target import Target
from nocmesh_bridges.snmp.value import VarBind

TOOL = "snmp_query"
OPERATIONS = ("get", "walk")
MAX_ANSWER = 900 * 1024
"""Bytes: the broker carries a megabyte."""
MAX_TABLE_ROWS = 10_000


class Querier:
    """Answers calls of the tool."""

    def __init__(self, asker: Asker, network: Network, targets: Mapping[str, Target], log: Log) -> None:
        """``targets``: how to ask each device that has SNMP."""
        self._asker = asker
        self._network = network
        self._targets = targets
        self._log = log

    async def call(self, request: ToolRequest) -> ToolReply:
        """Answer one call; whatever goes wrong is an answer too."""
        reply = await self._reply(request)
        if len(reply.to_json()) > MAX_ANSWER:
            error = f"the answer has more than the {MAX_ANSWER} bytes that can be carried: ask for a smaller subtree"
            return ToolReply(call_id=request.call_id, status="error", error=error)
        return reply

    async def _reply(self, request: ToolRequest) -> ToolReply:
        try:
            content = await self._answer(request.arguments)
        except DeviceUnreachableError as wrong:
            return ToolReply(call_id=request.call_id, status="unreachable", error=wrong.message)
        except GuardError as refused:
            self._log.warning("oid_refused", why=refused.message)
            return ToolReply(call_id=request.call_id, status="refused", error=refused.message)
        except NocmeshError as wrong:
            kind = {"kind": type(wrong).__name__}
            return ToolReply(call_id=request.call_id, status="error", error=wrong.message, content=kind)
        return ToolReply(call_id=request.call_id, status="ok", content=content)

    async def _answer(self, arguments: dict[str, Any]) -> dict[str, Any]:
        device = device_asked(self._network, arguments)
        target = self._target(device)
        table, oid = arguments.get("table"), arguments.get("oid")
        if (table is None) is (oid is None):
            raise InvalidInputError("expected either 'table' or 'oid' with 'operation'", field="table")
        if table is not None:
            return await self._table(device, target, str(table))
        return await self._objects(target, checked(str(oid)), arguments.get("operation", "get"))

    def _target(self, device: Device) -> Target:
        target = self._targets.get(device.name)
        if target is None:
            told = f"{device.name} cannot be asked over SNMP: the inventory has no usable `snmp:` for it; see the log"
            raise DeviceError(told, device=device.name)
        return target

    async def _objects(self, target: Target, oid: str, operation: object) -> dict[str, Any]:
        if operation not in OPERATIONS:
            raise InvalidInputError(f"there is no operation {operation!r}; known: get, walk", field="operation")
        if operation == "get":
            output = Output(**_output("get", oid, await self._asker.get(target, [oid])))
            return {"outputs": [output.to_dict()], "complete": True}
        walked = await self._asker.walk(target, oid)
        output = Output(**_output("walk", oid, walked.varbinds))
        more = {} if walked.complete else {"note": "cut off: there are more objects; ask for a smaller subtree"}
        return {"outputs": [output.to_dict()], "complete": walked.complete, **more}

    async def _table(self, device: Device, target: Target, name: str) -> dict[str, Any]:
        if name not in TABLES:
            raise InvalidInputError(f"there is no table {name!r}; known: {', '.join(TABLES)}", field="table")
        table = TABLES[name]
        columns = await asyncio.gather(*(self._column(target, oid) for oid in table.columns.values()))
        scalars = await self._asker.get(target, list(table.scalars.values()))
        outputs = [Output(**_output("get", bind.oid, [bind])) for bind in scalars]
        outputs += [Output(**_output("walk", oid, c)) for oid, c in zip(table.columns.values(), columns, strict=True)]
        commands = {
            **{key: _command("get", oid) for key, oid in table.scalars.items()},
            **{key: _command("walk", oid) for key, oid in table.columns.items()},
        }
        answered = Answered(
            commands,
            dict(zip(table.scalars, scalars, strict=True)),
            {key: _by_row(oid, c) for (key, oid), c in zip(table.columns.items(), columns, strict=True)},
        )
        state = tables.state(device.name, device.platform, name, answered)
        return {"outputs": [output.to_dict() for output in outputs], "state": state.to_dict()}

    async def _column(self, target: Target, oid: str) -> list[VarBind]:
        walked = await self._asker.walk(target, oid, most=MAX_TABLE_ROWS)
        if not walked.complete:
            told = f"{target.name} has more than {MAX_TABLE_ROWS} rows under {oid}: a part of them would look like all"
            raise DeviceError(told, device=target.name)
        return walked.varbinds


def _by_row(column: str, binds: list[VarBind]) -> dict[str, VarBind]:
    return {bind.oid.removeprefix(f"{column}."): bind for bind in binds}


def _command(operation: str, oid: str) -> str:
    """What was asked, as the outputs and the quotes name it."""
    return f"snmp {operation} {oid}"


def _output(operation: str, oid: str, binds: list[VarBind]) -> dict[str, Any]:
    """The recorded output: one line a variable, in the words that quotes are taken from."""
    status: ViewStatus = "parsed"
    if all(bind.value.kind in v.ABSENT for bind in binds):
        status = "rejected" if binds else "empty"
    lines = [f"{bind.oid} = (not shown)" if is_hidden(bind.oid) else bind.line for bind in binds]
    return {"command": _command(operation, oid), "text": "\n".join(lines), "status": status}
