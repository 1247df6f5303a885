"""Why a delivery failed, in one word, and whether for good: from the status code (RFC 3463) and what the server said.

The words are the usual ones of bounce analysis (userunknown, mailboxfull, hostunknown, ...). What the server said goes first,
servers are careless with codes; each text is looked at in its first thousand characters, so the cost is bounded.
"""

from __future__ import annotations

import re

_LOOKED_AT = 1000
_STATUS = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.]\d)")
_REPLY = re.compile(r"(?<![\d.:/-])([45][0-5]\d)(?=[ \-:#<,)]|\Z)")

_WORDS: tuple[tuple[str, str], ...] = (
    ("virusdetected", r"virus|malware|infected|trojan|worm found"),
    (
        "authfailure",
        r"dmarc|\bspf\b|dkim|sender policy framework|unauthenticated email|not authorized to send|email authentication|did not pass authentication",
    ),
    (
        "requireptr",
        r"\bptr\b|reverse (?:dns|lookup|hostname)|rdns|cannot find your (?:reverse )?hostname|no dns a-data|valid hostname|fcrdns",
    ),
    ("badreputation", r"reputation|generates? unusual|poor sender|has been temporarily rate limited due to ip rep"),
    (
        "blocked",
        r"blacklist|black list|block ?list|blocklisted|\brbl\b|dnsbl|spamhaus|spamcop|barracuda|sorbs|listed (?:in|at|on|by)|your ip|"
        r"ip address|"
        r"client host|access denied.*host|banned|block(?:ed|ing) (?:by|mail|for|using|because)|connection (?:refused|rejected) by|dialup|dynamic ip|helo",
    ),
    ("spamdetected", r"spam|junk mail|unsolicited|bulk email|content rejected due to spam|bayes"),
    (
        "speeding",
        r"too many (?:messages|mails|emails|recipients.*per)|rate limit|throttl|sending rate|too fast|exceeded.*(?:rate|hourly)|receiving mail at a rate",
    ),
    ("toomanyconn", r"too many (?:connections|concurrent|sessions)|connection limit|maximum.*connections|concurrency"),
    (
        "mailboxfull",
        r"quota|mailbox (?:is )?(?:full|has exceeded|size limit)|over ?quota|(?:inbox|mailbox|account|user|storage).{0,30}\bfull\b|"
        r"exceeded storage|insufficient "
        r"(?:disk|storage|system storage)|not enough (?:disk|storage) space|storage (?:limit|allocation)|too much mail|disk full for|space limit",
    ),
    (
        "mesgtoobig",
        r"message (?:size|is too|too|length).{0,40}(?:exceed|large|big|limit)|too (?:big|large)|size (?:limit )?exceed|"
        r"exceeds? (?:the )?(?:maximum|fixed|size|max)|"
        r"maximum (?:message )?size|message size exceeds|larger than",
    ),
    ("hasmoved", r"has (?:been )?(?:moved|replaced|changed)|new address|recipient address has changed|no longer valid.*use"),
    (
        "norelaying",
        r"relay(?:ing)? (?:is )?(?:denied|not|prohibited|access|refused)|not (?:allowed|permitted) to relay|unable to relay|relay(?:ing)? mail|cannot relay|we do not relay|no relay",
    ),
    (
        "suspend",
        r"(?:account|mailbox|user|recipient|domain).{0,40}(?:suspend|disabled|inactive|deactivat|not active|been locked|expired|"
        r"terminated)|temporarily disabled|"
        r"inactive (?:user|account|mailbox|recipient)|disabled (?:user|account|mailbox|recipient)|not (?:an )?active",
    ),
    (
        "userunknown",
        r"user.{0,20}(?:unknown|not found|does(?:n'?t| not) exist|invalid|not exist|not known|isn't known)|unknown (?:user|recipient|"
        r"address|local|mailbox|account|or illegal)|"
        r"no such (?:user|mailbox|person|recipient|address|account|local|email|here)|no mailbox|recipient.{0,40}(?:not found|unknown|"
        r"does not exist|invalid|rejected|"
        r"not exist|unavailable)|(?:address|mailbox|account|addressee|mail ?box).{0,60}(?:unknown|does(?:n'?t| not) exist|not found|"
        r"invalid|unavailable|not exist|"
        r"rejected|not available|couldn't be found|could not be found|wasn't found)|"
        r"invalid (?:recipient|mailbox|user|address)|not (?:listed in|a known|our customer|known user|a valid)|bad (?:destination|"
        r"address|recipient)|"
        r"(?:does not|doesn't) (?:exist|have an? (?:\S+ )?account)|isn't in|not listed|unrouteable|unrouteable address|"
        r"undeliverable address|no account|nobody (?:here )?by that name|"
        r"recipnotfound|5\.1\.[16]|there is no one|is not a (?:mailbox|user)|mailbox not|can't find",
    ),
    (
        "hostunknown",
        r"host (?:or domain name )?(?:unknown|not found|name lookup|lookup)|unknown (?:host|domain)|domain.{0,30}(?:not found|"
        r"does not exist|doesn't exist|invalid|unknown)|"
        r"name or service not known|no such (?:domain|host)|nxdomain|bad host|couldn't find any host|illegal host|invalid domain|"
        r"cannot resolve|non-existent (?:host|domain)|"
        r"unrouteable mail domain|no route to host by|dns (?:error|lookup).{0,30}fail|5\.1\.2|host does not exist|name server:.*not found",
    ),
    (
        "notaccept",
        r"does not (?:accept|receive) (?:mail|e?mail|smtp)|null ?mx|not accept(?:ing)? (?:mail|messages|any)|5\.3\.2|no smtp (?:service|service here)|name service error.*type=mx: malformed",
    ),
    (
        "filtered",
        r"filter(?:ed|ing)?\b|resolver\.rst\.notauthorized|not authorized to|only accepts? mail from|restricted|permission to send|refused by recipient|no permission",
    ),
    (
        "rejected",
        r"sender.{0,40}(?:rejected|denied|refused|unknown|verify|invalid|not allowed|address)|(?:rejected|refused).{0,30}sender|mail from.{0,20}(?:rejected|refused)|from address",
    ),
    ("exceedlimit", r"too many recipients|5\.2\.3|exceed(?:s|ed) .{0,20}limit"),
    ("mailererror", r"command (?:died|failed|output)|procmail|mailer error|exit(?:ed)? (?:with|status)|pipe to|x-unix"),
    (
        "networkerror",
        r"connection (?:refused|reset|timed out|lost|dropped|closed)|network (?:is )?unreachable|no route to host|could ?n[o']t connect|"
        r"mail loop|loop|hop count|"
        r"too many hops|unable to connect|establish an smtp connection|server (?:is )?(?:unreachable|not responding)|mail for .{0,60} loops back|dns",
    ),
    (
        "expired",
        r"time(?:d)? ?out|too long|expired|retry time(?:out)?|queue.{0,20}(?:too long|days|hours)|not (?:yet )?been delivered|delayed|"
        r"could not be delivered.*(?:days|hours)|give up|giving up|"
        r"will (?:keep|continue) trying|still trying",
    ),
    ("policyviolation", r"polic(?:y|ies)|prohibited|attachment|executable|not comply|local restriction"),
    ("securityerror", r"security|tls|ssl|authenticat|certificate|access denied|denied"),
    ("contenterror", r"content|header|malformed|8-?bit|mime|encoding"),
    ("syntaxerror", r"syntax|command (?:not )?(?:recognized|unrecognized|implemented)|parameter|bad sequence"),
    ("systemfull", r"disk|no space"),
    ("systemerror", r"system|local error|configuration|internal|resources|server error|config"),
)
_PATTERNS = tuple((word, re.compile(pattern, re.IGNORECASE)) for word, pattern in _WORDS)

_BY_STATUS = {
    "x.1.0": "userunknown", "x.1.1": "userunknown", "x.1.2": "hostunknown", "x.1.3": "userunknown", "x.1.4": "filtered", "x.1.6": "hasmoved",
    "x.1.7": "rejected", "x.1.8": "rejected", "x.1.9": "systemerror", "x.1.10": "notaccept", "x.2.0": "filtered", "x.2.1": "suspend",
    "x.2.2": "mailboxfull", "x.2.3": "exceedlimit", "x.2.4": "filtered", "x.3.0": "systemerror", "x.3.1": "systemfull", "x.3.2": "notaccept",
    "x.3.3": "systemerror", "x.3.4": "mesgtoobig", "x.3.5": "systemerror", "x.4.1": "networkerror", "x.4.2": "networkerror", "x.4.3": "systemerror",
    "x.4.4": "hostunknown", "x.4.5": "mailererror", "x.4.6": "networkerror", "x.4.7": "expired", "x.5.3": "exceedlimit", "x.7.0": "securityerror",
    "x.7.1": "policyviolation", "x.7.7": "contenterror", "x.7.20": "authfailure", "x.7.23": "authfailure", "x.7.25": "requireptr",
    "x.7.26": "authfailure",
}  # fmt: skip


def status_of(text: str) -> str | None:
    """The first enhanced status code in a text ("5.1.1"), or None."""
    found = _STATUS.search(text[:_LOOKED_AT])
    return None if found is None else found[1]


def reply_of(text: str) -> str | None:
    """The first SMTP reply code of a failure in a text ("550"), or None."""
    found = _REPLY.search(text[:_LOOKED_AT])
    return None if found is None else found[1]


def reason(said: str, status: str | None, delayed: bool) -> str:
    """Why, in one word; "undefined" when nothing tells."""
    text = said[:_LOOKED_AT]
    for word, pattern in _PATTERNS:
        if pattern.search(text):
            return word
    if delayed:
        return "expired"
    if status is not None:
        return _BY_STATUS.get("x" + status[1:], "undefined" if status[2:] in ("0.0", "") else "onhold")
    return "undefined"


_DELAYED = re.compile(
    r"not yet been delivered|has been delayed|delivery (?:is |was )?delayed|still trying|will (?:keep|continue) (?:trying|to be)|"
    r"keep trying|warning message only|"
    r"do(?:es)? not need to resend|will be retried|delivery attempts will continue|warning: (?:could not send|message|delivery)|"
    r"temporary (?:failure|problem)|"
    r"will (?:try|retry|attempt)|being retried|no action is required|delayed mail|delivery delay|transient|temporarily deferred|queued (?:for|and will)",
    re.IGNORECASE,
)
_FINAL = re.compile(
    r"giving up|given up|gave up|permanent|fatal|could not be delivered|will not be re|too long on the queue|timeout exceeded|"
    r"not tried again|undeliverable|"
    r"returned|failed permanently|expired|have failed|has failed|i've given|will no longer",
    re.IGNORECASE,
)


def speaks_of_delay(text: str) -> bool:
    """Whether a report says that delivery goes on."""
    part = text[:3000]
    return _DELAYED.search(part) is not None and _FINAL.search(part) is None
