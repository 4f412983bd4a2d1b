"""Secrets out of what a device printed, before anything leaves the bridge. Pure.

The same secret gets the same mask, so that a difference between two configurations stays a difference, and equal
passwords at both ends stay equal. No redactor is complete: it is the second defence, after not asking for secrets.
"""

import hashlib
import re
from collections.abc import Iterator

_TYPE = r"(?:(?:[0-9]a?|10|sha512|md5|cleartext|encrypted|clear|aes-256|0x|ENC|hex) ){0,2}"
"""How the secret is stored, as devices print it before the secret."""

_REST = r"(?P<secret>\S(?:[^\n]*[^\s;])?)"
_WORD = r"(?P<secret>\"(?:[^\"\\\n]|\\.)*\"(?![^\s;,:})\]<>])|\S+?(?=[;,]?(?:\s|$)))"
"""A quoted text, or all up to a blank but for one `;` or `,`: a secret may hold either."""

_PROSE = (
    "(?:mismatch|required|encryption|authentication|recovery|is|was|has|not|for|of|or|and|to|but"
    "|failed|failure|incorrect|invalid|expired|configured|set|minimum|policy|prompt|option|level"
    "|fallback|rollover)"
)
"""What follows the word password in a sentence; where a configuration line says so, it is masked all the same."""

_NAMED = (
    r"password|passwd|pwd|passphrase|secret|psk|token|api[-_]?key|private[-_]?key|pre[-_]?shared[-_]?key|auth[-_]?key"
    r"|access[-_]?key|secret[-_]?key|community"
)
"""How the names of variables and fields end that hold a secret."""
_TAGS = r"(?:[\w.:]+[-_.])*(?:ascii-text|hexadecimal|key-string|authentication-key|privacy-key|" + _NAMED + ")"
_NO_ROUTES = r"(?!\"?\d+:\d+)"
"""Communities of BGP are no secrets."""

_LINES = (
    rf"\bldp password (?:option \d+ for \S+|fallback|rollover \S+) {_TYPE}{_WORD}",
    rf"\b(?:hello|lsp)-password (?:\S+ )?(?:encrypted|clear) {_WORD}",
    rf"\bsnmp(?:-server)? mib community-map {_WORD}",
    rf"\b(?:snmp-community|trap-group|trapcommunity|pksecret|idtoken|auth_pass|nhrp authentication) {_TYPE}{_WORD}",
    rf"\b(?:trap2?sink|informsink|authcommunity|syscon address|key-hash) \S+ {_WORD}",
    rf"\bcom2sec6? -Cn \S+ \S+ \S+ {_WORD}",
    rf"(?<!pre-)\b(?:server-key|shared-key|session-key|tunnel key|macsec key|pac key|key-octet-string) {_TYPE}{_WORD}",
    rf"\bmap-server \S+ key {_TYPE}{_WORD}",
    rf"\bsession-key .*?(?:ah \d+|cipher) {_WORD}",
    rf"\bsession-key .*?authenticator {_WORD}",
    rf"\bspi \d+ (?:esp .*?)?(?:md5|sha1) {_TYPE}{_WORD}",
    rf"\besp (?:aes-cbc \d+|3des|des) {_TYPE}{_WORD}",
    rf"\bauthentication key(?! chain)(?: \d+ algorithm \S+ key| 0x\S+)? {_TYPE}{_WORD}",
    rf"\bhash-algo \S+ key {_WORD}",
    rf"\b(?:license keys|key) (?:key|hexadecimal|ascii-text) {_WORD}",
    rf"\bsecret \d+ \d+ {_WORD}",
    rf"\bcrypto key (?:import|export) .*?(?:terminal|url \S+) (?:3des |aes )?{_WORD}",
    rf"\bevent manager environment \S*(?:pass|pw|secret|key|token)\S* {_REST}",
    r"auth=(?:key|token),(?P<secret>\S+)",
    rf"^\s*token {_WORD}\s*$",
    rf":\s*(?:EAP|XAUTH|NTLM) {_WORD}",
    rf"\b(?:Set-)?Cookie:\s*{_REST}",
    rf"<{_TAGS}(?: [^>]*)?>(?:<(?:name|ascii-text|hexadecimal)>)?{_NO_ROUTES}(?P<secret>[^<]+)<",
    rf"\bsnmp\w+ .*?(?-i:-c|-A) {_WORD}",
    rf"\bsnmp\w+ .*?(?-i:-X) {_WORD}",
    rf"\b(?:sshpass .*?-p|ipmitool .*?-P|openssl .*?-k|ldap\w+ .*?-w|radclient .*?auth) {_WORD}",
    r"\bmysql\w* .*?-p(?P<secret>\S+)",
    r"(?<![\w.<\-])[A-Za-z][\w.\-]*:(?P<secret>[^\s@:/]+)@(?=[\w.\-]+(?:\s|$))",
    r"\bcurl .*?(?:-u|--user) [^\s:]+:(?P<secret>\S+)",
    r"\b(?P<secret>(?:gh[pousr]_|xox[abprs]-|glpat-)[A-Za-z0-9\-]{8,})",
    rf"\b(?:neighbor|peer-group|vrrp|isis|domain|area) \S+ password {_TYPE}{_REST}",
    rf"^\s*(?:isis |domain-|area-)?password {_TYPE}{_REST}",
    rf"\b(?:domain|area|isis)-?\s?password (?:md5 |clear )?{_TYPE}{_WORD}",
    rf"\busername \S+.*? (?:password|secret) {_TYPE}{_REST}",
    rf"\b(?:enable|privilege) .*?(?:password|secret)(?: level \d+)? {_TYPE}{_REST}",
    rf"\b(?:snmp(?:-server)? community|community-name|r[ow]community6?|com2sec6? (?!-)\S+ \S+) {_TYPE}{_WORD}",
    rf"\bsnmp-server host \S+(?: (?:traps|informs|vrf \S+|use-vrf \S+))*(?: version (?:1|2c|3 \S+))? {_TYPE}{_WORD}",
    r"\b(?:snmp-server user|createUser|snmp user) .*?"
    rf"\bauth(?:entication)? (?:md5|sha\d*|sha-\d+(?: \d+)?) {_TYPE}{_WORD}",
    rf"\bsnmp(?:-server)? user .*?\bpriv(?:acy)? (?:(?:3?des|aes-?)\d*(?: \d+)? )?{_TYPE}{_WORD}",
    rf"\bcreateUser \S+ (?:MD5|SHA\S*) {_WORD}",
    rf"\bcreateUser .*?(?:AES|DES)\S* {_WORD}",
    rf"\bsnmp\b.*? community {_WORD}",
    rf"^\s*community {_WORD} \{{",
    rf"\bkey-string {_TYPE}{_REST}",
    rf"\bkey-octet-string {_TYPE}{_WORD}",
    rf"\b(?:hello|lsp)-password (?:accept |send-only )?(?:hmac-\S+|text) {_TYPE}{_WORD}",
    rf"\btext-authentication {_TYPE}{_WORD}",
    rf"\b(?:message-digest-key|authentication-key|digest-key) \d+ (?:md5|hmac-\S+|sha\S*) {_TYPE}{_REST}",
    rf"\bauthentication-key(?! \d+ (?:md5|hmac|sha)) {_TYPE}{_WORD}",
    rf"\bauthenticat(?:ion|e) (?:md5 key-string|text|md5|string) {_TYPE}{_WORD}",
    rf"^\s*(?:standby|vrrp)(?: \d+)? authentication (?!md5 key-|text )(?:\S+ )??{_WORD}\s*$",
    rf"\bauthentication mode (?:md5|sha1) key {_TYPE}{_WORD}",
    rf"\bntp authentication-key \d+ (?:\S+) {_TYPE}{_WORD}",
    rf"\b(?:tacacs-server|radius-server|tacacs|radius|ldap|server-private)\b.*? key {_TYPE}{_WORD}",
    rf"^\s+key (?!chain\b|\d{{1,5}}\s*$){_TYPE}{_WORD}\s*$",
    rf"\bcrypto (?:isakmp|keyring) key {_TYPE}{_WORD}",
    r"\bpre-shared-key(?! key-chain )(?: (?:local|remote|ascii-text|hexadecimal|hex|"
    rf"address (?:ipv6 )?\S+(?: \S+)? key|hostname \S+ key)){{0,2}} {_TYPE}{_WORD}",
    rf"\b(?:wpa-psk|psk|set-key) (?:set-key )?(?:ascii |hex )?{_TYPE}{_WORD}",
    rf"\b(?:ppp chap|ppp pap sent-username \S+|l2tp tunnel|ip ftp|ip http client) password {_TYPE}{_WORD}",
    r"\b(?:(?:encrypted|plain-text|authentication|privacy)-password|plain-text-password-value|"
    rf"hashed-password|shared-secret|simple-password) {_WORD}",
    rf"\b(?:Authorization|Proxy-Authorization):\s*(?:Bearer|Basic|Token)?\s*{_WORD}",
    r"://[^\s:/@]*:(?P<secret>\S+)@",
    rf"(?<![\w-])[\w-]{{0,40}}?(?:{_NAMED})\"?\s*[:=]\s*{_NO_ROUTES}(?!\{{\s*(?:\"|$)|\[){_WORD}",
    rf"(?<![\w-])(?:password|passphrase|secret) {_TYPE}(?!{_PROSE}\b){_WORD}",
    r"(?P<secret>\$(?:1|2[abxy]?|5|6|7|8|9|14|y|sha512)\$[^\s\";,]+)",
    r"(?P<secret>\$9\$[^\s\";,]+)",
)
_NEAR = ".{0,300}?"
"""How far on a line a secret may stand from what tells of it: a hostile line costs no more than its length."""
_LINE_RULES = tuple(re.compile(rule.replace(".*?", _NEAR).replace(" ", r"[ \t]+"), re.IGNORECASE) for rule in _LINES)

_HINT = re.compile(
    r"pass|secret|key|communit|auth|snmp|psk|token|createuser|com2sec|://|pwd|trap|sink|syscon|spi |esp |environment"
    r"|cookie|\beap|xauth|mysql|ipmi|openssl|ldap|curl|:\S+@|gh[pousr]_|xox|glpat|\$(?:\d{1,2}|2[abxy]|y|sha512)\$",
    re.IGNORECASE,
)
"""A line without any of these holds nothing that a rule would find: most lines, at a tenth of the cost."""

_PEM = re.compile(r"-----BEGIN (?P<kind>[A-Z0-9 ]{1,40})-----(?P<secret>.*?)(?:-----END (?P=kind)-----|\Z)", re.DOTALL)
"""A block without its end is masked to the end of the text: better too much than half a key."""

_FIELD = re.compile(
    rf"(?<=<)(?:[\w.:]+[-_.])*(?:{_NAMED})>\s*<(?:name|ascii-text|hexadecimal)>{_NO_ROUTES}(?P<secret>[^<]+)",
    re.IGNORECASE,
)
"""In XML the secret may stand lines below the field's name."""

_MASKED = re.compile(r"\"?<redacted:[0-9a-f]{6}>\"?")


def redact(platform: str, text: str, *, key: bytes = b"") -> str:
    """``text`` with each secret replaced by `<redacted:6 hex digits>`; what is masked already stays as it is.

    The digits are a hash of the secret; with ``key`` (up to 64 bytes) a keyed one, so that nobody without the key can
    try out guesses against it. ``platform`` is the device's; the rules are harmless on every other, so all apply.
    """
    text = _PEM.sub(lambda found: f"-----{found['kind']} {mask(found['secret'], key=key)}-----", text)
    text = _FIELD.sub(lambda found: _masked(found, key), text)
    return "\n".join(_line(line, key) if _HINT.search(line) else line for line in text.split("\n"))


def masked_lines(text: str, *, key: bytes = b"") -> Iterator[tuple[str, str]]:
    """Each line of ``text`` that holds a secret: as ``redact`` shows it, and as it is. Blocks of lines are left out."""
    for line in _PEM.sub("", text).split("\n"):
        if _HINT.search(line) and not _MASKED.search(line):
            shown = _line(line, key)
            if shown != line:
                yield shown.strip(), line.strip()


def is_masked(line: str) -> bool:
    """Whether something in ``line`` stands for a secret."""
    return _MASKED.search(line) is not None


def mask(secret: str, *, key: bytes = b"") -> str:
    """What stands in the place of ``secret``."""
    bare = secret.strip().strip('"')
    return f"<redacted:{hashlib.blake2b(bare.encode('utf-8', 'replace'), digest_size=3, key=key).hexdigest()}>"


def _line(line: str, key: bytes) -> str:
    for rule in _LINE_RULES:
        line = rule.sub(lambda found: _masked(found, key), line)
    return line


def _masked(found: re.Match[str], key: bytes) -> str:
    secret = found["secret"]
    if _MASKED.fullmatch(secret):
        return found[0]
    quote = '"' if secret.startswith('"') and secret.endswith('"') else ""  # JSON must stay JSON
    start = found.start("secret") - found.start()
    return f"{found[0][:start]}{quote}{mask(secret, key=key)}{quote}{found[0][start + len(secret) :]}"
