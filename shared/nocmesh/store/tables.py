"""What is stored: people, read models, and how far each stream was read.

Every row belongs to a tenant, because several meshes may share one database.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import Index
from sqlmodel import Field

from nocmesh.store.rows import Row, dict_field, key_number_field, list_field, number_field, time_field


class User(Row, table=True):
    """A person; their roles are read at each request, so that taking one away works at once."""

    __tablename__ = "users"

    name: str = Field(primary_key=True)
    roles: list[str] = list_field()
    source: str = ""
    """Who manages this row: `inventory`."""
    active: bool = True
    created_at: datetime | None = time_field()


class PersonalToken(Row, table=True):
    """A token of a person; of its text only the sha256."""

    __tablename__ = "personal_tokens"

    hash: str = Field(primary_key=True)
    token_id: str = Field(index=True)
    """For lists and revocation; it opens nothing."""
    user: str
    label: str = ""
    scopes: list[str] = list_field()
    created_at: datetime | None = time_field()
    expires_at: datetime | None = time_field()
    last_used: datetime | None = time_field()
    revoked_at: datetime | None = time_field()


class WebSession(Row, table=True):
    """A browser that signed in; of the cookie only the sha256. It ends when its token does."""

    __tablename__ = "web_sessions"

    hash: str = Field(primary_key=True)
    token_hash: str
    user: str
    created_at: datetime | None = time_field()
    seen_at: datetime | None = time_field()


class AlertRow(Row, table=True):
    """One episode of one alert."""

    __tablename__ = "alerts"

    alert_id: str = Field(primary_key=True)
    episode: int = key_number_field()
    kind: str = ""
    name: str = ""
    severity: str = ""
    device: str = ""
    source: str = ""
    summary: str = ""
    incident_id: str = ""
    count: int = number_field()
    first_at: datetime | None = time_field()
    last_at: datetime | None = time_field()
    alert: dict[str, Any] = dict_field()


class IncidentRow(Row, table=True):
    """An incident as it stands, with what its report is made of."""

    __tablename__ = "incidents"

    incident_id: str = Field(primary_key=True)
    state: str = ""
    title: str = ""
    severity: str = ""
    verdict: str = ""
    devices: list[str] = list_field()
    alerts: list[str] = list_field()
    opened_at: datetime | None = time_field()
    updated_at: datetime | None = time_field()
    report: dict[str, Any] = dict_field()
    proposed: list[dict[str, Any]] = list_field()
    outcome: dict[str, Any] = dict_field()


class TimelineRow(Row, table=True):
    """One event of an incident."""

    __tablename__ = "timeline"
    __table_args__ = (Index("ix_timeline_incident", "tenant", "incident_id"),)

    stream: str = Field(primary_key=True)
    sequence: int = key_number_field()
    incident_id: str = ""
    kind: str = ""
    at: datetime | None = time_field()
    actor: str = ""
    text: str = ""
    data: dict[str, Any] = dict_field()


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
    quorum: int = number_field()
    summary: str = ""
    requested_by: str = ""
    requested_at: datetime | None = time_field()
    expires_at: datetime | None = time_field()
    goes_at: datetime | None = time_field()
    """When it goes unless somebody stops it; None: it needs people."""
    decided_at: datetime | None = time_field()
    reason: str = ""
    change_hash: str = ""
    change: dict[str, Any] = dict_field()
    votes: list[dict[str, Any]] = list_field()


class RunRow(Row, table=True):
    """A workflow's run as its last transition left it."""

    __tablename__ = "runs"

    run_id: str = Field(primary_key=True)
    type: str = ""
    status: str = ""
    index: int = number_field()
    incident_id: str = ""
    requester: str = ""
    correlation_id: str = ""
    started_at: datetime | None = time_field()
    updated_at: datetime | None = time_field()
    finished_at: datetime | None = time_field()
    error: str = ""
    failed_step: str = ""
    parameters: dict[str, Any] = dict_field()
    definition: dict[str, Any] = dict_field()
    steps: dict[str, Any] = dict_field()
    result: dict[str, Any] = dict_field()


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
    entries: int = number_field()
    started_at: datetime | None = time_field()
    updated_at: datetime | None = time_field()
    result: dict[str, Any] = dict_field()


class SessionEventRow(Row, table=True):
    """One entry of an agent's session."""

    __tablename__ = "session_events"
    __table_args__ = (
        Index("ix_session_events_session", "tenant", "session_id"),
        Index("ix_session_events_incident", "tenant", "incident_id"),
    )

    stream: str = Field(primary_key=True)
    sequence: int = key_number_field()
    session_id: str = ""
    index: int = number_field()
    incident_id: str = ""
    kind: str = ""
    at: datetime | None = time_field()
    actor: str = ""
    agent_type: str = ""
    text: str = ""
    data: dict[str, Any] = dict_field()


class AgentRow(Row, table=True):
    """An agent's last card and last farewells; cards and farewells may be read in any order of each other."""

    __tablename__ = "agents"

    agent_id: str = Field(primary_key=True)
    type: str = ""
    card: dict[str, Any] = dict_field()
    registered_sequence: int = number_field()
    registered_at: datetime | None = time_field()
    farewells: dict[str, Any] = dict_field()
    """The last few, by instance: the late farewell of an old instance says nothing about the new one."""


class CursorRow(Row, table=True):
    """How far one kind of message of one stream was read."""

    __tablename__ = "cursors"

    stream: str = Field(primary_key=True)
    body: str = Field(primary_key=True)
    sequence: int = number_field()
    at: datetime | None = time_field()


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
