"""One value as SNMP has it (RFC 2578 §7.1, RFC 3416 §3), and how it is written down. Pure."""

from typing import Final, NamedTuple

INTEGER, STRING, OID, NULL = "INTEGER", "STRING", "OID", "NULL"
IP_ADDRESS, COUNTER32, GAUGE32, TIMETICKS, OPAQUE, COUNTER64 = (
    "IpAddress",
    "Counter32",
    "Gauge32",
    "Timeticks",
    "Opaque",
    "Counter64",
)
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB = "noSuchObject", "noSuchInstance", "endOfMibView"
ABSENT: Final = frozenset({NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB, NULL})
"""What stands where there is no value."""
NUMBERS: Final = frozenset({INTEGER, COUNTER32, GAUGE32, TIMETICKS, COUNTER64})
BYTES: Final = frozenset({STRING, IP_ADDRESS, OPAQUE})


class Value(NamedTuple):
    """A value with its kind: a number, bytes, or the dotted text of an OID; None where there is no value."""

    kind: str
    raw: int | bytes | str | None

    @property
    def number(self) -> int | None:
        """The number, where it is one."""
        return self.raw if isinstance(self.raw, int) else None

    @property
    def words(self) -> str:
        """What it says: text where the bytes are text, else bytes in hexadecimal; an address dotted."""
        if not isinstance(self.raw, bytes):
            return "" if self.raw is None else str(self.raw)
        if self.kind == IP_ADDRESS and len(self.raw) == 4:
            return ".".join(str(each) for each in self.raw)
        return text_of(self.raw) if self.kind == STRING and is_text(self.raw) else hexadecimal(self.raw)


class VarBind(NamedTuple):
    """An object's instance with its value."""

    oid: str
    value: Value

    @property
    def line(self) -> str:
        """As it stands in a recorded output: `1.3.6.1.2.1.1.5.0 = STRING: r1`, the form of `snmpwalk -On`."""
        kind = self.value.kind
        if kind in ABSENT:
            return f"{self.oid} = {kind}"
        raw = self.value.raw
        shown = "Hex-STRING" if kind == STRING and isinstance(raw, bytes) and not is_text(raw) else kind
        return f"{self.oid} = {shown}: {self.value.words}"


def is_text(raw: bytes) -> bool:
    """Whether these are printable characters (UTF-8, RFC 2579 DisplayString and SnmpAdminString)."""
    try:
        text = raw.decode("utf-8").rstrip("\x00")  # some agents end a text as C does
    except UnicodeDecodeError:
        return False
    return bool(text or not raw) and all(each.isprintable() or each in "\r\n\t" for each in text)


def text_of(raw: bytes) -> str:
    """Text on one line: a line break would let a value forge the next line of an output."""
    return " ".join(raw.decode("utf-8", "replace").rstrip("\x00").split())


def hexadecimal(raw: bytes) -> str:
    """`52 54 00`."""
    return raw.hex(" ")
