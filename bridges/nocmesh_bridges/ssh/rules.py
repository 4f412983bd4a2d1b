"""The guard's tables: what reads, what filters, what is refused and why. Data only."""

import re
from dataclasses import dataclass


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_IOS_FILTERS = _words("include exclude begin section count inc incl includ exc excl exclud beg sec sect i ex b")
_XR_FILTERS = _words("include exclude begin section inc exc beg")

FILTERS: dict[str, frozenset[str]] = {
    "cisco_ios": _IOS_FILTERS,
    "cisco_iosxe": _IOS_FILTERS,
    "cisco_nxos": _words("include exclude begin section count json json-pretty xml no-more inc exc beg"),
    "cisco_iosxr": _XR_FILTERS,
    "cisco_xr": _XR_FILTERS,
    "arista_eos": _words("include exclude begin section json no-more inc exc beg nz"),
    "frr": _words("include"),
    "juniper_junos": _words("match except find count last trim no-more display"),
}
"""What may follow a pipe. Short forms stand here only where no writing filter begins likewise (NX-OS has `sed`)."""

_SHOW = _words("show sho sh")
SHOW_VERBS: dict[str, frozenset[str]] = {
    "cisco_ios": _SHOW,
    "cisco_iosxe": _SHOW,
    "cisco_nxos": _SHOW,
    "cisco_iosxr": _SHOW | {"admin show"},
    "cisco_xr": _SHOW | {"admin show"},
    "arista_eos": _SHOW,
    "frr": _SHOW,
    "juniper_junos": frozenset({"show"}),
}

_SECRETS = "it prints secrets"
_LONG = "it prints everything, secrets included, for minutes"
DANGEROUS_SHOWS: tuple[tuple[tuple[str, ...], str], ...] = (
    (("tech-support",), _LONG),
    (("tech",), _LONG),
    (("private-config",), _SECRETS),
    (("key", "chain"), _SECRETS),
    (("snmp", "community"), _SECRETS),
    (("crypto", "isakmp", "key"), _SECRETS),
    (("crypto", "isakmp", "policy", "keys"), _SECRETS),
    (("crypto", "ikev2", "keyring"), _SECRETS),
    (("crypto", "pki", "export"), _SECRETS),
    (("crypto", "key", "export"), _SECRETS),
    (("crypto", "key", "pair"), _SECRETS),
    (("wireless", "keys"), _SECRETS),
    (("security", "keys"), _SECRETS),
    (("macsec", "keys"), _SECRETS),
    (("vault",), _SECRETS),
    (("file",), "it prints a file, whatever is in it"),
    (("accounting", "log"), "it prints what others typed, secrets included"),
    (("cli", "history"), "it prints what others typed, secrets included"),
    (("configuration", "failed"), "it prints what others typed, secrets included"),
    (("aaa", "keys"), _SECRETS),
    (("redirect",), "it writes"),
    (("append",), "it writes"),
    (("tee",), "it writes"),
)
"""Each reason holds for the words and every abbreviation of them."""

_LEAVES = "it leaves the configuration mode, or runs a command outside it"
_RUNS = "it is no configuration: it runs something on the device"
_PROGRAM = "it makes the device run programs by itself"
_ACCESS = "it changes who may log in to the device, or how"
_TRACES = "it hides what is done on the device, or sends it elsewhere"
_STARTS = "it changes how the device starts, or what software it runs"


def _each(reason: str, *texts: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    return tuple((tuple(text.split()), reason) for text in texts)


DANGEROUS_LINES = (
    *_each(_LEAVES, "do", "end", "exit", "quit", "abort", "top", "up", "logout", "disable", "disconnect", "commit"),
    *_each(_LEAVES, "rollback", "root", "return", "configure"),
    *_each(_RUNS, "show", "reload", "reboot", "copy", "write", "erase", "delete", "format", "clear", "debug"),
    *_each(_RUNS, "more", "dir", "mkdir", "rmdir", "rename", "move", "tail", "cd", "pwd", "send", "ssh", "telnet"),
    *_each(_RUNS, "request", "start", "run", "bash", "shell", "python", "python3", "tclsh", "guestshell", "attach"),
    *_each(_RUNS, "install", "test", "verify", "source", "terminal", "setup", "restart", "switchover", "zerotouch"),
    *_each(_RUNS, "ping", "traceroute", "run-script", "upgrade", "squeeze", "sleep", "load", "save", "archive"),
    *_each(_RUNS, "checkpoint", "cli", "watch", "tcpdump", "who", "where", "lock", "resume", "connect", "file"),
    *_each(_RUNS, "undebug", "menu", "slot", "vsh", "switchto", "poap", "tar", "mgmt", "telnet6", "ssh6", "ping6"),
    *_each(_RUNS, "admin", "sam", "process", "sysadmin"),
    *_each(_RUNS, "traceroute6", "mtrace", "rlogin", "wsma", "cns", "cwmp", "call-home", "appmgr", "tpa"),
    *_each(_PROGRAM, "event", "event-handler", "event-options", "kron", "scripting", "script", "daemon", "schedule"),
    *_each(_PROGRAM, "scheduler", "macro", "iox", "app-hosting", "virtual-service", "feature bash-shell"),
    *_each(_PROGRAM, "feature guestshell", "feature scheduler", "feature nxapi", "feature telnet", "ip sla schedule"),
    *_each(_ACCESS, "banner", "alias", "username", "user", "aaa", "enable", "password", "privilege", "line", "parser"),
    *_each(_ACCESS, "snmp-server", "snmp", "agentx", "tacacs-server", "tacacs", "radius-server", "radius", "role"),
    *_each(_ACCESS, "ip ssh", "ip http", "ip scp", "ip tftp", "ip ftp", "ip rcmd", "ip telnet", "ip finger"),
    *_each(_ACCESS, "ip tacacs", "ip radius", "crypto", "pki", "key config-key", "login", "service", "security"),
    *_each(_ACCESS, "management", "restconf", "netconf", "netconf-yang", "gnxi", "grpc", "nxapi", "xml", "http"),
    *_each(_ACCESS, "transport input", "transport output", "access-class", "system", "groups", "apply-groups"),
    *_each(_ACCESS, "tftp-server", "ftp-server", "identity", "secret", "local-user", "control-plane", "vty"),
    *_each(_ACCESS, "vty-pool", "feature ssh", "feature scp-server", "feature sftp-server"),
    *_each(_ACCESS, "feature tacacs+", "feature grpc", "feature netconf", "feature restconf", "feature ldap"),
    *_each(_ACCESS, "root-authentication", "logical-systems", "tenants", "taskgroup", "usergroup", "services"),
    *_each(_TRACES, "logging", "log", "monitor", "flow", "sampler", "ip flow-export", "forwarding-options"),
    *_each(_TRACES, "telemetry", "sflow", "syslog"),
    *_each(_STARTS, "boot", "config-register", "hostname", "switchname", "license", "redundancy", "hw-module"),
    *_each(_STARTS, "vdc", "diagnostic", "frr", "prompt"),
)
"""Abbreviations are refused likewise: `ban` is `banner`, `us` is `username`."""

_NEIGHBOR = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]*:[0-9a-f:.]+)"
_CLEAR_BGP = rf"do clear ip bgp {_NEIGHBOR}(?: soft(?: in| out)?)?"
OPERATIONAL: dict[str, tuple[re.Pattern[str], ...]] = {
    "frr": (re.compile(_CLEAR_BGP), re.compile(r"do clear ip ospf process")),
    "cisco_iosxe": (re.compile(_CLEAR_BGP),),
}
"""What is no configuration and may yet stand in a change: it makes the lines before it take effect. Letter for letter;
IOS asks back before it clears OSPF, so that is not here."""

HARMLESS_LINES = frozenset({"set", "mac", "net", "host", "exit-address-family", "exit-vrf", "exit-peer-policy"})
"""Whole words that only look like the beginning of a refused one (`setup`, `macro`, `netconf`, `hostname`, `exit`)."""

_NAME = r"[\w.@:][\w.@:\-]*"
"""None that begins with `-`: a program takes that for an option (`systemctl status -Hroot@host` asks another host)."""
_PREFIX = r"[\w.:/][\w.:/\-]*"
LINUX: tuple[re.Pattern[str], ...] = tuple(
    re.compile(shape)
    for shape in (
        r"ip(?: -(?:j|json|d|s|4|6|br|p|n " + _NAME + r"))*"
        r" (?:addr|address|a|link|l|route|r|ro|neigh|neighbor|n|rule|nexthop|maddress|vrf|mroute)"
        r"(?: (?:show|list|ls)(?: (?:dev|table|vrf|proto|type|via|scope|master|up|root|match|exact|src|to|"
        + _PREFIX
        + r"))*"
        r"| get " + _PREFIX + r"(?: (?:from|iif|oif|vrf|to) " + _PREFIX + r")*)?",
        r"ip netns(?: list)?",
        r"bridge(?: -(?:j|d|s|p))* (?:link|fdb|vlan|mdb)(?: show(?: (?:br|dev|vlan) " + _NAME + r")*)?",
        r"nft(?: -(?:j|a|n|s))* list (?:ruleset|tables|chains|sets|(?:table|chain|set)(?: " + _NAME + r"){1,4})",
        r"tc(?: -(?:j|s|d))* (?:qdisc|class|filter) show(?: dev " + _NAME + r")?",
        r"ss(?: -[tulnpaHsioemx46]+)*(?: state [a-z\-]+)?",
        r"sysctl(?: -n)? net\.[\w.\-/]+",
        r"cat(?: (?:/proc/(?:net|sys/net)/[\w./\-]+|/proc/(?:uptime|loadavg|meminfo|cpuinfo|version|stat)"
        r"|/etc/os-release|/proc/sys/kernel/hostname|/etc/hostname|/sys/class/net/[\w./\-]+)){1,10}",
        r"uptime|uname(?: -[asnrvm]+)?|hostname|lscpu|nproc|free(?: -[bkmgh])?|df(?: -[hTi]+)?|lsmod",
        r"date(?: --iso-8601=seconds)?",
        r"ps -ww -C [a-z0-9,]{1,200} -o pid,ppid,args",
        r"ps (?:aux|-ef|-e|-eo (?:(?:pid|ppid|user|netns|stat|pcpu|pmem|rss|etimes|comm)(?:,|$))+)",
        r"systemctl(?: --no-pager)? (?:status|is-active|is-enabled|is-failed) " + _NAME + r"(?: --no-pager)?",
        r"journalctl --no-pager(?: -u " + _NAME + r")? -n [1-9]\d{0,3}(?: -o json --output-fields=[A-Z_,]+)?",
        r"tail -n [1-9]\d{0,2} (?:/var/log/frr|(?:/var)?/run/frr(?:/[\w\-]+)?)/[\w\-]+\.log",
        r"(?:ping|ping6) -c [1-9]\d?(?: -(?:W|w|I|s|i) [\w.:\-]+){0,4} [\w.:]" + r"[\w.:\-]*",
        r"traceroute(?: -(?:n|4|6|m \d{1,2}|w \d|q \d))* [\w.:][\w.:\-]*",
        r"lldpcli(?: -f json)? show (?:neighbors|interfaces|statistics|chassis)(?: details)?",
        r"ethtool(?: -[Skiagmcl])? " + _NAME,
    )
)
"""Whole commands: a shell reads with so many that only shapes that were thought about are let through."""

LITERAL = frozenset({r"dpkg-query -W -f='${db:Status-Abbrev} ${Package} ${Version}\n'"})
"""Letter for letter: they hold characters that mean something to a shell, here harmlessly within single quotes."""

_DEV = r"[A-Za-z0-9_][A-Za-z0-9_.:\-]{0,14}"
"""A name of the kernel's: at most fifteen characters (IFNAMSIZ), and none of our options."""
_ADDRESS = r"[0-9A-Fa-f.:]{2,39}"
_LENGTH = r"/\d{1,3}"
_TO = rf"(?:default|{_ADDRESS}(?:{_LENGTH})?)"
_METRIC = r"(?: metric \d{1,10})?"
_MAC = r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}"
_WORD = r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,63}"
_TABLE = rf"(?:ip|ip6|inet|arp|bridge|netdev) {_WORD}"
_CHAIN = rf"{_TABLE} {_WORD}"
_FILE = r"/[A-Za-z0-9_./\-]{1,150}"
_DAEMON = "zebra|staticd|bgpd|ospfd|ospf6d|isisd|ripd|pimd|ldpd|bfdd|vrrpd"
_SERVICE = f"{_DAEMON}|snmpd|lldpd|chronyd|ntpd|rsyslogd|dnsmasq|keepalived|nginx"
"""Not sshd: what ends our own way in is nothing that we start or stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellLine:
    """A shape of commands that change a Linux system: whole lines, nothing in them that a shell interprets."""

    shape: re.Pattern[str]
    undo: bool = False
    """In a rollback only."""
    known: bool = False
    """Only as the device itself ran it when all was well."""
    may_fail: bool = False
    """It tells the neighbours something: whether one answers proves nothing."""


def _shaped(*shapes: str, **more: bool) -> tuple[ShellLine, ...]:
    return tuple(ShellLine(shape=re.compile(shape), **more) for shape in shapes)


SHELL_LINES: tuple[ShellLine, ...] = (
    *_shaped(
        rf"ip link set dev {_DEV} (?:up|down|mtu \d{{2,5}}|address {_MAC})",
        rf"ip neigh flush dev {_DEV}",
    ),
    *_shaped(rf"ping -c 1 -W 1 {_ADDRESS}", may_fail=True),
    *_shaped(
        rf"ip link set dev {_DEV} (?:master {_DEV}|nomaster)",
        rf"ip link set dev {_DEV} type bridge (?:stp_state [01]|priority \d{{1,5}})",
        rf"bridge link set dev {_DEV} (?:cost \d{{1,9}}|priority \d{{1,3}}|(?:guard|root_block) (?:on|off))",
    ),
    *_shaped(
        rf"ip addr (?:add|del|replace) {_ADDRESS}{_LENGTH} dev {_DEV}",
        rf"ip route (?:add|del|replace) {_TO}(?: via {_ADDRESS})?(?: dev {_DEV})?{_METRIC}",
        rf"ip route (?:add|del|replace) (?:blackhole|unreachable|prohibit) {_TO}{_METRIC}",
        r"sysctl -w net\.ipv4\.ip_forward=[01]",
        rf"nft delete rule {_CHAIN} handle \d{{1,10}}",
        rf"nft delete chain {_CHAIN}",
        rf"nft delete table {_TABLE}",
        rf"vtysh(?: -N {_WORD})? -b -d (?:{_DAEMON})",
    ),
    *_shaped(
        rf"nft '(?:add rule {_CHAIN}|insert rule {_CHAIN} index \d{{1,4}}) [A-Za-z0-9_.:,/@=!{{}}\"\- ]{{1,200}}'",
        rf"pkill -x -F {_FILE}\.pid (?:{_SERVICE})",
        undo=True,
    ),
    *_shaped(
        rf"/(?:usr/)?(?:local/)?(?:s?bin|lib|libexec)/(?:frr/|quagga/)?(?:{_SERVICE})"
        r"(?: [A-Za-z0-9_.:,/@=+\-]{1,200})*",
        known=True,
    ),
)
"""What a change may type at a shell. The quotes around nft's rule keep the shell out of it; `;` ends a rule in nft too.

Sources: ip-link(8), ip-address(8), ip-route(8), bridge(8), sysctl(8), nft(8), pkill(1), vtysh(1).
"""
