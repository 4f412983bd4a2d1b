"""Sets the limits of this process and becomes the command: `launcher.py CPU_SECONDS MEGABYTES PROGRAM ARGUMENTS…`.

A program of its own, run by a bare interpreter: to set limits in a forked child of a process with threads is not safe.
"""

import os
import resource
import sys

OPEN_FILES = 256


def main(arguments: list[str]) -> None:
    """Does not return."""
    seconds, size = int(arguments[0]), int(arguments[1]) * 1024 * 1024
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
    os.execv(arguments[2], arguments[2:])  # noqa: S606


if __name__ == "__main__":
    main(sys.argv[1:])
