"""The sending side: Twilio's three messages, marks that are out, what is owed."""

import pytest

from media.frame import SILENCE_FRAME
from tests.support.web import FakeTransport
from web.caller_socket import MAX_MARKS_OUT, TwilioCallerSocket

pytestmark = pytest.mark.unit


class Player:
    """What the far side is told to play."""

    def __init__(self) -> None:
        self.told: list[bytes | str] = []

    def played(self, payload: bytes) -> None:
        self.told.append(payload)

    def cleared(self) -> None:
        self.told.append("cleared")


def make() -> tuple[TwilioCallerSocket, FakeTransport]:
    transport = FakeTransport()
    return TwilioCallerSocket(transport, "MZ1", Player()), transport


def test_it_speaks_twilios_protocol() -> None:
    socket, transport = make()
    socket.send_media(b"\xff\xff\xff")
    socket.send_mark("a#1")
    socket.send_clear()
    assert transport.sent == [
        {"event": "media", "streamSid": "MZ1", "media": {"payload": "////"}},
        {"event": "mark", "streamSid": "MZ1", "mark": {"name": "a#1"}},
        {"event": "clear", "streamSid": "MZ1"},
    ]


def test_only_marks_that_are_out_come_back_and_each_once() -> None:
    socket, _ = make()
    socket.send_mark("a#1")
    assert not socket.take_mark("b#1")
    assert socket.take_mark("a#1")
    assert not socket.take_mark("a#1")


def test_marks_that_never_come_back_are_forgotten_oldest_first() -> None:
    socket, _ = make()
    for number in range(MAX_MARKS_OUT + 1):
        socket.send_mark(f"m#{number}")
    assert not socket.take_mark("m#0")
    assert socket.take_mark("m#1")


def test_owed_messages_are_counted_in_frames_and_rounded_up() -> None:
    socket, transport = make()
    assert socket.owed_messages == 0
    transport.unsent_bytes = 1
    assert socket.owed_messages == 1
    socket.send_media(SILENCE_FRAME)
    one = 4 + len('{"event":"media","streamSid":"MZ1","media":{"payload":"' + "/" * 213 + '8="}}')
    transport.unsent_bytes = 144 * one
    assert socket.owed_messages == 144


def test_closing_is_polite_and_aborting_is_not() -> None:
    socket, transport = make()
    socket.close("bye")
    socket.abort()
    assert transport.finished == [(1000, "bye")]
    assert transport.aborted


def test_whoever_follows_the_player_hears_of_audio_and_clears_only() -> None:
    player = Player()
    socket = TwilioCallerSocket(FakeTransport(), "MZ1", player)
    socket.send_media(b"\x01")
    socket.send_mark("a#1")
    socket.send_clear()
    socket.close("bye")
    assert player.told == [b"\x01", "cleared"]
