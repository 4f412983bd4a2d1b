"""Named places at which a process can be made to die, so that crashes are tested where they hurt.

``NOCMESH_FAILPOINT=bridge.begun`` kills the process, as ``kill -9`` would, when it gets there; ``bridge.begun:3`` when
it gets there for the third time. Unset: nothing happens.
"""

import itertools
import os
import signal

VARIABLE = "NOCMESH_FAILPOINT"
_COUNT = itertools.count(1)


def reached(name: str) -> None:
    """Die here if the environment says so."""
    where, _, times = os.environ.get(VARIABLE, "").partition(":")
    if where == name and next(_COUNT) >= int(times or 1):
        os.kill(os.getpid(), signal.SIGKILL)
