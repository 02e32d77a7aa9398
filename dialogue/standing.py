"""Where one call stands in its script: the topic, the failed turns, the variants' turns.

Immutable: every step makes a new one. The brain that keeps the one from before an utterance
can take that utterance back by going on from there. Made and read by `dialogue.scripted`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dialogue.script import Intent, Variants


@dataclass(frozen=True, slots=True)
class Standing:
    """What a call has come to."""

    topic: Intent | None = None
    """The intent of the top level whose follow-ups are live."""

    strikes: int = 0
    """Failed turns in a row while speech was recognised."""

    deaf_turns: int | None = None
    """Failed turns in a row since nothing is recognised any more; None while it is."""

    collecting: Intent | None = None
    """The intent whose digits the caller has been asked for."""

    turns: Mapping[Variants, int] = field(default_factory=dict[Variants, int])
    """Whose turn it is in each reply that has several texts and has been used."""

    @property
    def is_deaf(self) -> bool:
        """Whether nothing is recognised any more."""
        return self.deaf_turns is not None

    def relieved(self) -> "Standing":
        """Return the standing after a turn that led somewhere: none has failed since."""
        return replace(self, strikes=0, deaf_turns=0 if self.is_deaf else None)

    def served(self, intent: Intent, *, top_level: bool) -> "Standing":
        """Return the standing after an intent was understood, not a follow-up if `top_level`."""
        topic = intent if top_level else self.topic
        collecting = intent if intent.collection else None
        return replace(self.relieved(), topic=topic, collecting=collecting)

    def collected(self) -> "Standing":
        """Return the standing after the caller has keyed in what was asked for."""
        return replace(self.relieved(), collecting=None)

    def struck(self) -> "Standing":
        """Return the standing after a turn failed while speech was recognised."""
        return replace(self, strikes=self.strikes + 1)

    def deafened(self) -> "Standing":
        """Return the standing after recognition was lost; losing it twice starts no new count."""
        return self if self.is_deaf else replace(self, deaf_turns=0)

    def missed(self) -> "Standing":
        """Return the standing after a turn failed because nothing is recognised."""
        return replace(self, deaf_turns=(self.deaf_turns or 0) + 1)

    def hearing(self) -> "Standing":
        """Return the standing after words were recognised."""
        return replace(self, deaf_turns=None)

    def text_of(self, variants: Variants) -> str:
        """Return the text whose turn it is."""
        return variants[self.turns.get(variants, 0)]

    def spoken(self, variants: Variants) -> "Standing":
        """Return the standing after the text whose turn it was."""
        if len(variants) == 1:
            return self
        following = (self.turns.get(variants, 0) + 1) % len(variants)
        return replace(self, turns={**self.turns, variants: following})
