"""What is said and keyed in while something must be heard: all of it is told, once, in order."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.agent_memory import KEPT_MAX
from actors.clock import LoopClock
from actors.messages import DigitPressed, FinalTranscript
from dialogue import ports as brains
from tests.support.agent import AgentRig
from tests.support.context import logged, staged
from tests.support.own_agents import ask, begin, own_call
from tests.support.storyteller import behind_the_notice, notice

pytestmark = pytest.mark.unit

SOON_S = 5.0

ACTS = st.lists(st.sampled_from(["says", "revises", "presses"]), max_size=KEPT_MAX)


class Caller:
    """Says words that are all different, and knows what must be told of them."""

    def __init__(self, rig: AgentRig) -> None:
        self.rig = rig
        self.told: list[list[str]] = []
        self._utterance = 0
        self._words: list[str] = []

    def act(self, act: str) -> None:
        if act == "presses":
            key = str(len(self.told))
            self.told.append([key])
            self.rig.tell(DigitPressed(key))
        elif act == "revises" and self._words:
            self._words.append(f"more{len(self._words)}")
            self._say(revises=True)
        else:
            self._utterance += 1
            self._words = [f"word{self._utterance}"]
            self.told.append(self._words)
            self._say(revises=False)

    def _say(self, *, revises: bool) -> None:
        text, at = " ".join(self._words), self.rig.clock.now()
        self.rig.tell(FinalTranscript(self._utterance, text, at, revises=revises))

    @property
    def all(self) -> list[str]:
        return [word for words in self.told for word in words]


def told(rig: AgentRig) -> list[str]:
    """Every word and key that the brain was told, in order."""
    words: list[str] = []
    for event in rig.told:
        match event:
            case brains.CallerSaid(text=text, revises=revises):
                assert not revises
                words += text.split()
            case brains.CallerPressed(digit=digit):
                words.append(digit)
            case _:
                assert event == brains.CallBegan()
    return words


@settings(max_examples=60, deadline=None)
@given(before=ACTS, after=ACTS, crashes=st.booleans())
def test_all_that_was_kept_is_told_once_and_in_order(
    before: list[str], after: list[str], *, crashes: bool
) -> None:
    with staged(AgentRig) as rig:
        notice(rig)
        caller = Caller(rig)
        for act in before[: KEPT_MAX // 2]:
            caller.act(act)
        if crashes:
            rig.crash()
        for act in after[: KEPT_MAX // 2]:
            caller.act(act)
        if crashes:
            rig.start()
        assert told(rig) == []
        behind_the_notice(rig)
        assert told(rig) == caller.all
        assert rig.memory.kept == []


def test_more_than_is_kept_costs_the_oldest_and_is_said_in_the_log() -> None:
    with staged(AgentRig) as rig:
        notice(rig)
        caller = Caller(rig)
        with logged() as lines:
            for _ in range(KEPT_MAX + 2):
                caller.act("says")
        assert len(lines) == 2
        assert "word" not in "".join(lines)
        behind_the_notice(rig)
        assert told(rig) == caller.all[2:]


@pytest.mark.parametrize("kind", ["thread", "loop"])
def test_an_own_agent_hears_of_an_event_whose_answer_is_given_up_a_moment_later(
    kind: str,
) -> None:
    """A moment is what lies between two kept events: a timer without a delay."""
    heard: list[brains.CallerEvent] = []
    done = asyncio.Event()

    def listens(event: brains.CallerEvent) -> str:
        heard.append(event)
        return "yes"

    async def listens_on_the_loop(event: brains.CallerEvent) -> str:
        return listens(event)

    def make(_call: brains.CallFacts) -> object:
        return listens if kind == "thread" else listens_on_the_loop

    async def run() -> None:
        async with own_call(make) as brain, asyncio.timeout(SOON_S):
            await ask(brain, brains.CallBegan())
            _, first = begin(brain, brains.CallerSaid("opening hours"))

            def go_on() -> None:
                first.cancel()
                done.set()

            LoopClock(asyncio.get_running_loop()).call_later(0.0, go_on)
            await done.wait()
            hearing, _ = begin(brain, brains.CallerPressed("5"))
            await hearing.end()

    asyncio.run(run())
    assert heard[1:] == [brains.CallerSaid("opening hours"), brains.CallerPressed("5")]
