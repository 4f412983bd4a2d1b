"""Commands of the operating system end in time, and a service that one leaves behind is not waited for."""

import time
from pathlib import Path

import pytest

from nocmesh.errors import DeviceTimeoutError, InvalidInputError, PreconditionError
from nocmesh.lab.process import each, ran

pytestmark = pytest.mark.real


async def test_a_command_gives_what_it_printed_and_how_it_ended() -> None:
    done = await ran("sh", "-c", "cat; echo bad >&2; exit 3", stdin="good")
    assert done == ("good", "bad\n", 3)


async def test_output_in_another_encoding_is_text_all_the_same() -> None:
    assert (await ran("printf", r"\377x")).stdout == "\ufffdx"


async def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(PreconditionError, match="no program nocmesh-none"):
        await ran("nocmesh-none")


async def test_a_command_that_hangs_is_killed_with_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "late"
    with pytest.raises(DeviceTimeoutError, match=r"within 0\.2 s"):
        await ran("sh", "-c", f"(sleep 1; touch {mark}) & wait", timeout=0.2)
    assert (await ran("sleep", "1.2")).code == 0
    assert not mark.exists()


async def test_a_service_that_keeps_the_output_open_is_not_waited_for() -> None:
    began = time.monotonic()
    done = await ran("sh", "-c", "echo started; sleep 3 &")
    assert done.stdout == "started\n"
    assert time.monotonic() - began < 2


async def test_work_is_done_side_by_side_in_order_and_the_first_error_ends_it() -> None:
    async def number(value: int) -> int:
        if value == 3:
            raise InvalidInputError("three")
        return value

    assert await each(number(value) for value in (1, 2, 4)) == [1, 2, 4]
    with pytest.raises(InvalidInputError, match="three"):
        await each(number(value) for value in (1, 2, 3))
