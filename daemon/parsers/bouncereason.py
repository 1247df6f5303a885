"""Why a delivery failed, in one word, and whether for good: from the status code (RFC 3463) and what the server said.

The words are the usual ones of bounce analysis (userunknown, mailboxfull, hostunknown, ...). What the server said goes first,
servers are careless with codes; each text is looked at in its first thousand characters, so the cost is bounded.
"""

from __future__ import annotations

import re

_LOOKED_AT = 1000
_STATUS = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.]\d)")
_REPLY = re.compile(r"(?<![\d.:/-])([45][0-5]\d)(?=[ \-:#<,)]|\Z)")

_WORDS = r"""
virusdetected  virus|malware|infected|trojan|worm found
mailererror  child process of|\bpipe to \||unknown mailer error
spamdetected  by our .{0,30}(?:spam|bulk)
syntaxerror  malformed address|may not follow|missing or malformed local part
notcompliantrfc  multiple addresses in from|not rfc ?\d{3,4}|rfc ?\d{3,4}.{0,20}complian|duplicate header|bare (?:lf|cr)
authfailure  dmarc|\bspf\b|dkim|sender policy framework|unauthenticated email|not authorized to send|email authentication
authfailure  did not pass authentication
requireptr  \bptr\b|reverse (?:dns|lookup|hostname)|rdns|cannot find your (?:reverse )?hostname|no dns a-data|valid hostname|fcrdns
requireptr  unverifyable sending ip|mismatch(?:es)? client ip
badreputation  reputation|generates? unusual|poor sender|has been temporarily rate limited due to ip rep
badreputation  unexpected volume or user complaints
rejected  sending (?:to/from|from|to) an address that has been blacklisted
rejected  from: domain is invalid|valid from:
policyviolation  rejected for policy
securityerror  unauthenticated senders?
networkerror  not found, try again
expired  could not be delivered for \d{1,2} (?:days|hours)
userunknown  unbekannt|existiert nicht|nicht (?:gefunden|vorhanden|im .{0,40}verzeichnis)|inconnu|n'existe pas|n'est pas .{0,20}(?:dans|sur)
userunknown  destinataires? .{0,20}invalide|no existe|desconocid|non esiste|sconosciut|não existe|nao existe|desconhecid|bestaat niet
userunknown  finns inte|findes ikke|finnes ikke|ei löydy|ei ole olemassa|nie istnieje|nie ma takiego|neexistuje|nem létezik|nu există
userunknown  inesistent|inexistent|non trovat|introuvable|inexistant|no se encontró|no encontrad|não encontrad
userunknown  onbekend|nieznan|nie znalezion|neznám
userunknown  okänd|ukendt|ukjent|tuntematon|ismeretlen|nem található|necunoscut|άγνωστ|δεν υπάρχει|tanınmayan|không tồn tại
userunknown  tidak ditemukan|nie został\w? znalezion|hittades inte|nebyl\w? nalezen|ne postoji|няма такъв|ikke funnet|blev ikke fundet
userunknown  (?:登録|リスト|ディレクトリ).{0,6}(?:ありません|されていません)|неизвестн|ไม่พบ|غير موجود|无此用户|沒有此|找不到|알 수 없는
userunknown  не (?:найден|существует)|не існує|bulunamadı|不存在|見つか(?:りません|らない)|存在しません|존재하지|없는
mailboxfull  (?:postfach|mailbox).{0,60}\bvoll\b|kontingent|boîte.{0,50}pleine|schránk.{0,30}pln|skrzynk.{0,30}pełn|megtelt|betelt|täynnä
mailboxfull  γεμάτ|(?:kutu|kota).{0,20}(?:dolu|aş)|căsuț.{0,30}plin|(?:brevlåda|inkorg|postkasse|indbakke).{0,30}full|full inkorg|fyldt
mailboxfull  満杯|いっぱい|가득|buz[oó]n.{0,30}llen
mailboxfull  casella.{0,50}piena|caixa.{0,50}cheia|postvak.{0,50}\bvol\b|innboks.{0,30}full|\bpenuh\b|bústia.{0,30}plena
mailboxfull  переполнен|переповнен|已满|超出|空き容量|용량
hostunknown  account or domain may not exist
notaccept  couldn't find a mail exchanger
mailboxfull  messages in (?:\S{1,20} ){0,2}mailbox exceeded
mailboxfull  (?:recipient|user)'?s? (?:mail ?box )?(?:is )?(?:full|over (?:its|their|his) (?:quota|limit))
blocked  blacklist|black list|block ?list|blocklisted|\brbl\b|dnsbl|spamhaus|spamcop|barracuda|sorbs|(?<!not )listed (?:in|at|on|by)|your ip
blocked  ip address|client host|refused to talk to me|access denied.*host|banned|block(?:ed|ing) (?:by|mail|for|using|because)
blocked  connection (?:refused|rejected) by|dialup|dynamic ip|helo
spamdetected  spam|junk mail|unsolicited|bulk email|content rejected due to spam|bayes
spamdetected  \bube\b|\buce\b
speeding  too many (?:messages|mails|emails|recipients.*per)|rate limit|throttl|sending rate|too fast|exceeded.*(?:rate|hourly)
speeding  receiving mail at a rate
speeding  too many recipients this
toomanyconn  too many (?:connections|concurrent|sessions)|connection limit|maximum.*connections|concurrency
mailboxfull  quota|mailbox (?:is )?(?:full|has exceeded|size limit)|over ?quota|(?:inbox|mailbox|account|user|storage).{0,30}\bfull\b
mailboxfull  mailbox exceeds|exceeded storage|insufficient (?:disk|storage|system storage)|not enough (?:disk|storage) space
mailboxfull  storage (?:limit|allocation)|too much mail|disk full for|space limit
contenterror  headers? too (?:large|long|big)
mesgtoobig  message (?:size|is too|too|length).{0,40}(?:exceed|large|big|limit)|too (?:big|large)|size (?:limit )?exceed
mesgtoobig  exceeds? (?:the )?(?:maximum|fixed|size|max)|maximum (?:message )?size|message size exceeds|larger than
hasmoved  has (?:been )?(?:moved|replaced|changed)|new address|recipient address has changed|no longer valid.*use
norelaying  relay(?:ing)? (?:is )?(?:denied|not|prohibited|access|refused)|not (?:allowed|permitted) to relay|unable to relay
norelaying  relay(?:ing)? mail|cannot relay|we do not relay|no relay
suspend  (?:account|mailbox|user|recipient|domain).{0,40}(?:suspend|disabled|inactive|deactivat|not active|been locked|expired|terminated)
suspend  temporarily disabled|inactive (?:user|account|mailbox|recipient)|disabled (?:user|account|mailbox|recipient)|not (?:an )?active
suspend  (?:temporar\w{1,4}|is) locked
rejected  sender.{0,40}(?:rejected|denied|refused|unknown|verify|invalid|not allowed|address)|(?:rejected|refused).{0,30}sender
rejected  mail from.{0,20}(?:rejected|refused)|from address
notaccept  does not (?:accept|receive) (?:mail|e?mail|smtp)|null ?mx|not accept(?:ing)? (?:mail|messages|any)|5\.3\.2
notaccept  no smtp (?:service|service here)|name service error.*type=mx: malformed
notaccept  no mx record|not accepting (?:network|connections)
hostunknown  host (?:or domain name )?(?:unknown|not found|name lookup|lookup)|unknown (?:host|domain)
hostunknown  domain.{0,30}(?:not found|does not exist|doesn't exist|invalid|unknown)|name or service not known|no such (?:domain|host)
hostunknown  nxdomain|bad host|couldn't find any host|illegal host|invalid domain|cannot resolve|non-existent (?:host|domain)
hostunknown  unrouteable mail domain|domain is not reachable|no route to host by|dns (?:error|lookup).{0,30}fail|5\.1\.2
hostunknown  host does not exist
hostunknown  name server:.*not found
userunknown  user.{0,20}(?:unknown|not found|does(?:n'?t| not) exist|invalid|not exist|not known|isn't known)
userunknown  unknown (?:user|recipient|address|local|mailbox|account|or illegal)
userunknown  no such (?:user|mailbox|person|recipient|address|account|local|email|here)|no mailbox
userunknown  recipient.{0,40}(?:not found|unknown|does not exist|invalid|not exist|unavailable)
userunknown  (?:address|mailbox|account|addressee|mail ?box).{0,60}(?:unknown|does(?:n'?t| not) exist|not found|invalid|unavailable|
not exist|not available|couldn't be found|could not be found|wasn't found)
userunknown  invalid (?:recipient|mailbox|user|address)|not (?:listed in|a known|our customer|known user|a valid)
userunknown  bad (?:destination|address|recipient)|(?:does not|doesn't) (?:exist|have an? (?:\S+ )?account)|isn't in|not listed
userunknown  unrouteable|unrouteable address|undeliverable address|no account|nobody (?:here )?by that name|recipnotfound|5\.1\.[16]
userunknown  there is no one|not local|is not a (?:mailbox|user)|mailbox not|can't find
filtered  filter(?:ed|ing)?\b|resolver\.rst\.notauthorized|not authorized to|only accepts? mail from|restricted|permission to send
filtered  refused by recipient|no permission
exceedlimit  too many recipients|5\.2\.3|exceed(?:s|ed) .{0,20}limit
mailererror  command (?:died|failed|output)|procmail|mailer error|exit(?:ed)? (?:with|status)|pipe to|x-unix
systemerror  ldap|internal (?:system|server|software)? ?error
onhold  \bon hold\b
networkerror  connection (?:refused|reset|lost|dropped|closed)|network (?:is )?unreachable|no route to host|network error
networkerror  could ?n[o']t connect|mail loop|loop|hop count|too many hops|unable to connect|establish an smtp connection
networkerror  server (?:is )?(?:unreachable|not responding)|mail for .{0,60} loops back|dns
expired  time(?:d)? ?out|too long|expired|retry time(?:out)?|queue.{0,20}(?:too long|days|hours)|not (?:yet )?been delivered|delayed
expired  could not be delivered.*(?:days|hours)|give up|giving up|will (?:keep|continue) trying|still trying
expired  delivery failed \d{1,3} attempts
expired  failing for a long time|not accept our requests|not reachable|will be retried|kept in the queue|deferred
policyviolation  polic(?:y|ies)|prohibited|attachment|executable|not comply|local restriction
policyviolation  protocol violation
userunknown  (?:recipient|address|mailbox|user).{0,30}rejected
securityerror  security|tls|ssl|authenticat|certificate|access denied|denied
contenterror  content|header|malformed|8-?bit|mime|encoding
syntaxerror  syntax|command (?:not )?(?:recognized|unrecognized|implemented)|parameter|bad sequence
systemfull  disk|no space
systemerror  (?<!mail )(?<!this )system(?! administrator)|local error|configuration|resources|server error|config
"""
"""A word and what servers say, in the order they are tried. A line without a word goes on with the pattern above it."""


def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    said: list[tuple[str, list[str]]] = []
    for line in _WORDS.strip().split("\n"):
        word, begins, pattern = line.partition("  ")
        if not begins:
            said[-1][1][-1] += word
        elif said and said[-1][0] == word:
            said[-1][1].append(pattern)
        else:
            said.append((word, [pattern]))
    return tuple((word, re.compile("|".join(patterns), re.IGNORECASE)) for word, patterns in said)


_PATTERNS = _patterns()

_SURE_STATUS = {
    "x.1.6": "hasmoved", "x.1.7": "rejected", "x.1.8": "rejected", "x.2.2": "mailboxfull", "x.3.2": "notaccept",
    "x.7.20": "authfailure", "x.7.23": "authfailure", "x.7.25": "requireptr", "x.7.26": "authfailure", "x.7.27": "notaccept",
}  # fmt: skip
"""Codes that servers use for nothing else: they go before the words."""

_BY_STATUS = {
    "x.1.0": "userunknown", "x.1.1": "userunknown", "x.1.2": "hostunknown", "x.1.3": "userunknown", "x.1.4": "filtered",
    "x.1.6": "hasmoved", "x.1.7": "rejected", "x.1.8": "rejected", "x.1.9": "systemerror", "x.1.10": "notaccept",
    "x.2.0": "filtered", "x.2.1": "suspend", "x.2.2": "mailboxfull", "x.2.3": "exceedlimit", "x.2.4": "filtered",
    "x.3.0": "systemerror", "x.3.1": "systemfull", "x.3.2": "notaccept", "x.3.3": "systemerror", "x.3.4": "mesgtoobig",
    "x.3.5": "systemerror", "x.4.1": "networkerror", "x.4.2": "networkerror", "x.4.3": "systemerror", "x.4.4": "hostunknown",
    "x.4.5": "mailererror", "x.4.6": "networkerror", "x.4.7": "expired", "x.5.3": "exceedlimit", "x.7.0": "securityerror",
    "x.7.1": "policyviolation", "x.7.7": "contenterror", "x.7.20": "authfailure", "x.7.23": "authfailure",
    "x.7.25": "requireptr", "x.7.26": "authfailure",
}  # fmt: skip
_BY_CLASS = {"7.": "securityerror", "6.": "contenterror", "3.": "systemerror", "4.": "networkerror"}
"""What the subject of a code alone tells (RFC 3463 section 4)."""
_ADDRESS = re.compile(r"[^\s<>()\[\]\",;:@]{1,80}@[A-Za-z0-9.\-]{1,120}")
_CODES = re.compile(r"([45]\d\d)[ -]([45]\.\d{1,3}\.\d{1,3})(?=\s)")


def status_of(text: str) -> str | None:
    """The first enhanced status code in a text ("5.1.1"), or None."""
    found = _STATUS.search(text[:_LOOKED_AT])
    return None if found is None else found[1]


def reply_of(text: str) -> str | None:
    """The first SMTP reply code of a failure in a text ("550"), or None."""
    found = _REPLY.search(text[:_LOOKED_AT])
    return None if found is None else found[1]


def reason(said: str, status: str | None, delayed: bool, stage: str = "") -> str:
    """Why, in one word; "undefined" when nothing tells. `stage` is what the server answered, as `stage_of` says."""
    if status is not None and (sure := _SURE_STATUS.get("x" + status[1:])):
        return sure
    text = _bare(said[:_LOOKED_AT])
    word = next((word for word, pattern in _PATTERNS if pattern.search(text)), None)
    if word is None and delayed and not (tells(status) and not text):
        word = "expired"
    if word is None and status is not None:
        word = _BY_STATUS.get("x" + status[1:]) or _BY_CLASS.get(status[2:4], "undefined" if status[2:] in ("0.0", "") else "onhold")
    return _at_stage(word or "undefined", status, stage)


def tells(status: str | None) -> bool:
    """Whether a status code alone says why."""
    return status is not None and "x" + status[1:] in _BY_STATUS


VAGUE = frozenset(("undefined", "onhold", "systemerror", "securityerror", "contenterror", "syntaxerror", "policyviolation", "networkerror"))
"""Words that the set phrases of any report would give: nothing is told by them alone."""


def _bare(said: str) -> str:
    """What was said without addresses, whose names mean nothing here, and without the code repeated on each line of an answer."""
    text = _ADDRESS.sub("<>", said)
    code = _CODES.search(text)
    if code is None:
        return text
    return text[: code.end()] + re.sub(rf"\s{code[1]}[ -]{re.escape(code[2])}(?=\s)", "", text[code.end() :])


def _at_stage(word: str, status: str | None, stage: str) -> str:
    """The same words mean another thing at another moment: who is unknown after DATA was known at RCPT, so a filter speaks."""
    if word == "hostunknown" and status is not None and status[0] == "4":
        return "networkerror"
    if word == "userunknown" and stage == DATA and (status is None or status[1:] != ".1.1"):
        return "filtered"
    if stage == MAIL and word in ("userunknown", "securityerror", "undefined", "onhold"):
        return "rejected"
    if stage == CONNECTION and word in _NOT_BEFORE_A_GREETING:
        return "blocked"
    return word


_NOT_BEFORE_A_GREETING = frozenset(
    ("undefined", "onhold", "securityerror", "hostunknown", "notaccept", "expired", "mailboxfull", "userunknown")
)
"""What nobody can mean before a recipient was named: such a server refuses the client."""
CONNECTION = "connection"
MAIL = "mail"
DATA = "data"
_STAGE = re.compile(
    r"(?P<connection>initial connection|refused to talk to me|while talking to \S{1,100}: <<< [45]|"
    r"my name was rejected|in reply to (?:initial|ehlo|helo|connect)|"
    r"after (?:ehlo|helo|starttls)\b)|"
    r"(?P<mail>in reply to mail from|after (?:pipelined )?mail from|>>> mail from|but sender was rejected)|"
    r"(?P<data>in reply to (?:end of )?data|after (?:pipelined )?(?:end of )?data\b|>>> data\b)|"
    r"(?P<rcpt>in reply to rcpt|after (?:pipelined )?rcpt|>>> rcpt|does not like recipient)",
    re.IGNORECASE,
)


def stage_of(text: str) -> str:
    """At which command of SMTP the server refused, as the report tells last: CONNECTION, MAIL, DATA, or "" for others and unknown."""
    stages = [found.lastgroup for found in _STAGE.finditer(" ".join(text[: 4 * _LOOKED_AT].split()))]
    last = stages[-1] if stages else None
    return last if last in (CONNECTION, MAIL, DATA) else ""


_DELAYED = re.compile(
    r"not yet been delivered|has been delayed|delivery (?:is |was )?delayed|still trying|will (?:keep|continue) (?:trying|to be)|"
    r"keep trying|warning message only|"
    r"do(?:es)? not need to resend|will be retried|delivery attempts will continue|warning: (?:could not send|message|delivery)|"
    r"temporary (?:failure|problem)|"
    r"will (?:try|retry|attempt)|being retried|no action is required|delayed mail|delivery delay|transient|"
    r"temporarily deferred|queued (?:for|and will)",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"giving up|given up|gave up|permanent|(?<!non-)fatal|could not be delivered|will not be re|too long on the queue|timeout exceeded|"
    r"not tried again|undeliverable|"
    r"returned|failed permanently|expired|have failed|has failed|i've given|will no longer",
    re.IGNORECASE,
)


_SURELY_DELAYED = re.compile(
    r"not yet been delivered|warning message only|do(?:es)? not need to re-?send|warning: message \S{1,40} delayed|"
    r"only a temporary failure|"
    r"delivery attempts will continue",
    re.IGNORECASE,
)
"""Goes before the words of an end, for a warning tells how it will end some day."""


def speaks_of_delay(text: str) -> bool:
    """Whether a report says that delivery goes on."""
    part = text[:3000]
    return _SURELY_DELAYED.search(part) is not None or (_DELAYED.search(part) is not None and _FINAL.search(part) is None)
