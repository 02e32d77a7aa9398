"""Says in words what a list of TwiML verbs makes of a call. Pure."""

from collections.abc import Sequence

from phone.twiml import ConnectStream, Dial, Hangup, Pause, Redirect, Reject, Say, Verb


def describe(verbs: Sequence[Verb]) -> str:
    """One line such as `say, dial +15550100`; a document without verbs hangs up."""
    return ", ".join(_word(verb) for verb in verbs) or "hang up"


def _word(verb: Verb) -> str:  # noqa: PLR0911 - one case for each verb
    match verb:
        case ConnectStream():
            return "stream"
        case Say():
            return "say"
        case Dial(to):
            return f"dial {to}"
        case Redirect(url):
            return f"redirect {url}"
        case Reject(reason):
            return f"reject {reason}"
        case Hangup():
            return "hang up"
        case Pause():
            return "pause"
