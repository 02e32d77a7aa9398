"""What an agent of your own is: one method, told of one event at a time.

Owns types only; events and outputs are those of `dialogue.ports`. Implemented outside this
project, named by the setting `AGENT=package.module:factory`, called by `dialogue.own_brain`.
Described with examples in docs/agents.md.
"""

from collections.abc import AsyncIterable, Awaitable, Callable, Iterable
from typing import Protocol

from dialogue.ports import BrainOutput, CallerEvent, CallFacts

Output = str | BrainOutput | None
"""A text is spoken like `Say(text)`. None is no output at all."""

Outputs = Output | Iterable[Output]
"""What plain code answers: one output, or several, perhaps from a generator."""

Answer = Outputs | AsyncIterable[Output] | Awaitable[Outputs]
"""What `respond()` may return: so it may be any kind of function, `async` or not, with
`return` or with `yield`."""

Respond = Callable[[CallerEvent], Answer]


class Agent(Protocol):
    """Your agent in one call.

    Code that is not `async` runs in a thread, so that it may block; `async` code runs on the
    event loop of all calls and must not. Nothing of one call runs twice at the same time.
    """

    def respond(self, event: CallerEvent) -> Answer:
        """Answer an event.

        Outputs are spoken and done in order, each as soon as it is there. Without any (None,
        or a generator that ends at once) the dialogue file answers the event; an empty text
        is an answer that says nothing. An exception makes the agent apologise.

        A reply that the caller interrupts is called off: `async` code is cancelled, a
        generator is closed at its next `yield`, and what a function still returns is not said.
        """
        ...


AgentFactory = Callable[[CallFacts], Agent | Respond | Awaitable[Agent | Respond]]
"""Makes the agent of one call before its first event; may give a plain function for it.

A class whose constructor takes the `CallFacts` is one. Runs in a thread, unless `async`. An
agent may have a method `close()`, `async` or not: it is called when the call is over.
"""
