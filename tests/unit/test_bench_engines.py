"""The conversation bench's engines: they keep their pace, and remember what they took."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from google.cloud import texttospeech_v1 as tts

from bench.conversation_machine import CoreWatch
from bench.conversation_model import Model
from bench.conversation_voice import PacedServicer
from bench.conversation_words import Heard, audio_of, heard_in, reply_words
from media.frame import FRAME_BYTES
from tests.emulator.thoughts import Thoughts

pytestmark = [pytest.mark.unit, pytest.mark.anyio]

WAIT_S = 5.0
TEXT = "Reply 7 says yes."


@asynccontextmanager
async def asked(model: Model, said: str) -> AsyncGenerator[asyncio.StreamReader]:
    """A request, and what comes back."""
    listener = await asyncio.start_server(model.serve, "127.0.0.1", 0)
    async with asyncio.timeout(WAIT_S), listener:
        reader, writer = await asyncio.open_connection(*listener.sockets[0].getsockname())
        messages = [{"role": "user", "content": "before"}, {"role": "user", "content": said}]
        body = json.dumps({"messages": messages}).encode()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(body)
        writer.write(head + body)
        try:
            yield reader
        finally:
            writer.close()
            await writer.wait_closed()


async def test_the_model_says_the_reply_of_its_number_word_by_word() -> None:
    model = Model(token_s=0.0, word_s=0.0)
    async with asked(model, "bafe gohu") as reader:
        answer = (await reader.readuntil(b"0\r\n\r\n")).decode()
    events = [line[6:] for line in answer.splitlines() if line.startswith("data: ")]
    assert events.pop() == "[DONE]"
    deltas = [json.loads(event)["choices"][0]["delta"].get("content", "") for event in events]
    assert "".join(deltas) == " ".join(word for part in reply_words(1) for word in part)
    assert len(deltas) == len([word for part in reply_words(1) for word in part]) + 1


async def test_the_model_remembers_what_it_was_asked_and_what_its_first_sentence_took() -> None:
    model = Model(token_s=0.02, word_s=0.01)
    async with asked(model, "bafe gohu") as reader:
        await reader.readuntil(b"0\r\n\r\n")
    [one] = model.report("report")["asked"]
    assert (one["said"], one["number"]) == ("bafe gohu", 1)
    words = len(reply_words(1)[0])
    assert one["sentence_at"] - one["asked_at"] >= 0.02 + words * 0.01


async def test_a_caller_who_interrupts_the_model_harms_nobody() -> None:
    model = Model(token_s=0.0, word_s=WAIT_S)
    async with asked(model, "bafe gohu") as reader:
        await reader.readuntil(b"Reply")
    assert model.asked[0].sentence_at is None
    model.word_s = 0.0
    async with asked(model, "dumi") as reader:
        assert b"Reply" in await reader.readuntil(b"0\r\n\r\n")


async def test_the_voice_thinks_before_its_first_audio_and_remembers_both() -> None:
    servicer = PacedServicer(first_audio_s=0.03)
    request = tts.SynthesizeSpeechRequest(input=tts.SynthesisInput(text=TEXT))
    answer: Any = await servicer.synthesize_speech(request, None)
    assert answer.audio_content.endswith(b"".join(audio_of(TEXT)))
    [one] = servicer.report("report")["spoken"]
    assert one["text"] == TEXT
    assert one["audio_at"] - one["asked_at"] >= 0.03


def test_audio_in_pieces_of_any_size_is_the_same() -> None:
    assert b"".join(audio_of(TEXT, 3)) == b"".join(audio_of(TEXT, 1000))
    assert heard_in(b"".join(audio_of(TEXT))[-FRAME_BYTES:]) == Heard(7, 0, len(TEXT) * 3 - 1)


async def test_the_recognisers_answers_wait_for_their_time_and_keep_their_order() -> None:
    said: list[tuple[str, float]] = []

    async def write(answer: str) -> None:
        said.append((answer, time.monotonic()))

    thoughts = Thoughts(write)
    began_at = time.monotonic()
    for answer in ("one", "two"):
        await thoughts.say(answer, 0.05)
    assert said == []
    async with asyncio.timeout(WAIT_S):
        await thoughts.said()
    thoughts.cancel()
    assert [answer for answer, _ in said] == ["one", "two"]
    assert said[0][1] - began_at >= 0.05


async def test_a_recogniser_that_need_not_think_answers_at_once() -> None:
    said: list[str] = []

    async def write(answer: str) -> None:
        said.append(answer)

    await Thoughts(write).say("one", 0.0)
    assert said == ["one"]


async def test_the_watch_says_what_part_of_a_time_the_server_had_no_core() -> None:
    waited = iter([0.0, 1000.0])
    before = time.monotonic()
    async with CoreWatch(lambda: next(waited)) as watch:
        pass
    after = time.monotonic()
    assert watch.share(before, after) > 1.0
    assert watch.share(after, after) == 0.0
