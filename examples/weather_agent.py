"""Looks something up while the caller waits: `AGENT=examples.weather_agent:weather_agent`.

`async` code runs on the event loop of all calls: it may wait for anything that is `async`,
and must not block.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

from dialogue.ports import CallBegan, CallerEvent, CallerSaid, CallFacts, EndCall, LeaveNote, Say
from dialogue.text import words

FORECASTS = {
    "london": "rain until noon, then a little sun",
    "haifa": "sunny, with wind from the sea",
}


async def look_up(city: str) -> str:
    """Stand for a request to a weather service, made with an `async` HTTP client."""
    await asyncio.sleep(0)
    return FORECASTS[city]


@dataclass
class WeatherAgent:
    """One caller and the city of their last question."""

    call: CallFacts
    city: str = ""

    async def respond(self, event: CallerEvent) -> AsyncIterator[str | Say | LeaveNote | EndCall]:
        """Greet, answer, say goodbye; each `yield` is spoken while the next is being made."""
        match event:
            case CallBegan():
                yield "Hello. For which city shall I look up the weather?"
                yield Say("This call is not recorded.", interruptible=False)
            case CallerSaid(text) if "goodbye" in words(text):
                yield LeaveNote(f"last asked about: {self.city or 'nothing'}")
                yield "Goodbye."
                yield EndCall()
            case CallerSaid(text):
                async for sentence in self.forecast(text):
                    yield sentence
            case _:
                return  # The dialogue file knows what to say.

    async def forecast(self, text: str) -> AsyncIterator[str]:
        """Find the city in what was said and tell its weather."""
        asked = [city for city in FORECASTS if city in words(text)]
        if not asked:
            yield f"I know the weather in {' and '.join(map(str.title, FORECASTS))} only."
            return
        self.city = asked[0]
        yield f"The weather in {self.city.title()}."
        yield f"It is {await look_up(self.city)}."


def weather_agent(call: CallFacts) -> WeatherAgent:
    """Make the agent of one call."""
    return WeatherAgent(call)
