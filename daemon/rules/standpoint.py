"""Where our provider's Authentication-Results stand, learned from two mails that went through it, a true one and a forged one. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from daemon.model import DomainVerdict, Message, Policy
from daemon.rules.trust import domain_verdict

POSITIONS = ("top", "border")


@dataclass(frozen=True, slots=True, kw_only=True)
class Standpoint:
    """What two mails are taken for under one setting of `[trust]`."""

    authserv_id: str | None
    authserv_position: str
    genuine: DomainVerdict
    genuine_evidence: str
    forged: DomainVerdict
    forged_evidence: str

    @property
    def tells_apart(self) -> bool:
        """The true one passes, the forged one doesn't."""
        return self.genuine is DomainVerdict.PASS and self.forged is not DomainVerdict.PASS


def standpoint(genuine: Message, forged: Message, policy: Policy) -> Standpoint:
    """What the two are taken for under the setting of this policy."""
    (true, why), (false, why_not) = domain_verdict(genuine, policy), domain_verdict(forged, policy)
    return Standpoint(
        authserv_id=policy.authserv_id, authserv_position=policy.authserv_position, genuine=true, genuine_evidence=why, forged=false,
        forged_evidence=why_not,
    )  # fmt: skip


def that_tell_apart(genuine: Message, forged: Message, policy: Policy) -> Iterator[Standpoint]:
    """Every setting under which the two are told apart, of all that the fields of the true one could mean."""
    names = dict.fromkeys(field.authserv_id for field in genuine.authentication_results if field.authserv_id is not None)
    for name in names:
        for position in POSITIONS:
            found = standpoint(genuine, forged, replace(policy, authserv_id=name, authserv_position=position))
            if found.tells_apart:
                yield found
