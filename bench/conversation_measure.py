"""From what a phone, the engines and the server saw of a call to the times of its turns.

Pure. The engines say how long they took themselves, so that only the rest is the server's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bench.conversation_calls import Arrived, HeldCall, Said
from bench.conversation_words import Heard, heard_in, is_first, number_of
from phone.server_messages import Clear, Media

GRID_S: Final = 0.02
"""Speech goes out on a grid of one frame: what is ready waits for its next line at most so long."""

CALM_BELOW: Final = 0.1
"""Part of a turn. The bench's own processes alone make it 0.07 on two cores."""

BATCH_S: Final = 0.06
HANGOVER_S: Final = 0.18
"""Of `STT_PRESET=balanced`, the default."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the engines take, in seconds."""

    quiet_s: float
    """Quiet that ends an utterance, to the recogniser."""
    thinking_s: float
    """From the audio to what the recogniser says about it."""
    token_s: float
    """From a request to the first word of the model."""
    word_s: float
    """From one word of the model to the next."""
    audio_s: float
    """From a text to its first audio."""
    early: bool = True
    """Whether partials are answered."""

    @property
    def recognition_s(self) -> float:
        """From the end of a voice to its final, as the engine and the settings make it last."""
        heard_s = BATCH_S + self.thinking_s
        return max(HANGOVER_S, heard_s) if self.early else self.quiet_s + heard_s


@dataclass(frozen=True, slots=True)
class Engines:
    """What the model and the voice remember, by the number of the reply."""

    asked: Sequence[Mapping[str, Any]]
    audio_s: Mapping[int, float]
    """From the first text of a reply to its first audio."""

    def answer_to(self, words: str) -> tuple[int, float] | None:
        """Find the last reply to these words, and the time to its first sentence."""
        for one in reversed(self.asked):
            if one["said"].endswith(words) and one["sentence_at"] is not None:
                return one["number"], one["sentence_at"] - one["asked_at"]
        return None


@dataclass(frozen=True, slots=True)
class Turn:
    """An utterance and its answer, in seconds."""

    total_s: float
    """From the caller's last voiced sample to the first message of the answer, at the phone."""
    engines_s: float
    """What of it the model and the voice took, by their own clocks."""
    own_s: float
    """What is left without the engines, the batch and hangover, and the grid."""
    server_s: float | None
    """The same by the server's timeline, from its own voice end to its own first frame."""
    waited: float = 0.0
    """What part of the time the server was ready to run and the machine had no core for it."""

    @property
    def is_calm(self) -> bool:
        """Whether the machine had a core for the server when it needed one, or nearly."""
        return self.waited < CALM_BELOW


@dataclass(frozen=True, slots=True)
class Outcome:
    """One call."""

    turns: tuple[Turn, ...]
    unanswered: int
    """Utterances whose answer was not found."""
    barge_ins_s: tuple[float, ...]
    """From the first voiced sample of an interruption to the `clear`, at the phone."""
    ignored: int
    """Interruptions without a `clear`."""
    stale: int
    resumed: int
    failures: tuple[str, ...]


def engines_of(model: Mapping[str, Any], voice: Mapping[str, Any]) -> Engines:
    """Read the reports of both processes."""
    audio_s: dict[int, float] = {}
    for one in voice["spoken"]:
        if is_first(one["text"]) and one["audio_at"] is not None:
            audio_s[number_of(one["text"])] = one["audio_at"] - one["asked_at"]
    return Engines(model["asked"], audio_s)


def outcome_of(
    call: HeldCall,
    pace: Pace,
    engines: Engines,
    view: Mapping[str, Any],
    waited: Callable[[float, float], float] = lambda _since, _until: 0.0,
) -> Outcome:
    """Measure one call.

    Args:
        call: what the phone saw.
        pace: how long the engines were to take.
        engines: how long they took.
        view: what the server tells of it.
        waited: says what part of a time the server had no core.
    """
    heard = [(one.at, _heard(one)) for one in call.journal.messages]
    timeline = view.get("latencies", ())
    whole = len(timeline) == len(call.said)
    turns = [
        _turn(said, heard, pace, engines, waited, timeline[place] if whole else None)
        for place, said in enumerate(call.said)
    ]
    found = tuple(turn for turn in turns if turn is not None)
    barge_ins = [_barge_in_s(said, call) for said in call.said if said.interrupts]
    stops = tuple(one for one in barge_ins if one is not None)
    stale, resumed = stale_of(call.journal.messages)
    failures = list(call.report.failures)
    if call.journal.unkept:
        failures.append(f"{call.journal.unkept} messages of the server were not kept")
    return Outcome(
        turns=found,
        unanswered=len(turns) - len(found),
        barge_ins_s=stops,
        ignored=len(barge_ins) - len(stops),
        stale=stale,
        resumed=resumed,
        failures=tuple(failures),
    )


def _turn(
    said: Said,
    heard: Sequence[tuple[float, Heard | None]],
    pace: Pace,
    engines: Engines,
    waited: Callable[[float, float], float],
    timeline: Mapping[str, Any] | None,
) -> Turn | None:
    answer = engines.answer_to(said.text)
    if answer is None or answer[0] not in engines.audio_s:
        return None
    number, sentence_s = answer
    first = (at for at, one in heard if one is not None and one.number == number)
    began_at = next(first, None)
    if began_at is None:
        return None
    engines_s = sentence_s + engines.audio_s[number]
    known_s = pace.recognition_s + engines_s + GRID_S
    total_s = began_at - said.ended_at
    server_s = None
    if timeline is not None and timeline["total_ms"] is not None:
        server_s = timeline["total_ms"] / 1000 - known_s
    without_core = waited(said.ended_at, began_at)
    return Turn(total_s, engines_s, total_s - known_s, server_s, without_core)


def _barge_in_s(said: Said, call: HeldCall) -> float | None:
    clears = (one.at for one in call.journal.messages if isinstance(one.message, Clear))
    stopped_at = next((at for at in clears if said.started_at <= at), None)
    if stopped_at is None or stopped_at > said.ended_at:
        return None
    return stopped_at - said.started_at


def stale_of(messages: Sequence[Arrived]) -> tuple[int, int]:
    """Look for audio that a `clear` should have thrown away.

    A frame after a `clear` is good only if it is the first one of a newer reply, or, where the
    agent goes on with the same one, a frame that had been sent already; what then follows must
    be the next frame of the same, silence between two of its texts, or such a beginning.

    Returns:
        messages that are none of these, and how often a reply went on.
    """
    stale = resumed = 0
    last = Heard(0, 0, -1)
    cleared = False
    for one in messages:
        match one.message:
            case Clear():
                cleared = True
            case Media(payload):
                heard = heard_in(payload)
                if cleared:
                    goes_on = heard is not None and _was_sent(heard, last)
                    good = goes_on or (heard is not None and _begins_newer(heard, last))
                    resumed += goes_on
                    cleared = not good
                else:
                    good = heard is None or _follows(heard, last)
                stale += not good
                last = heard if heard is not None and good else last
            case _:
                pass
    return stale, resumed


def _was_sent(heard: Heard, last: Heard) -> bool:
    return heard.number == last.number and (heard.text, heard.frame) <= (last.text, last.frame)


def _begins_newer(heard: Heard, last: Heard) -> bool:
    is_newer = heard.number > last.number or not heard.number
    return is_newer and (heard.text, heard.frame) == (0, 0)


def _follows(heard: Heard, last: Heard) -> bool:
    if heard.number != last.number:
        return heard.frame == 0
    if heard.text != last.text:
        return heard.text > last.text and heard.frame == 0
    return heard.frame == last.frame + 1


def _heard(one: Arrived) -> Heard | None:
    return heard_in(one.message.payload) if isinstance(one.message, Media) else None
