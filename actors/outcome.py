"""The outcome of a call: what is to happen once its media stream has ended.

Twilio asks for it at the `<Connect>` verb's action URL; the web layer answers from here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HungUp:
    """Nothing more: the call is over."""


@dataclass(frozen=True, slots=True)
class TransferTo:
    """The caller is to be connected to somebody else."""

    to: str
    """A telephone number in E.164 form, or a `sip:` URI."""


Outcome = HungUp | TransferTo
