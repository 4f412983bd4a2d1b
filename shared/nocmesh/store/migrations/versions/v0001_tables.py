"""People, read models, cursors."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None


def _keys(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(), primary_key=True) for name in names]


def _text(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _number(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _flag(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Boolean(), nullable=False) for name in names]


def _time(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.DateTime(timezone=True), nullable=True) for name in names]


def _json(*names: str) -> list[sa.Column[Any]]:
    kind = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
    return [sa.Column(name, kind, nullable=False) for name in names]


def upgrade() -> None:
    """Forwards."""
    op.create_table(
        "users",
        *_keys("tenant", "name"),
        *_json("roles"),
        *_text("source"),
        *_flag("active"),
        *_time("created_at"),
    )
    op.create_table(
        "personal_tokens",
        *_keys("tenant", "hash"),
        *_text("token_id", "user", "label"),
        *_json("scopes"),
        *_time("created_at", "expires_at", "last_used", "revoked_at"),
    )
    op.create_table(
        "web_sessions",
        *_keys("tenant", "hash"),
        *_text("token_hash", "user"),
        *_time("created_at", "seen_at"),
    )
    op.create_table(
        "alerts",
        *_keys("tenant", "alert_id"),
        sa.Column("episode", sa.BigInteger(), primary_key=True, autoincrement=False),
        *_text("kind", "name", "severity", "device", "source", "summary", "incident_id"),
        *_number("count"),
        *_time("first_at", "last_at"),
        *_json("alert"),
    )
    op.create_table(
        "incidents",
        *_keys("tenant", "incident_id"),
        *_text("state", "title", "severity", "verdict"),
        *_json("devices", "alerts"),
        *_time("opened_at", "updated_at"),
        *_json("report", "proposed", "outcome"),
    )
    op.create_table(
        "timeline",
        *_keys("tenant", "stream"),
        sa.Column("sequence", sa.BigInteger(), primary_key=True, autoincrement=False),
        *_text("incident_id", "kind"),
        *_time("at"),
        *_text("actor", "text"),
        *_json("data"),
    )
    op.create_table(
        "approvals",
        *_keys("tenant", "approval_id"),
        *_text("status", "run_id", "step", "incident_id", "device", "risk"),
        *_number("quorum"),
        *_text("summary", "requested_by"),
        *_time("requested_at", "expires_at", "decided_at"),
        *_text("reason", "change_hash"),
        *_json("change", "votes"),
    )
    op.create_table(
        "runs",
        *_keys("tenant", "run_id"),
        *_text("type", "status"),
        *_number("index"),
        *_text("incident_id", "requester", "correlation_id"),
        *_time("started_at", "updated_at", "finished_at"),
        *_text("error", "failed_step"),
        *_json("parameters", "definition", "steps", "result"),
    )
    op.create_table(
        "sessions",
        *_keys("tenant", "session_id"),
        *_text("status", "agent_type", "agent_id", "incident_id", "task_id", "correlation_id"),
        *_number("entries"),
        *_time("started_at", "updated_at"),
        *_json("result"),
    )
    op.create_table(
        "session_events",
        *_keys("tenant", "stream"),
        sa.Column("sequence", sa.BigInteger(), primary_key=True, autoincrement=False),
        *_text("session_id"),
        *_number("index"),
        *_text("incident_id", "kind"),
        *_time("at"),
        *_text("actor", "agent_type", "text"),
        *_json("data"),
    )
    op.create_table(
        "agents",
        *_keys("tenant", "agent_id"),
        *_text("type"),
        *_json("card"),
        *_number("registered_sequence"),
        *_time("registered_at"),
        *_json("farewells"),
    )
    op.create_table(
        "cursors",
        *_keys("tenant", "stream", "body"),
        *_number("sequence"),
        *_time("at"),
    )
    op.create_index("ix_personal_tokens_token_id", "personal_tokens", ["token_id"])
    op.create_index("ix_timeline_incident", "timeline", ["tenant", "incident_id"])
    op.create_index("ix_approvals_incident", "approvals", ["tenant", "incident_id"])
    op.create_index("ix_sessions_incident", "sessions", ["tenant", "incident_id"])
    op.create_index("ix_session_events_incident", "session_events", ["tenant", "incident_id"])
    op.create_index("ix_session_events_session", "session_events", ["tenant", "session_id"])


def downgrade() -> None:
    """Backwards: everything goes; the read models come back by replay, the people do not."""
    for table in ("cursors", "agents", "session_events", "sessions", "runs", "approvals"):
        op.drop_table(table)
    for table in ("timeline", "incidents", "alerts", "web_sessions", "personal_tokens", "users"):
        op.drop_table(table)
