"""The messages a model is sent: the prompt, what was said, what was keyed in, what tools gave.

Owns what the history does not hold (keys, calls of tools), each tied to the line it followed,
and the bound on all of it. Reads the history afresh each time, so that the model knows of its
own answers only what the caller really heard. `dialogue.model_brain` keeps one for each call.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dialogue.model_stream import Message
from dialogue.ports import Line

MAX_ASIDES: Final = 50
"""Keys and calls of tools that one call remembers; the oldest are forgotten."""

CALL_BEGAN: Final = "[The caller is connected.]"
"""Stands before a greeting: the chat templates of many models want the user to begin."""

EARLIER: Final = "[The conversation before this is left out.]"


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the conversation."""

    line: Line | None
    """What had been said last; None: nothing yet."""

    asked: str
    """What that line said then. A caller's line may be revised; what was done meanwhile was
    done for the words before."""


@dataclass(slots=True)
class Aside:
    """Messages that are no line of the conversation."""

    place: Place
    messages: list[Message]


class ModelMemory:
    """What the model of one call is told.

    Args:
        history: the conversation, kept up to date by the agent.
        prompt: the system prompt.
        max_chars: of all messages behind the prompt; the oldest are left out first.
    """

    def __init__(self, history: Sequence[Line], prompt: str, max_chars: int) -> None:
        self._history = history
        self._prompt = prompt
        self._max_chars = max_chars
        self._asides: deque[Aside] = deque(maxlen=MAX_ASIDES)

    def place(self) -> Place:
        """Return where the conversation is now."""
        line = self._history[-1] if self._history else None
        return Place(line, line.text if line else "")

    def add(self, place: Place, messages: Sequence[Message]) -> Aside:
        """Remember messages behind a place of the conversation; they may still be changed."""
        aside = Aside(place, list(messages))
        self._asides.append(aside)
        return aside

    def note(self, text: str) -> None:
        """Remember something that the caller did just now, told in words."""
        self.add(self.place(), [_said("caller", text)])

    def heard(self, text: str) -> None:
        """Make sure that the conversation ends with what the caller said."""
        if not self._history or self._history[-1].who != "caller":
            self.note(text)

    def messages(self) -> list[Message]:
        """Return what the model is sent, the prompt first."""
        units = self._newest_units()
        told = [message for unit in reversed(units) for message in unit]
        if told and told[0]["role"] != "user":
            whole = len(units) > len(self._history)
            told.insert(0, {"role": "user", "content": CALL_BEGAN if whole else EARLIER})
        return [{"role": "system", "content": self._prompt}, *_joined(told)]

    def _newest_units(self) -> list[list[Message]]:
        """Return the lines with what belongs to each, the newest first, as many as fit."""
        units: list[list[Message]] = []
        room = self._max_chars
        for unit in self._units():
            room -= sum(map(_size, unit))
            if room < 0 and units:
                break
            units.append(unit)
        return units

    def _units(self) -> Iterator[list[Message]]:
        """Yield each line with its asides, the newest first; last, what came before any."""
        for line in reversed(self._history):
            yield self._unit(line)
        yield [
            message for aside in self._asides if not aside.place.line for message in aside.messages
        ]

    def _unit(self, line: Line) -> list[Message]:
        said = _said(line.who, line.text)
        mine = [aside for aside in self._asides if aside.place.line is line]
        if line.who == "agent":
            return [said, *(message for aside in mine for message in aside.messages)]
        before: list[Message] = []
        after: list[Message] = []
        for aside in mine:
            if aside.place.asked == line.text:
                after += aside.messages
            else:
                before += [_said("caller", aside.place.asked), *aside.messages]
        return [*before, said, *after]


def _said(who: str, text: str) -> Message:
    return {"role": "assistant" if who == "agent" else "user", "content": text}


def _joined(messages: Sequence[Message]) -> Iterator[Message]:
    """Join what one side said in a row: many chat templates insist on taking turns."""
    last: Message | None = None
    for message in messages:
        if last and _is_plain(last) and _is_plain(message) and last["role"] == message["role"]:
            last = {**last, "content": f"{last['content']}\n{message['content']}"}
            continue
        if last:
            yield last
        last = message
    if last:
        yield last


def _is_plain(message: Message) -> bool:
    return message.keys() == {"role", "content"}


def _size(message: Message) -> int:
    """Characters that count: what is said, and what tools were called with."""
    arguments = (call["function"]["arguments"] for call in message.get("tool_calls", ()))
    return len(message["content"] or "") + sum(map(len, arguments))
