"""What can go wrong for the phone, each told in one line that a person can act upon.

    PhoneError
    ├── TwimlError    the server's TwiML is not something Twilio would run
    ├── LineEndedError     the media stream ended while something was still awaited
    └── WaitTimeoutError   what was awaited did not happen in time

Raised by every file of the package; only `__main__` turns them into an exit code.
"""


class PhoneError(Exception):
    """A call could not be made or went wrong. The message is one line."""


class TwimlError(PhoneError):
    """The TwiML is not understood; the message says what and where."""


class LineEndedError(PhoneError):
    """The stream ended before what was awaited."""


class WaitTimeoutError(PhoneError):
    """What was awaited did not happen in time."""
