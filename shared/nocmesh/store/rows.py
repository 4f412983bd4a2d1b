"""What every row is made of, the same on SQLite and PostgreSQL."""

from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel
from sqlmodel.sql.sqltypes import UTCDateTime

DEFAULT_TENANT = "default"
METADATA = MetaData()

_JSON: Any = JSON().with_variant(JSONB(), "postgresql")
_BIG: Any = BigInteger()
_TIME: Any = UTCDateTime()


def time_field() -> Any:
    """A moment, or None."""
    return Field(default=None, sa_type=_TIME, nullable=True)


def dict_field() -> Any:
    """JSON: an object."""
    return Field(default_factory=dict, sa_type=_JSON)


def list_field() -> Any:
    """JSON: a list."""
    return Field(default_factory=list, sa_type=_JSON)


def number_field() -> Any:
    """64 bits."""
    return Field(default=0, sa_type=_BIG)


def key_number_field() -> Any:
    """64 bits, part of the key."""
    return Field(primary_key=True, sa_type=_BIG, sa_column_kwargs={"autoincrement": False})


class Row(SQLModel):
    """What every row has."""

    metadata: ClassVar[MetaData] = METADATA

    tenant: str = Field(default=DEFAULT_TENANT, primary_key=True)

    def values(self) -> dict[str, Any]:
        """Every column by name; what it holds is shared, so never changed in place."""
        return {name: getattr(self, name) for name in type(self).model_fields}
