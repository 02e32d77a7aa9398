"""What `phone check` makes of numbers: rows, verdicts, advice, the printed list."""

import argparse
import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from media.frame import FRAME_BYTES, SILENCE_BYTE
from phone import check_command
from phone.call import CallOptions
from phone.check_calls import CheckedCall
from phone.check_flow import judge_flow
from phone.check_judge import judge_calls
from phone.check_plan import INTERRUPTION, QUESTION, make_plan, voice_s
from phone.check_row import Row, Verdict, is_go, merged, not_seen, row
from phone.check_sound import judge_sound
from phone.check_steps import LongSentence
from phone.check_text import COLUMNS, list_text
from phone.check_times import judge_times
from phone.check_view import NO_VIEW, Refusal, View, read_view
from phone.check_watch import Look
from phone.errors import PhoneError
from phone.histogram import Histogram
from phone.loudness import Loudness
from phone.spans import Span
from recordings.make import wave_file
from speech.tone import tone

pytestmark = pytest.mark.unit

SECOND = 8000
TURN = {"at_s": 9.0, "partial_ms": 300.0, "final_ms": 350.0, "total_ms": 400.0}
GOOD_VIEW: dict[str, Any] = {
    "state": "ended:caller_hung_up",
    "mode": {"rx": "normal", "stt": "streaming"},
    "queues": {"rx": 0, "stt": 49, "tx": 19},
    "fps": {"in": 49.0, "out": 51.0},
    "write_ms": {"rx": 0.9, "stt": 1.9},
    "drops": {"rx": {}, "tx": {"stale": 9}},
    "trouble": {"stt_deaf": 0},
    "restarts": {"stt": 0},
    "latencies": [TURN],
    "transcript": [{"who": "caller", "text": "hello", "at_s": 9.0}, {"who": "agent"}],
}


def view(**changes: Any) -> View:
    seen = read_view(json.dumps(GOOD_VIEW | changes).encode())
    assert isinstance(seen, View)
    return seen


def line(*, late_s: float = 0.0, own_s: float = 0.0, text: str = "hello", **more: int) -> Any:
    """A finished line on which the agent spoke for ten seconds."""
    late, own, loudness = Histogram(), Histogram(), Loudness()
    late.add(late_s)
    own.add(own_s)
    loudness.add(tone(text))
    loudness.clipped_samples = more.get("clipped", 0)
    underruns = SimpleNamespace(count=more.get("underruns", 0), audible=0)
    speaker = SimpleNamespace(
        cadence=SimpleNamespace(lateness=late), playout=SimpleNamespace(underruns=underruns)
    )
    agent = SimpleNamespace(spans=[Span(0, 10 * SECOND)])
    ear = SimpleNamespace(agent=agent, agent_loudness=loudness, turns=list)
    return SimpleNamespace(ear=ear, loudspeaker=speaker, tick_lateness=own)


def call(seen: View | None, refusal: Refusal | None = None, **more: Any) -> CheckedCall:
    looks = [Look(s * SECOND, s * SECOND + 80, seen) for s in (1, 3, 5)] if seen else []
    return CheckedCall((), line(), looks, seen, refusal, **more)


def bad(rows: Sequence[Row]) -> dict[str, str]:
    return {one.name: one.detail for one in rows if one.verdict is Verdict.NO_GO}


# --- rows ---------------------------------------------------------------------------------


def test_a_no_go_outweighs_a_go_of_the_same_name_and_keeps_its_place() -> None:
    rows = [row("a", go=True, detail="1"), row("b", go=True, detail="2")]
    assert merged([*rows, row("a", go=False, detail="3")])[0].detail == "3"
    assert [one.name for one in merged([*rows, row("a", go=True, detail="4")])] == ["a", "b"]


def test_what_is_not_seen_forbids_only_where_it_was_to_be_seen() -> None:
    assert not is_go([not_seen("a", "why", needed=True)])
    assert is_go([not_seen("a", "why", needed=False)])


def test_the_list_fits_a_terminal_and_advises_where_it_must() -> None:
    long = "many words that say what is wrong with this server " * 4
    rows = [
        row("long sentence", go=False, detail=long, advice=long),
        row("drops", go=True, detail="0", advice="none"),
        not_seen("STT queue", "refused with 401", needed=False),
    ]
    lines = list_text(rows).splitlines()
    assert max(map(len, lines)) <= COLUMNS
    assert lines[0].startswith("NO-GO  long sentence  many words")
    assert any(one.strip().startswith("-> many words") for one in lines)
    assert "none" not in list_text(rows)
    assert lines[-1] == "NO-GO: long sentence"
    assert list_text(rows[1:]).endswith("\nGO (1 rows were not looked at)")


# --- times --------------------------------------------------------------------------------


def times(turn: dict[str, float], heard_s: Sequence[float] = ()) -> dict[str, Row]:
    rows = judge_times([TURN, turn], heard_s, None, needed=True)
    return {one.name: one for one in rows}


def test_the_worst_turn_decides_and_the_target_stands_beside() -> None:
    rows = times({"partial_ms": 1300.0, "final_ms": 1700.0, "total_ms": 1750.0})
    assert {name: one.verdict for name, one in rows.items()} == {
        "partial": Verdict.NO_GO,
        "final": Verdict.GO,
        "total": Verdict.GO,
    }
    assert rows["partial"].detail == "worst 1.30 s, limit 1.20; target 0.8 missed, 2 turns"
    assert "GOOGLE_CLOUD_REGION" in rows["partial"].advice
    assert "fallback" in rows["final"].advice


def test_a_turn_at_the_limit_is_late() -> None:
    rows = times({"partial_ms": 1200.0, "final_ms": 1800.0, "total_ms": 2300.0})
    assert all(one.verdict is Verdict.NO_GO for one in rows.values())


@pytest.mark.parametrize(
    ("parts", "advice"),
    [
        ({"token_ms": 2100.0, "synthesis_ms": 100.0}, "token took 2.10 s: the model"),
        ({"token_ms": 100.0, "synthesis_ms": 2100.0}, "synthesis took 2.10 s: the voice"),
        ({"final_ms": 2100.0, "synthesis_ms": 100.0}, "Most of it is the final"),
    ],
)
def test_a_late_total_names_the_part_that_took_the_time(
    parts: dict[str, float], advice: str
) -> None:
    rows = times({"final_ms": 200.0, "total_ms": 2400.0} | parts)
    assert rows["total"].verdict is Verdict.NO_GO
    assert advice in rows["total"].advice


def test_what_the_phone_heard_counts_too_and_alone_where_nothing_is_seen() -> None:
    assert times(TURN, [2.5])["total"].verdict is Verdict.NO_GO
    unseen = judge_times([], [0.5], Refusal("refused with 401"), needed=False)
    assert [one.verdict.value for one in unseen] == ["-", "-", "GO"]
    assert judge_times([], [], None, needed=True)[2].verdict is Verdict.NO_GO


def test_a_recogniser_without_partials_is_not_taken_for_a_fast_one() -> None:
    rows = judge_times([{"final_ms": 1.0, "total_ms": 1.0}], [], None, needed=True)
    assert bad(rows) == {"partial": "NOT SEEN: no turn had a partial"}


# --- flow ---------------------------------------------------------------------------------


def test_numbers_within_the_limits_are_go() -> None:
    assert bad(judge_flow([call(view())], needed=True)) == {}


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"fps": {"in": 48.9, "out": 50.0}}, "fps in"),
        ({"fps": {"in": 50.0, "out": 51.1}}, "fps out"),
        ({"queues": {"rx": 20, "stt": 0}}, "queues"),
        ({"queues": {"rx": 0, "stt": 50}}, "STT queue"),
        ({"write_ms": {"rx": 1.0, "stt": 0.0}}, "RX write"),
        ({"write_ms": {"rx": 0.0, "stt": 2.0}}, "STT write"),
        ({"drops": {"rx": {"overflow": 1}}}, "drops"),
        ({"restarts": {"stt": 1}}, "recogniser"),
        ({"trouble": {"stt_deaf": 1}}, "recogniser"),
        ({"mode": {"stt": "single"}}, "recogniser"),
    ],
)
def test_each_number_at_its_limit_is_a_no_go_of_its_own(changes: dict[str, Any], name: str) -> None:
    assert bad(judge_flow([call(view(**changes))], needed=True)).keys() == {name}


def test_a_view_that_shows_less_is_not_seen_rather_than_good() -> None:
    rows = judge_flow([call(view(write_ms=None, fps=None))], needed=True)
    assert bad(rows).keys() == {"fps in", "fps out", "RX write", "STT write"}


def test_seconds_in_which_the_agent_began_or_ended_do_not_count() -> None:
    short = call(view(fps={"in": 50.0, "out": 20.0}))
    short.line.ear.agent.spans[:] = [Span(0, 2 * SECOND), Span(4 * SECOND, 5 * SECOND)]
    rows = judge_flow([short], needed=True)
    assert bad(rows) == {"fps out": "NOT SEEN: the agent spoke too shortly"}


def test_a_refused_view_says_why_once() -> None:
    rows = judge_flow([call(None, Refusal("refused with 401", "Give it."))], needed=True)
    assert [one.advice for one in rows] == ["Give it."] + [""] * 8
    assert all(one.detail == "NOT SEEN: refused with 401" for one in rows)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"state": 1}', b"\xff"])
def test_anything_else_than_a_view_is_no_view(body: bytes) -> None:
    assert read_view(body) == NO_VIEW


# --- turns and sound ----------------------------------------------------------------------


def test_a_long_sentence_that_the_server_took_for_two_turns_is_a_no_go() -> None:
    said = LongSentence(began_s=5.0, answered_s=14.0)
    assert bad(judge_calls([call(view(), long=said)])) == {}
    twice = [{"who": "caller", "at_s": at_s} for at_s in (9.0, 13.0)]
    for split in ({"latencies": [TURN, TURN]}, {"transcript": twice}):
        rows = bad(judge_calls([call(view(**split), long=said)]))
        assert rows == {"long sentence": "taken for 2 turns"}
    elsewhere = [TURN, TURN | {"at_s": 20.0}]
    assert bad(judge_calls([call(view(latencies=elsewhere), long=said)])) == {}


@pytest.mark.parametrize(
    ("heard", "name", "advice"),
    [
        (line(late_s=0.061), "cadence", "loop_lag_seconds"),
        (line(own_s=0.021), "cadence", "This phone's own clock"),
        (line(underruns=1), "underruns", "TX_LEAD_FRAMES"),
        (line(clipped=161), "level", "another voice"),
        (line(text=" "), "level", "another voice"),
    ],
)
def test_sound_that_is_not_as_it_should_be_is_a_no_go(heard: Any, name: str, advice: str) -> None:
    assert bad(judge_sound([line()])) == {}
    (found,) = [one for one in judge_sound([line(), heard]) if one.verdict is Verdict.NO_GO]
    assert found.name == name
    assert advice in found.advice


# --- what is said -------------------------------------------------------------------------


def voice(texts: Sequence[str], _language: str) -> list[bytes]:
    return [tone("a" * len(text)) + bytes([SILENCE_BYTE]) * FRAME_BYTES for text in texts]


def silent(_texts: Sequence[str], _language: str) -> list[bytes]:
    raise AssertionError("the voice is not needed")


def wav(folder: Path, name: str, seconds: float) -> Path:
    path = folder / name
    path.write_bytes(wave_file(tone("a" * round(seconds / 0.06))))
    return path


def test_the_phones_voice_says_what_no_file_is_given_for(tmp_path: Path) -> None:
    plan = make_plan(voice)
    assert [plan.question, plan.interruption] == voice([QUESTION, INTERRUPTION], "")
    assert voice_s(plan.long) > 2 * voice_s(plan.question)
    own = make_plan(voice, long=wav(tmp_path, "long.wav", 8.0))
    assert own.question == plan.question
    assert voice_s(own.long) == pytest.approx(8.0, abs=0.1)


def test_own_recordings_need_no_voice_and_the_question_interrupts_too(tmp_path: Path) -> None:
    answer, long = wav(tmp_path, "answer.wav", 2.0), wav(tmp_path, "long.wav", 7.0)
    plan = make_plan(silent, answer, long)
    assert plan.interruption == plan.question
    cut = make_plan(silent, answer, long, wav(tmp_path, "cut.wav", 1.0)).interruption
    assert voice_s(cut) == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(("seconds", "expected"), [(6.0, "7 to 10 s"), (11.0, "7 to 10 s")])
def test_a_long_sentence_of_another_length_is_one_line(
    tmp_path: Path, seconds: float, expected: str
) -> None:
    path = wav(tmp_path, "long.wav", seconds)
    with pytest.raises(PhoneError, match=rf"long.wav: expected {expected} of voice, it has"):
        make_plan(voice, long=path)


def test_a_question_without_a_voice_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(PhoneError, match=r"a.wav: expected at least 0.4 s of voice"):
        make_plan(voice, wav(tmp_path, "a.wav", 0.2))


# --- the command --------------------------------------------------------------------------


def parsed(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    check_command.add_check_arguments(parser)
    return parser.parse_args(["http://127.0.0.1:1", *arguments])


@pytest.mark.parametrize(
    ("arguments", "environment", "token"),
    [((), None, None), ((), "from-there", "from-there"), (("--admin-token", "t"), "x", "t")],
)
def test_the_admin_token_comes_from_the_option_or_the_environment(
    monkeypatch: pytest.MonkeyPatch,
    arguments: Sequence[str],
    environment: str | None,
    token: str | None,
) -> None:
    tokens: list[str | None] = []

    async def held(options: CallOptions, _plan: Any, _tell: Any) -> list[CheckedCall]:
        tokens.append(options.admin_token)
        return [call(view())]

    monkeypatch.setattr(check_command, "hold_checked_calls", held)
    monkeypatch.setattr(check_command, "speak_texts", voice)
    monkeypatch.delenv("ADMIN_TOKEN", raising=False)
    if environment is not None:
        monkeypatch.setenv("ADMIN_TOKEN", environment)
    told: list[str] = []
    code = asyncio.run(check_command.check_server(parsed(*arguments), told.append))
    assert (code, tokens) == (0, [token])
    assert told[-1].endswith("\nGO")


@pytest.mark.parametrize(
    ("option", "code", "go"), [("--json", 1, False), ("--without-view", 0, True)]
)
def test_the_exit_code_is_the_verdict(
    monkeypatch: pytest.MonkeyPatch, option: str, code: int, *, go: bool
) -> None:
    async def held(*_: Any) -> list[CheckedCall]:
        unseen = call(None, Refusal("refused with 401"))
        ear: Any = unseen.line.ear
        ear.turns = lambda: [SimpleNamespace(latency_ms=300.0)]
        return [unseen]

    monkeypatch.setattr(check_command, "hold_checked_calls", held)
    monkeypatch.setattr(check_command, "speak_texts", voice)
    told: list[str] = []
    arguments = parsed(*{option, "--json"})
    assert asyncio.run(check_command.check_server(arguments, told.append)) == code
    document = json.loads(told[-1])
    assert document["go"] is go
    assert {one["name"] for one in document["rows"]} >= {"view", "partial", "total", "level"}
