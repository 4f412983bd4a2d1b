"""Named places at which a process can be made to die, so that crashes are tested where they hurt.

``NOCMESH_FAILPOINT=bridge.begun`` kills the process, as ``kill -9`` would, when it gets there. Unset: nothing happens.
"""

import os
import signal

VARIABLE = "NOCMESH_FAILPOINT"


def reached(name: str) -> None:
    """Die here if the environment says so."""
    if os.environ.get(VARIABLE) == name:
        os.kill(os.getpid(), signal.SIGKILL)
