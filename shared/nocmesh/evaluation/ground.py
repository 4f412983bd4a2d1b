"""What a network must be able to do for a case: be broken, say whether it suffers, be healed."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Protocol

from nocmesh.evaluation.case import Case, FaultAt


class Ground(Protocol):
    """A network of known state; it is used by one case at a time."""

    @property
    def inventory(self) -> Path:
        """The inventory file that it has written."""
        ...

    async def inject(self, fault: FaultAt) -> None:
        """Break it. Raises NocmeshError when it cannot be broken so."""
        ...

    async def showing(self) -> list[str]:
        """Those of the injected faults whose symptom is there now."""
        ...

    async def heal(self) -> None:
        """Take back every injected fault, and what anybody has changed since. Raises NocmeshError."""
        ...

    async def settled(self) -> str:
        """Empty when everything is as it was at first and has converged; else what is not yet."""
        ...


Grounds = Callable[[Case, Path], AbstractAsyncContextManager[Ground]]
"""Makes the ground of a case (and of all like it), with a folder of its own; gone with the block."""
