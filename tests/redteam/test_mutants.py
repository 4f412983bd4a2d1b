"""Each rule of the gate, the guard, the tally and the policy switched off, one by one: an attempt tells the difference.

It goes through then, or is held by another rule that stands behind the first and gives another reason.

The rules are found, not listed: every `if …: return …` (or raise), and every part of an `or`. So whoever adds a rule
without an attempt against it fails here.
"""

import ast
import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from agents.test_approval_count import NOON as COUNT_NOON
from agents.test_approval_count import request
from agents.test_approval_count import vote as ballot
from bridges.gate import test_gate
from bridges.gate.test_gate import BREACHES, NOON, Situation, decided, decision, ground_of, situation, vote
from bridges.ssh.attacks import IOS_SHOWS, LINES, ODD, OTHERS
from msgspec.structs import replace
from redteam.siege import ATTEMPTS

from nocmesh.errors import GuardError, NocmeshError
from nocmesh.messages.approval import Conditions
from nocmesh.messages.order import Order
from nocmesh.policy import policy as policies
from nocmesh_agents.approvals import count, orders
from nocmesh_bridges.gate import gate
from nocmesh_bridges.ssh import guard, rules, shellguard

COUNTED = "_counted"
"""The function, here and there, whose every condition keeps a vote from counting."""
Battery = Callable[[ModuleType, Path], Iterable[str]]
"""What attempts of a kind come to, one text each: the same for the real module, another for one that lacks a rule."""


# --- switching off


class Off(ast.NodeTransformer):
    """Finds the rules of some functions in their order; the ``n``th is switched off."""

    def __init__(self, functions: Sequence[str], n: int = -1) -> None:
        self._functions, self._n = functions, n
        self._inside = ""
        self.found: list[str] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        outer, self._inside = self._inside, node.name
        self.generic_visit(node)
        self._inside = outer
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        self.generic_visit(node)
        if _gives_a_reason(node.body) and self._hit(node.test):
            node.test = ast.Constant(value=False)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.And) and self._inside == COUNTED:
            node.values = [ast.Constant(value=True) if self._hit(each) else each for each in node.values]
        elif isinstance(node.op, ast.Or):
            node.values = [
                ast.Constant(value="") if _is_rule(each) and self._hit(each) else each for each in node.values
            ]
        return node

    def _hit(self, rule: ast.expr) -> bool:
        if self._inside not in self._functions:
            return False
        self.found.append(f"{self._inside}: {ast.unparse(rule)}")
        return len(self.found) - 1 == self._n


def _gives_a_reason(body: Sequence[ast.stmt]) -> bool:
    """Whether it ends there, or a mistake is written down."""
    last = body[-1]
    noted = isinstance(last, ast.Expr) and ast.unparse(last).startswith("found.append(")
    return noted or (len(body) == 1 and isinstance(last, ast.Return | ast.Raise))


def _is_rule(part: ast.expr) -> bool:
    """Whether it is a function of ours that gives a reason."""
    return isinstance(part, ast.Call) and isinstance(part.func, ast.Name)


@dataclass(frozen=True)
class Build:
    """A module, the functions of it that decide, and what is tried on it."""

    module: ModuleType
    functions: tuple[str, ...]
    battery: Battery

    @property
    def tree(self) -> ast.Module:
        assert self.module.__file__
        return ast.parse(Path(self.module.__file__).read_text())

    def rules(self) -> list[str]:
        off = Off(self.functions)
        off.visit(self.tree)
        return off.found

    def without(self, n: int) -> ModuleType:
        tree = ast.fix_missing_locations(Off(self.functions, n).visit(copy.deepcopy(self.tree)))
        made = ModuleType(self.module.__name__)
        made.__file__ = self.module.__file__
        exec(compile(tree, str(self.module.__file__), "exec"), made.__dict__)
        return made


# --- what is tried


def gate_says(module: ModuleType, folder: Path) -> list[str]:
    """`yes` or `no` to each breach, as far as ``module`` is the gate."""
    return [*_breaches(module), *_terms(module), *_rest(module)]


def _asked(module: ModuleType, s: Situation) -> str:
    ground = ground_of(core=s.core, alone=s.alone, asked_at=s.asked_at, orders=s.orders)
    return _yes(lambda: module.refusal(s.command, s.decision, s.speaker, s.now, ground))


def _yes(ask: Callable[[], str]) -> str:
    """A gate that breaks is no gate that lets through."""
    try:
        return "no" if ask() else "yes"
    except (AttributeError, TypeError, AssertionError):
        return "broken"


def _breaches(module: ModuleType) -> Iterator[str]:
    for breach in BREACHES.values():
        yield _asked(module, breach(situation()))


def _terms(module: ModuleType) -> Iterator[str]:
    """Situations in which time, autonomy, conditions and orders decide."""
    waits = situation(found=decision(people=(), quorum=0), asked_at=NOON - timedelta(minutes=5))
    order = Order(kind="autonomy", name="remediation", value="act", person="ada", at=NOON)
    asks = test_gate.change(requested_by="triage")
    freeze = Order(kind="freeze", name="all", value="on", person="ada", at=NOON)
    far = [vote("nina"), vote("omar", conditions=Conditions(devices=["r2"]))]
    stranger = test_gate.change(requested_by="nils")
    yield _asked(module, waits)
    yield _asked(module, Situation(**{**vars(waits), "asked_at": NOON}))
    yield _asked(module, Situation(**{**vars(waits), "asked_at": None}))
    yield _asked(module, Situation(**{**vars(waits), "asked_at": NOON, "orders": (order,)}))
    yield _asked(module, Situation(**{**vars(waits), "orders": (replace(order, value="propose"),)}))
    yield _asked(module, decided(waits, votes=[vote("uma", "reject")]))
    yield _asked(module, situation(asks, decision(asks)))
    yield _asked(module, situation(stranger, decision(stranger, (), quorum=0), asked_at=NOON - timedelta(minutes=5)))
    yield _asked(module, situation(stranger, decision(stranger)))
    yield _asked(module, situation(orders=(freeze,)))
    yield _asked(module, decided(situation(), votes=far))
    yield _asked(module, decided(situation(), position=2))
    critical = test_gate.change(risk="critical")
    yield _asked(module, situation(critical, decision(critical, ("nina", "nina"))))
    yield _asked(module, situation(critical, decision(critical, ("nina",)), orders=(order,)))
    yield _asked(module, situation(critical, decision(critical, ("nina", "omar")), orders=(order,)))


def _rest(module: ModuleType) -> Iterator[str]:
    yield _yes(lambda: module.moved(test_gate.change(), "def"))
    yield _yes(lambda: module.moved(test_gate.change(pre_state=""), ""))
    yield _yes(lambda: module.skewed(NOON, NOON + timedelta(minutes=1)))


def guard_says(module: ModuleType, folder: Path) -> Iterator[str]:
    shows = [("cisco_iosxe", text) for text in IOS_SHOWS + ODD] + [
        (platform, text) for platform, block in OTHERS.items() for text in block.strip("\n").splitlines()
    ]
    lines = [(platform, line) for platform in ("frr", "cisco_iosxe") for line in LINES]
    yield from (_passes(module.check_show, *each) for each in [*SHOWS, *shows])
    yield from (_passes(module.check_line, *each) for each in [*MORE, *lines])


SHOWS = [
    ("cisco_iosxr", "admin reload"),
    ("cisco_iosxr", "admin show | file x"),
    ("cisco_iosxe", "ping 10.0.0.1 repeat 999"),
    ("cisco_iosxe", "show version $(x)"),
    ("cisco_iosxe", "show log | include $x"),
    ("frr", ""),
    ("arista_eos", "show processes top"),
    ("arista_eos", "show logging follow"),
    ("cisco_iosxe", "ping x verbose"),
    ("linux", "vtysh -c 'show version | include x'"),
    ("linux", "cat /proc/net/../kcore"),
    ("linux", "ls"),
    ("linux", "dpkg-query -W -f='${db:Status-Abbrev} ${Package} ${Version}\\n'"),
    ("linux", "vtysh -c 'show version'"),
    ("frr", "show version"),
    ("cisco_iosxe", "ping 10.0.0.1"),
    ("cisco_iosxe", "show"),
    ("linux", "vtysh -C"),
    ("linux", "ip route show;x"),
    ("linux", "vtysh -c 'show version' x"),
    ("nowhere", "show version"),
]
MORE = [
    ("cisco_nxos", "description a > b"),
    ("windows", "description x"),
    ("juniper_junos", "edit system"),
    ("juniper_junos", "deactivate system services ssh"),
    ("juniper_junos", "set system login user x"),
    ("frr", ""),
    ("frr", "x" * 300),
    ("linux", "x" * 500),
    ("frr", "a\nb"),
    ("linux", "reboot"),
    ("frr", "set x"),
    ("frr", "do clear ip bgp 10.0.0.1"),
    ("frr", "exit-address-family"),
    ("frr", "mac x"),
]


def _passes(check: Callable[[str, str], None], platform: str, text: str) -> str:
    try:
        check(platform, text)
    except (GuardError, KeyError, IndexError) as refused:
        return str(getattr(refused, "facts", {}).get("reason", type(refused).__name__))
    return "through"


def shell_says(module: ModuleType, folder: Path) -> list[str]:
    start = "/usr/lib/frr/bgpd -d"
    running = "interface eth0\n address 10.0.0.1/24\n"
    tried = [
        "reboot",
        "ip link set dev eth0 up;x",
        "pkill -x -F /run/../x.pid bgpd",
        "pkill -x -F /run/x.pid bgpd",
        start,
        "ip route del default",
        "nft 'add rule inet f in drop'",
    ]
    said = [_reason(partial(module.no_shell_line, line)) for line in tried]
    said += [_reason(lambda: module.no_shell_line("pkill -x -F /run/../x.pid bgpd", undo=True))]
    said += [module.out_of_place(["ip route del default"], ["pkill -x -F /run/x.pid bgpd"])]
    said += [module.cuts_us_off(running, "10.0.0.1", ["ip link set dev eth0 down"])]
    return said


def _reason(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except AttributeError:
        return "broken"


def tally_says(module: ModuleType, folder: Path) -> list[str]:
    late = COUNT_NOON + timedelta(hours=2)
    asked = request()
    said = [
        module.refusal(asked, votes, done, person, roles, now)[0]
        for votes, done, person, roles, now in (
            ([], False, "nina", [], COUNT_NOON),
            ([], False, "remediation", ["approver"], COUNT_NOON),
            ([], True, "nina", ["approver"], COUNT_NOON),
            ([], False, "nina", ["approver"], late),
            ([ballot("nina")], False, "nina", ["approver"], COUNT_NOON),
        )
    ]
    said += [module.refusal(request(change_hash="other"), [], False, "nina", ["approver"], COUNT_NOON)[0]]
    votes = [[], [ballot("nina")], [ballot("nina"), ballot("nina")], [ballot("nina"), ballot("omar")]]
    votes += [[ballot("nina", "reject")], [ballot("nina"), ballot("remediation")]]
    votes += [[ballot("nina"), ballot("omar", change_hash="other")], [ballot("nina"), ballot("omar", minute=60)]]
    for now in (COUNT_NOON, late):
        for waits in ({}, {"quorum": 0, "delay_seconds": 60.0}, {"quorum": 0}):
            said += [str(module.tally(request(**waits), cast, now)) for cast in votes]
    return said


def policy_says(module: ModuleType, folder: Path) -> list[str]:
    said = []
    for n, tried in enumerate(ATTEMPTS["policies"]):
        path = folder / f"{n}.yaml"
        path.write_text(f"version: 1\n{tried['text']}\n")
        try:
            module.policy_of(path)
            said.append("through")
        except NocmeshError:
            said.append("refused")
    return said


def orders_say(module: ModuleType, folder: Path) -> list[str]:
    frozen = Order(kind="freeze", name="all", value="on", person="ada", at=COUNT_NOON)
    soon = replace(frozen, until=COUNT_NOON + timedelta(seconds=1))
    long = replace(frozen, until=COUNT_NOON + timedelta(hours=1))
    wishes: list[Mapping[str, Any]] = [
        {"kind": "freeze", "name": "all", "value": "on", "until": "2020-01-01T00:00:00Z"},
        {"kind": "autonomy", "name": "bgp", "value": "act"},
        {"kind": "autonomy", "name": "bgp", "value": "root"},
    ]
    swaps = (
        (replace(frozen, value=""), None),
        (soon, frozen),
        (soon, None),
        (frozen, frozen),
        (soon, long),
        (long, soon),
    )
    tries = [partial(module.order_of, wish, "ada", COUNT_NOON, policies.built_in()) for wish in wishes]
    tries += [partial(module.must_be_allowed, order, ["operator"], before) for order, before in swaps]
    return [_told(each) for each in tries]


def _told(ask: Callable[[], Any]) -> str:
    try:
        ask()
    except (NocmeshError, ValueError) as refused:
        return type(refused).__name__
    except (AttributeError, TypeError):
        return "broken"
    return "through"


SAME = ("_counted: vote.decision == 'approve'",)
"""Of the gate, which looks for a no before it counts: whoever takes that away finds this one standing."""
BUILDS = {
    "gate": Build(
        gate,
        (
            "refusal",
            "_other",
            "late",
            "_out_of_bounds",
            "_votes",
            "_unasked",
            "_conditions",
            "frozen",
            "moved",
            "skewed",
            "_for_whom",
            "_level",
            COUNTED,
        ),
        gate_says,
    ),
    "guard": Build(
        guard,
        (
            "check_show",
            "check_line",
            "_unclean",
            "_no_show",
            "_no_reading",
            "_dangerous_show",
            "_no_probe",
            "_no_filter",
            "_no_linux",
            "_no_vtysh",
            "_no_line",
        ),
        guard_says,
    ),
    "shellguard": Build(shellguard, ("no_shell_line", "out_of_place", "cuts_us_off"), shell_says),
    "tally": Build(count, ("refusal", "tally", COUNTED), tally_says),
    "policy": Build(policies, ("_laxer", "_freer"), policy_says),
    "orders": Build(orders, ("order_of", "_check_level", "must_be_allowed", "ends_earlier"), orders_say),
}
ALL = [(name, n, rule) for name, build in BUILDS.items() for n, rule in enumerate(build.rules())]


@pytest.mark.parametrize("name", list(BUILDS))
def test_an_attempt_tells_of_each_rule_that_is_off(name: str, tmp_path: Path) -> None:
    build = BUILDS[name]
    whole = list(build.battery(build.module, tmp_path))
    alive = []
    for n, rule in enumerate(build.rules()):
        said = zip(build.battery(build.without(n), tmp_path), whole, strict=True)
        if all(mutant == sound for mutant, sound in said):
            alive.append(rule)
    assert [rule for rule in alive if rule not in SAME] == []


def test_no_row_of_the_guards_tables_is_idle(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without its row what it forbids goes through, or is only a shorter word for what another row forbids."""
    idle = []
    for pattern, _ in rules.DANGEROUS_LINES:
        rest = tuple(row for row in rules.DANGEROUS_LINES if row[0] != pattern)
        monkeypatch.setattr(guard, "DANGEROUS_LINES", rest)
        covered = any(guard._means(list(pattern), other) for other, _ in rest)
        if not covered and _passes(guard.check_line, "frr", " ".join([*pattern, "x"])) != "through":
            idle.append(pattern)
    assert idle == []


def test_there_are_many_rules() -> None:
    assert len(ALL) >= 70
