"""The FRRouting-like command line: vtysh's commands, and its answers to what it does not know."""

from collections.abc import Callable

from nocmesh.proving.simulated import frr_json, frr_json_routes, frr_text
from nocmesh.proving.simulated.grammar import Mismatch, Rule
from nocmesh.proving.simulated.shell import Command, Dialect, Shell
from nocmesh.proving.simulated.view import View

SAVED = (
    "Note: this version of vtysh never writes vtysh.conf\n"
    "Building Configuration...\n"
    "Integrated configuration saved to /etc/frr/frr.conf\n[OK]\n"
)
COMPLAINTS = {"unknown": "Unknown command", "ambiguous": "Ambiguous command", "incomplete": "Command incomplete"}


def _complaint(_: Shell, line: str, mismatch: Mismatch) -> str:
    return f"% {COMPLAINTS[mismatch.problem]}: {line.strip()}\n"


def shows(render: Callable[..., str]) -> Command:
    """A show command made of a function of the view."""
    return lambda shell, *words: render(shell.view, *words)


def asks_bgpd(render: Callable[..., str]) -> Command:
    """A show command that bgpd answers; vtysh says so when it cannot reach it."""

    def command(shell: Shell, *words: str) -> str:
        running = shell.view.node.running_daemon("bgpd")
        return render(shell.view, *words) if running else "bgpd is not running\n"

    return command


def _absent(daemon: str) -> Command:
    """A command that only ``daemon`` answers, which is not here: vtysh knows it, and says whom it cannot reach."""
    return lambda _shell, *_words: f"{daemon} is not running\n"


def save(shell: Shell) -> str:
    """`write`."""
    shell.view.node.save()
    return SAVED


def clear(shell: Shell, neighbor: str = "") -> str:
    """`clear bgp A`, `clear bgp *`."""
    if not shell.view.node.running_daemon("bgpd"):
        return "bgpd is not running\n"
    found = shell.live.clear(shell.device, neighbor)
    return "" if found else f'% BGP: Unknown neighbor - "{neighbor}"\n'


def refresh(shell: Shell, neighbor: str, *_: str) -> str:
    """`clear ip bgp A soft`: policies apply at once here, so nothing is left to do."""
    if not shell.view.node.running_daemon("bgpd"):
        return "bgpd is not running\n"
    bgp = shell.view.node.running.bgp
    return "" if bgp is not None and neighbor in bgp.neighbors else f'% BGP: Unknown neighbor - "{neighbor}"\n'


def _start(shell: Shell) -> str:
    return shell.start_config()


def _wrapped(view: View) -> str:
    return frr_json.bgp_summary(view, wrapped=True)


def _bare(view: View) -> str:
    return frr_json.bgp_summary(view, wrapped=False)


def _untitled(view: View) -> str:
    return frr_text.bgp_summary(view, titled=False)


def _table(view: View, prefix: str) -> str:
    return frr_json.bgp_table(view, prefix=prefix)


def _bgp_rules(words: str) -> list[Rule[Command]]:
    """`show bgp …` and `show ip bgp …` say the same."""
    return [
        Rule(f"{words} summary", asks_bgpd(frr_text.bgp_summary)),
        Rule(f"{words} summary json", asks_bgpd(_wrapped)),
        Rule(f"{words} neighbors", asks_bgpd(frr_text.bgp_neighbors)),
        Rule(f"{words} neighbors json", asks_bgpd(frr_json.bgp_neighbors)),
        Rule(f"{words} neighbors {{ip}}", asks_bgpd(frr_text.bgp_neighbors)),
        Rule(f"{words} neighbors {{ip}} json", asks_bgpd(frr_json.bgp_neighbors)),
    ]


RULES: tuple[Rule[Command], ...] = (
    Rule("show version", shows(frr_text.version)),
    Rule("show daemons", shows(frr_text.daemons)),
    Rule("show running-config", shows(frr_text.running_config)),
    Rule("write terminal", shows(frr_text.running_config)),
    Rule("show interface", shows(frr_text.interfaces)),
    Rule("show interface json", shows(frr_json_routes.interfaces)),
    Rule("show interface brief", shows(frr_text.interface_brief)),
    Rule("show interface {word}", shows(frr_text.interfaces)),
    Rule("show interface {word} json", shows(frr_json_routes.interfaces)),
    Rule("show ip route", shows(frr_text.ip_route)),
    Rule("show ip route json", shows(frr_json_routes.ip_route)),
    *_bgp_rules("show bgp"),
    *_bgp_rules("show ip bgp"),
    Rule("show bgp ipv4 unicast summary", asks_bgpd(_untitled)),
    Rule("show bgp ipv4 unicast summary json", asks_bgpd(_bare)),
    *(
        rule
        for words in ("show bgp ipv4 unicast", "show bgp ipv4", "show ip bgp")
        for rule in (Rule(words, asks_bgpd(frr_text.bgp_table)), Rule(f"{words} json", asks_bgpd(frr_json.bgp_table)))
    ),
    Rule("show bgp ipv4 unicast neighbors json", asks_bgpd(frr_json.bgp_neighbors)),
    Rule("show bgp ipv4 unicast {prefix} json", asks_bgpd(_table)),
    Rule("show ip ospf [rest]", _absent("ospfd")),
    Rule("show isis [rest]", _absent("isisd")),
    Rule("show logging", shows(frr_text.logging)),
    Rule("clear bgp *", clear),
    Rule("clear bgp {ip}", clear),
    Rule("clear ip bgp *", clear),
    Rule("clear ip bgp {ip}", clear),
    Rule("clear ip bgp {ip} soft [rest]", refresh),
    Rule("configure terminal", _start),
    Rule("configure", _start),
    Rule("write", save),
    Rule("write memory", save),
    Rule("write file", save),
    Rule("copy running-config startup-config", save),
    Rule("terminal length {int}", Shell.set_length),
    Rule("no terminal length", Shell.set_length),
    Rule("enable", Shell.enable),
    Rule("exit", Shell.leave),
    Rule("quit", Shell.leave),
    Rule("end", lambda _: ""),
)

DIALECT = Dialect(name="frr", exec_rules=RULES, user_rules=RULES, complaint=_complaint, heads_config="", enables=False)
