"""Who calls whom: the identifiers and numbers that Twilio would put into a call.

Owns nothing but their shapes. Used by the wire, the webhooks and the report.
"""

import secrets
from dataclasses import dataclass, field


def new_sid(prefix: str) -> str:
    """Make an identifier as Twilio does: two letters and 32 hexadecimal digits."""
    return prefix + secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class Identity:
    """The identifiers of one call. The numbers are set aside for fiction (555-01xx)."""

    call_sid: str = field(default_factory=lambda: new_sid("CA"))
    account_sid: str = field(default_factory=lambda: new_sid("AC"))
    stream_sid: str = field(default_factory=lambda: new_sid("MZ"))
    caller: str = "+15550100123"
    called: str = "+15550100199"

    def form(self, status: str) -> dict[str, str]:
        """The fields every webhook of the call carries (twilio.com/docs/voice/twiml).

        Args:
            status: Twilio's `CallStatus`, such as `ringing`.
        """
        return {
            "CallSid": self.call_sid,
            "AccountSid": self.account_sid,
            "From": self.caller,
            "To": self.called,
            "Caller": self.caller,
            "Called": self.called,
            "CallStatus": status,
            "Direction": "inbound",
            "ApiVersion": "2010-04-01",
            "CallerName": "",
        }
