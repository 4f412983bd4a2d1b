"""The tree of errors.

NocmeshError
├── UsageError                 the caller asked for something that does not exist
│   ├── NotFoundError          a named thing is not there (also LookupError)
│   └── InvalidInputError      a field is wrong (also ValueError)
├── PreconditionError          the surroundings do not allow it: version, missing extra, setting
├── DeniedError                it is not allowed (also PermissionError)
│   ├── GuardError             the command guard refused a command
│   ├── GateError              the gate refused a change
│   ├── SignatureError         a message is not signed by whom its subject demands
│   └── SealError              a stored secret was altered, or is not where it was sealed for
├── TooLateError               it did not happen in time (also TimeoutError)
├── ApprovalNeededError        nothing happens until people have approved
├── BusError                   the broker
│   ├── LostRaceError          a guarded append found another writer's message first
│   └── OutcomeUnknownError    no acknowledgement came: it may have happened (also TimeoutError)
└── DeviceError                a device
    ├── DeviceBusyError        too many wait for it, or it takes no more logins now: ask again later
    ├── DeviceUnreachableError no session could be opened (also ConnectionError)
    ├── DeviceTimeoutError     the device did not answer in time (also TimeoutError)
    ├── DeviceRejectedError    the device answered that the command is wrong
    └── SessionLostError       the session can no longer be trusted and was closed

Every message says what was wrong, what was expected, and what to do next; the facts are fields too.
"""

from typing import Any


class NocmeshError(Exception):
    """The root. ``facts`` are the fields that a log line or an API answer carries."""

    exit_code = 1

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


class UsageError(NocmeshError):
    """The caller asked for something that makes no sense: read the message, correct the call."""

    exit_code = 2


class NotFoundError(UsageError, LookupError):
    """A named thing is not there; the message lists what is."""

    exit_code = 4


class InvalidInputError(UsageError, ValueError):
    """A field of the input is wrong; ``field`` names it, ``reason`` says why."""

    def __init__(self, message: str, *, field: str = "", reason: str = "", **facts: Any) -> None:
        super().__init__(message, field=field, reason=reason or message, **facts)
        self.field = field
        self.reason = reason or message


class PreconditionError(NocmeshError):
    """The surroundings do not allow it; the message says what to change."""

    exit_code = 3


class DeniedError(NocmeshError, PermissionError):
    """It is not allowed; the message says by which rule."""

    exit_code = 5


class GuardError(DeniedError):
    """The command guard refused a command before any device saw it."""


class GateError(DeniedError):
    """The gate refused a change: no valid decision covers exactly this change, here and now."""


class SignatureError(DeniedError):
    """A message is unsigned, altered, or signed by a key that may not speak on its subject."""


class SealError(DeniedError):
    """A stored secret was altered, or stands where it was not sealed for: nothing of it is used."""


class TooLateError(NocmeshError, TimeoutError):
    """What was waited for did not happen in time; the message says how long that was."""

    exit_code = 6


class ApprovalNeededError(NocmeshError):
    """Nothing more happens until people have approved; the message says what."""

    exit_code = 7


class BusError(NocmeshError):
    """The broker refused, or cannot be reached."""


class LostRaceError(BusError):
    """A guarded append found that another writer was first: reload and decide again."""


class OutcomeUnknownError(BusError, TimeoutError):
    """No acknowledgement came. It may have happened: retry with the same id, never with a new one."""

    exit_code = 6


class DeviceError(NocmeshError):
    """Something about one device; ``device`` names it."""

    def __init__(self, message: str, *, device: str = "", **facts: Any) -> None:
        super().__init__(message, device=device, **facts)
        self.device = device


class DeviceBusyError(DeviceError):
    """The device is well, and has too much to do for us now: ask again in a moment."""


class DeviceUnreachableError(DeviceError, ConnectionError):
    """No session could be opened: address, credentials, host key or the network."""


class DeviceSilentError(DeviceUnreachableError):
    """Nobody answers at the address: it is switched off, or cut off. The next attempt would wait as long."""


class DeviceTimeoutError(DeviceError, TimeoutError):
    """The device did not answer in time; the session was closed, because its next answer could be the old one."""

    exit_code = 6


class DeviceRejectedError(DeviceError):
    """The device answered that the command is wrong; ``output`` is its answer."""


class SessionLostError(DeviceError):
    """What came back cannot be told from another command's output: the session was closed."""
