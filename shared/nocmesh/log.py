"""What a process says about itself: one line a happening, on stderr, with a fixed `action` and fields.

The action never changes with the values (``task_done``, not ``task 7 done``), so that lines can be counted. The
one module that knows structlog. Standard output stays free for data.
"""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal, TypeAlias

import msgspec
import structlog
from structlog.typing import EventDict, FilteringBoundLogger, WrappedLogger

Log: TypeAlias = FilteringBoundLogger
"""A logger: ``log.info("task_done", task_id=…)``, ``log.bind(run_id=…)``."""

Level = Literal["debug", "info", "warning", "error"]
Format = Literal["console", "json"]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure(level: Level = "info", format: Format = "console") -> None:
    """Log from ``level`` on, as ``format``; the libraries' own warnings come out in the same form."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.EventRenamer("action"),
            _as_json if format == "json" else _as_text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=_StderrFactory(),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [handler for handler in root.handlers if not isinstance(handler, _Library)]
    root.addHandler(_Library(max(_LEVELS[level], logging.WARNING)))


def logger(**fields: Any) -> Log:
    """A logger whose every line carries ``fields``."""
    if not structlog.is_configured():
        configure()
    log: Log = structlog.get_logger(**fields)
    return log


@contextmanager
def correlated(correlation_id: str, **fields: Any) -> Iterator[None]:
    """Every line that is logged inside, by this task or one that it starts, carries the correlation id."""
    with structlog.contextvars.bound_contextvars(correlation_id=correlation_id, **fields):
        yield


class _Stderr:
    """Writes a finished line to whatever stderr is at that moment."""

    def msg(self, line: str) -> None:
        sys.stderr.write(line + "\n")
        sys.stderr.flush()

    debug = info = warning = error = critical = exception = fatal = failure = log = msg


class _StderrFactory:
    def __call__(self, *_: Any) -> _Stderr:
        return _Stderr()


class _Library(logging.Handler):
    """A library's own line, as one of ours."""

    def emit(self, record: logging.LogRecord) -> None:
        exc_info = record.exc_info if record.exc_info and record.exc_info[0] else None
        log = logger(library=record.name, text=record.getMessage())
        log.log(min(record.levelno, logging.CRITICAL) // 10 * 10, "library", exc_info=exc_info)


def _as_json(_logger: WrappedLogger, _name: str, line: EventDict) -> str:
    ordered = {key: line.pop(key) for key in ("timestamp", "level", "action") if key in line}
    return msgspec.json.encode({**ordered, **line}, enc_hook=str).decode()


def _as_text(_logger: WrappedLogger, _name: str, line: EventDict) -> str:
    head = f"{line.pop('timestamp')[:19]}Z {line.pop('level'):<7} {line.pop('action')}"
    trace = line.pop("exception", None)
    fields = " ".join(f"{key}={_shown(value)}" for key, value in line.items())
    return "\n".join(part for part in (f"{head} {fields}".rstrip(), trace) if part)


def _shown(value: object) -> str:
    """``value`` on one line: a text with blanks or control characters is quoted, so that nobody forges a line."""
    text = str(value)
    plain = text.isprintable() and text and not set(text) & set(" =\"'")
    return text if plain else msgspec.json.encode(text).decode()
