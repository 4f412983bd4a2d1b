"""What is stored: people, read models, and how far each stream was read.

Every row belongs to a tenant, because several meshes may share one database.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Index, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

DEFAULT_TENANT = "default"
METADATA = MetaData()

_JSON: Any = JSON().with_variant(JSONB(), "postgresql")
_BIG: Any = BigInteger()
_TIME: Any = UTCDateTime()


def _time() -> Any:
    return Field(default=None, sa_type=_TIME, nullable=True)


def _dict() -> Any:
    return Field(default_factory=dict, sa_type=_JSON)


def _list() -> Any:
    return Field(default_factory=list, sa_type=_JSON)


def _number() -> Any:
    return Field(default=0, sa_type=_BIG)


def _key_number() -> Any:
    return Field(primary_key=True, sa_type=_BIG, sa_column_kwargs={"autoincrement": False})


class Row(SQLModel):
    """What every row has."""

    metadata: ClassVar[MetaData] = METADATA

    tenant: str = Field(default=DEFAULT_TENANT, primary_key=True)


class User(Row, table=True):
    """A person; their roles are read at each request, so that taking one away works at once."""

    __tablename__ = "users"

    name: str = Field(primary_key=True)
    roles: list[str] = _list()
    source: str = ""
    """Who manages this row: `inventory`."""
    active: bool = True
    created_at: datetime | None = _time()


class PersonalToken(Row, table=True):
    """A token of a person; of its text only the sha256."""

    __tablename__ = "personal_tokens"

    hash: str = Field(primary_key=True)
    token_id: str = Field(index=True)
    """For lists and revocation; it opens nothing."""
    user: str
    label: str = ""
    scopes: list[str] = _list()
    created_at: datetime | None = _time()
    expires_at: datetime | None = _time()
    last_used: datetime | None = _time()
    revoked_at: datetime | None = _time()


class WebSession(Row, table=True):
    """A browser that signed in; of the cookie only the sha256. It ends when its token does."""

    __tablename__ = "web_sessions"

    hash: str = Field(primary_key=True)
    token_hash: str
    user: str
    created_at: datetime | None = _time()
    seen_at: datetime | None = _time()


class AlertRow(Row, table=True):
    """One episode of one alert."""

    __tablename__ = "alerts"

    alert_id: str = Field(primary_key=True)
    episode: int = _key_number()
    kind: str = ""
    name: str = ""
    severity: str = ""
    device: str = ""
    source: str = ""
    summary: str = ""
    incident_id: str = ""
    count: int = _number()
    first_at: datetime | None = _time()
    last_at: datetime | None = _time()
    alert: dict[str, Any] = _dict()


class IncidentRow(Row, table=True):
    """An incident as it stands, with what its report is made of."""

    __tablename__ = "incidents"

    incident_id: str = Field(primary_key=True)
    state: str = ""
    title: str = ""
    severity: str = ""
    verdict: str = ""
    devices: list[str] = _list()
    alerts: list[str] = _list()
    opened_at: datetime | None = _time()
    updated_at: datetime | None = _time()
    report: dict[str, Any] = _dict()
    proposed: list[dict[str, Any]] = _list()
    outcome: dict[str, Any] = _dict()


class TimelineRow(Row, table=True):
    """One event of an incident."""

    __tablename__ = "timeline"
    __table_args__ = (Index("ix_timeline_incident", "tenant", "incident_id"),)

    stream: str = Field(primary_key=True)
    sequence: int = _key_number()
    incident_id: str = ""
    kind: str = ""
    at: datetime | None = _time()
    actor: str = ""
    text: str = ""
    data: dict[str, Any] = _dict()


class ApprovalRow(Row, table=True):
    """A change that waits or waited for people, with every vote."""

    __tablename__ = "approvals"
    __table_args__ = (Index("ix_approvals_incident", "tenant", "incident_id"),)

    approval_id: str = Field(primary_key=True)
    status: str = "pending"
    run_id: str = ""
    step: str = ""
    incident_id: str = ""
    device: str = ""
    risk: str = ""
    quorum: int = _number()
    summary: str = ""
    requested_by: str = ""
    requested_at: datetime | None = _time()
    expires_at: datetime | None = _time()
    decided_at: datetime | None = _time()
    reason: str = ""
    change_hash: str = ""
    change: dict[str, Any] = _dict()
    votes: list[dict[str, Any]] = _list()


class RunRow(Row, table=True):
    """A workflow's run as its last transition left it."""

    __tablename__ = "runs"

    run_id: str = Field(primary_key=True)
    type: str = ""
    status: str = ""
    index: int = _number()
    incident_id: str = ""
    requester: str = ""
    correlation_id: str = ""
    started_at: datetime | None = _time()
    updated_at: datetime | None = _time()
    finished_at: datetime | None = _time()
    error: str = ""
    failed_step: str = ""
    parameters: dict[str, Any] = _dict()
    definition: dict[str, Any] = _dict()
    steps: dict[str, Any] = _dict()
    result: dict[str, Any] = _dict()


class SessionRow(Row, table=True):
    """An agent's session as its last entry left it."""

    __tablename__ = "sessions"
    __table_args__ = (Index("ix_sessions_incident", "tenant", "incident_id"),)

    session_id: str = Field(primary_key=True)
    status: str = "running"
    agent_type: str = ""
    agent_id: str = ""
    incident_id: str = ""
    task_id: str = ""
    correlation_id: str = ""
    entries: int = _number()
    started_at: datetime | None = _time()
    updated_at: datetime | None = _time()
    result: dict[str, Any] = _dict()


class SessionEventRow(Row, table=True):
    """One entry of an agent's session."""

    __tablename__ = "session_events"
    __table_args__ = (
        Index("ix_session_events_session", "tenant", "session_id"),
        Index("ix_session_events_incident", "tenant", "incident_id"),
    )

    stream: str = Field(primary_key=True)
    sequence: int = _key_number()
    session_id: str = ""
    index: int = _number()
    incident_id: str = ""
    kind: str = ""
    at: datetime | None = _time()
    actor: str = ""
    agent_type: str = ""
    text: str = ""
    data: dict[str, Any] = _dict()


class AgentRow(Row, table=True):
    """An agent's last card and last farewells; cards and farewells may be read in any order of each other."""

    __tablename__ = "agents"

    agent_id: str = Field(primary_key=True)
    type: str = ""
    card: dict[str, Any] = _dict()
    registered_sequence: int = _number()
    registered_at: datetime | None = _time()
    farewells: dict[str, Any] = _dict()
    """The last few, by instance: the late farewell of an old instance says nothing about the new one."""


class CursorRow(Row, table=True):
    """How far one kind of message of one stream was read."""

    __tablename__ = "cursors"

    stream: str = Field(primary_key=True)
    body: str = Field(primary_key=True)
    sequence: int = _number()
    at: datetime | None = _time()


READ_MODELS: tuple[type[Row], ...] = (
    AlertRow,
    IncidentRow,
    TimelineRow,
    ApprovalRow,
    RunRow,
    SessionRow,
    SessionEventRow,
    AgentRow,
    CursorRow,
)
"""What may be deleted and replayed."""
