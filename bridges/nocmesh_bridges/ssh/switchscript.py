"""What takes a change back on the device itself: the script, and what is typed to place it. Pure.

The script is always the same text. What was approved is data beside it, a file of lines, and becomes no part of it. One
folder holds everything; confirming and going back both begin by renaming `armed` in it, and only one of them can
(rename(2)).
"""

import base64
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from nocmesh.diagnosis.shellparts import counted
from nocmesh.errors import DeviceError, InvalidInputError

CHUNK = 240
"""Bytes that one typed line carries; in base64 they are a third more, and fit on one line of our terminal."""
ROUTING = "zebra,bgpd,ospfd,isisd,staticd,mgmtd"
VTYSH = ("vtysh", "-H", "/dev/null")
"""It keeps a history of what is typed, secrets too, unless it is told where not to."""
PATH_SPACE = f"ps -ww -C {ROUTING} -o args"
"""How FRR's daemons run: vtysh must be told the same path space (FRR user guide, "VTY shell")."""

SCRIPT = r"""# Takes a change back unless it is confirmed in time: FOLDER SECONDS [PROGRAM...]
# Without a program each line is a command; else all of them are typed into it, in configuration mode.
cd "$1" || exit 1
echo $$ > pid
seconds=$2
shift 2
now() { read -r up rest < /proc/uptime && echo "${up%.*}"; }
held() {
  [ -n "$1" ] || { echo 0; return; }
  nft list chain $1 < /dev/null | sed 's/ packets [0-9]* bytes [0-9]*//;s/^[[:space:]]*//' | grep -cxF -e "$2"
}
if [ $# -gt 0 ]; then
  "$@" -c 'show version' < /dev/null || { mkdir failed; exit 1; }
else
  while IFS= read -r chain && IFS= read -r rule && IFS= read -r line; do held "$chain" "$rule"; done < lines > held
fi
end=$(($(now) + seconds)) || { mkdir failed; exit 1; }
echo "$end" > end
mkdir armed
until [ ! -d armed ] || [ "$(now)" -ge "$end" ]; do sleep 1; done
mv armed fired || { rm -f lines; exit 0; }
if [ $# -gt 0 ]; then
  { echo 'configure terminal'; cat lines; echo end; } | "$@"
  echo "0 $?" >> log
else
  n=0
  exec 3< held
  while IFS= read -r chain && IFS= read -r rule && IFS= read -r line; do
    n=$((n + 1))
    read -r before <&3
    [ "$before" -gt 0 ] && [ "$(held "$chain" "$rule")" -ge "$before" ] && continue
    sh -c "$line" < /dev/null 3<&-
    echo "$n $?" >> log
  done < lines
fi
rm -f lines
mv fired done
"""
"""`held`: a rule that is still there, because the change came only half its way, must not be put back a second time.

Time is the kernel's own (`/proc/uptime`), which nobody sets.
"""

_ID = re.compile(r"[0-9a-f]{8,64}")
_SPACE = re.compile(r" -N (?P<space>[\w.\-]{1,64})(?: |$)", re.MULTILINE)
_NFT = re.compile(r"nft '(?:add|insert) rule (?P<chain>\w+ [\w.\-]+ [\w.\-]+)(?: index \d+)? (?P<rule>.+)'")
_STATE = re.compile(r"(?P<word>arming|armed|kept|fired|done|failed|gone) (?P<left>-?[0-9]{1,12})")


@dataclass(frozen=True, slots=True)
class SwitchState:
    """What a switch says of itself."""

    word: str
    """`arming`, `armed`; `kept`: confirmed; `fired`: it types; `done`: it has typed; `failed`: it could not be armed;
    `gone`: there is none."""
    left: int
    """Seconds until it fires, while it is armed."""

    @property
    def went_back(self) -> bool:
        """Whether it has taken the change back, or is about it."""
        return self.word in ("fired", "done")


def folder(switch_id: str) -> str:
    """Where a switch lies on its device. Raises InvalidInputError for what is none of our ids."""
    if not _ID.fullmatch(switch_id):
        raise InvalidInputError(f"{switch_id[:80]!r} is no id of a switch: expected 8 to 64 hex digits", field="switch")
    return f"/tmp/nocmesh-{switch_id}"  # noqa: S108 - made anew by mkdir, for its owner alone, under a name of chance


def placing(switch_id: str, rollback: Sequence[str], *, router: bool) -> list[str]:
    """The lines that put script and ``rollback`` into the switch's own folder.

    Nothing of them is left in the shell's history. Raises InvalidInputError for a rollback that is not whole lines.
    """
    where = folder(switch_id)
    data = _data(rollback, router=router)
    return [
        f"unset HISTFILE; umask 077; mkdir {where}",
        *_written(SCRIPT, f"{where}/switch"),
        *_written(data, f"{where}/lines"),
    ]


def launching(switch_id: str, seconds: int, program: Sequence[str]) -> str:
    """The line that starts the switch, so that it outlives the session."""
    where = folder(switch_id)
    start = shlex.join(["setsid", "sh", f"{where}/switch", where, str(int(seconds)), *program])
    return f"(trap '' HUP; {start} < /dev/null > /dev/null 2>&1 &)"


def looking(switch_id: str) -> str:
    """The line that asks for the switch's state; see ``state_of``."""
    where = folder(switch_id)
    words = f"for w in armed kept fired done failed; do [ -e {where}/$w ] && s=$w; done"
    left = f"$(($(cat {where}/end 2>/dev/null || echo 0) - ${{n%.*}}))"
    there = f"s=arming; {words}; read -r n m < /proc/uptime; echo $s {left}"
    return f"if [ -d {where} ]; then {there}; else echo gone 0; fi"


def keeping(switch_id: str) -> str:
    """The line that confirms: the switch does nothing more, if it had not begun."""
    where = folder(switch_id)
    return f"mv {where}/armed {where}/kept 2>/dev/null"


def removing(switch_id: str) -> str:
    """The line that takes everything of a switch away that does nothing more; if it still sleeps, it ends."""
    where = folder(switch_id)
    end = f"p=$(cat {where}/pid 2>/dev/null) && grep -qs {where} /proc/$p/cmdline && kill -- -$p 2>/dev/null"
    return f"{end}; rm -rf {where}"


def telling(switch_id: str) -> str:
    """The line that reads what the switch has typed; see ``typed_of``."""
    return f"cat {folder(switch_id)}/log 2>/dev/null || :"


def state_of(answer: str) -> SwitchState:
    """What ``looking`` was answered. Raises DeviceError for anything else."""
    found = _STATE.fullmatch(answer.strip())
    if not found:
        raise DeviceError(f"the switch on the device tells nothing that we understand: {answer[:80]!r}")
    return SwitchState(found["word"], int(found["left"]))


def typed_of(answer: str, rollback: Sequence[str]) -> list[dict[str, str]]:
    """What ``telling`` was answered, as lines of a transcript; lines of ``rollback`` as they may be told."""
    statuses = dict(row.split(" ", 1) for row in answer.splitlines() if re.fullmatch(r"\d{1,4} \d{1,3}", row))
    said = "typed by the device itself"
    if "0" in statuses:
        return [{"line": line, "answer": said} for line in rollback]
    return [
        {"line": line, "answer": said if status == "0" else f"{said}; exit status {status}"}
        for number, line in enumerate(rollback, 1)
        if (status := statuses.get(str(number)))
    ]


def vtysh_of(processes: str) -> tuple[str, ...]:
    """How vtysh reaches the daemons of ``processes``, the answer to PATH_SPACE; empty: they are of several routers."""
    spaces = {found["space"] for found in _SPACE.finditer(processes.replace("\r", ""))}
    if len(spaces) > 1:
        return ()
    return (*VTYSH, *(part for space in spaces for part in ("-N", space)))


def _data(rollback: Sequence[str], *, router: bool) -> str:
    for line in rollback:
        if not line.isprintable() or not line.isascii():
            raise InvalidInputError(f"{line[:80]!r} is not one line of printable ASCII", field="rollback")
    rows = rollback if router else [row for line in rollback for row in (*_rule_of(line), line)]
    return "".join(f"{row}\n" for row in rows)


def _rule_of(line: str) -> tuple[str, str]:
    """The chain and the rule that a line of nftables puts back; two empty texts for all else."""
    found = _NFT.fullmatch(line)
    return (found["chain"], counted(found["rule"])) if found else ("", "")


def _written(text: str, path: str) -> list[str]:
    data = text.encode()
    pieces = [data[at : at + CHUNK] for at in range(0, len(data), CHUNK)] or [b""]
    return [f"printf %s {base64.b64encode(piece).decode()} | base64 -d >> {path}" for piece in pieces]
