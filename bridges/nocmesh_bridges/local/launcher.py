"""Sets limits and becomes the program: `launcher.py PARENT CPU_SECONDS MEGABYTES PROGRAM ARGUMENTS…`.

A program of its own, run by a bare interpreter: to set limits in a forked child of a process with threads is not safe.
"""

import ctypes
import os
import resource
import signal
import sys

OPEN_FILES = 256
PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Does not return."""
    parent, seconds, size = int(arguments[0]), int(arguments[1]), int(arguments[2]) * 1024 * 1024
    limits = (
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_AS, size),
        (resource.RLIMIT_FSIZE, size),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    )
    for which, most in limits:
        hard = resource.getrlimit(which)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (least, least))
    if sys.platform == "linux":  # whoever started it may be killed: then it ends too (prctl(2), PR_SET_PDEATHSIG)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise SystemExit("whoever started this has gone")
    os.execv(arguments[3], arguments[3:])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
