"""What this project takes for granted about Pykka, private names and their behaviour.

A change in Pykka fails here, with a name that tells what is broken. `actors/loop_actor.py`
is the only module that uses these:

* hooks it implements: `Actor._create_actor_inbox`, `_create_future`, `_start_actor_loop`;
* methods it calls: `Actor._handle_receive`, `_handle_failure`, `_stop`,
  `_actor_loop_teardown`;
* types it takes apart: `pykka._envelope.Envelope` (`message`, `reply_to`),
  `pykka.messages._ActorStop`.

It also relies on how `ActorRef` and `ThreadingFuture` treat an actor and an answer.
"""

import ast
import asyncio
import inspect
import weakref
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pykka
import pytest
from pykka import messages as pykka_messages
from pykka._envelope import Envelope

from actors import loop_actor

pytestmark = pytest.mark.unit

PRIVATE_NAMES = {
    "_create_actor_inbox",
    "_create_future",
    "_start_actor_loop",
    "_handle_receive",
    "_handle_failure",
    "_stop",
    "_actor_loop_teardown",
    "_ActorStop",
    "_envelope",
}
"""All of them; the first test compares this list with the source."""


class ListInbox:
    """The least that Pykka asks of an inbox."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope[Any]] = []

    def put(self, envelope: Envelope[Any], /) -> None:
        self.envelopes.append(envelope)

    def get(self) -> Envelope[Any]:
        return self.envelopes.pop(0)

    def empty(self) -> bool:
        return not self.envelopes


class BareActor(pykka.Actor):
    """An actor of a new type that never runs by itself."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        super().__init__()

    def _create_actor_inbox(self) -> ListInbox:  # type: ignore[override]  # as LoopActor does
        return ListInbox()

    @staticmethod
    def _create_future() -> pykka.Future[Any]:
        return pykka.ThreadingFuture()

    def _start_actor_loop(self) -> None:
        self.calls.append("started")
        KEPT.append(self)

    def on_start(self) -> None:
        self.calls.append("on_start")

    def on_stop(self) -> None:
        self.calls.append("on_stop")

    def on_failure(self, exception_type: Any, exception_value: Any, traceback: Any) -> None:
        self.calls.append("on_failure")

    def on_receive(self, message: Any) -> Any:
        self.calls.append("on_receive")
        return message


KEPT: list[BareActor] = []
"""Refs are weak; started actors are kept here until their test is over."""


@pytest.fixture
def actor() -> Any:
    """Start a bare actor, and forget it in the end."""
    ref = BareActor.start()
    yield KEPT[-1]
    pykka.ActorRegistry.unregister(ref)
    KEPT.clear()


def test_the_installed_pykka_is_one_this_project_was_written_for() -> None:
    major, minor = map(int, version("pykka").split(".")[:2])
    assert (4, 5) <= (major, minor) < (5, 0)


def test_the_list_of_private_names_here_is_the_list_used_in_the_source() -> None:
    tree = ast.parse(Path(loop_actor.__file__).read_text(encoding="utf-8"))
    names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    names |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {part for module in modules if module for part in module.split(".")}
    of_pykka = {name for name in dir(pykka.Actor) if name.startswith("_") and name[1] != "_"}
    assert names & (of_pykka | {"_ActorStop", "_envelope"}) == PRIVATE_NAMES


def test_the_three_hooks_are_still_what_a_new_actor_type_must_implement() -> None:
    assert pykka.Actor.__abstractmethods__ == {
        "_create_actor_inbox",
        "_create_future",
        "_start_actor_loop",
    }


def test_the_inbox_is_created_on_the_instance_before_the_ref_and_shared_with_it() -> None:
    bare = BareActor()
    assert isinstance(bare.actor_inbox, ListInbox)
    assert bare.actor_ref.actor_inbox is bare.actor_inbox
    assert bare.actor_ref.actor_stopped is bare.actor_stopped


def test_start_registers_the_actor_then_starts_its_loop_and_nothing_else(actor: Any) -> None:
    assert actor.calls == ["started"]
    assert actor.actor_ref in pykka.ActorRegistry.get_all()


def test_a_ref_holds_its_actor_only_weakly() -> None:
    bare = BareActor()
    gone, ref = weakref.ref(bare), bare.actor_ref
    del bare
    assert gone() is None
    assert ref.is_alive()


def test_tell_puts_an_envelope_that_nobody_waits_for(actor: Any) -> None:
    actor.actor_ref.tell("message")
    (envelope,) = actor.actor_inbox.envelopes
    assert (envelope.message, envelope.reply_to) == ("message", None)


def test_ask_puts_an_envelope_with_a_future_of_the_actors_own_kind(actor: Any) -> None:
    future = actor.actor_ref.ask("message", block=False)
    (envelope,) = actor.actor_inbox.envelopes
    assert envelope.message == "message"
    assert envelope.reply_to is future
    assert type(future) is pykka.ThreadingFuture


def test_stop_of_a_ref_is_an_ask_of_the_private_stop_message(actor: Any) -> None:
    actor.actor_ref.stop(block=False)
    (envelope,) = actor.actor_inbox.envelopes
    assert isinstance(envelope.message, pykka_messages._ActorStop)
    assert envelope.reply_to is not None


def test_stop_of_an_actor_tells_itself_the_private_stop_message(actor: Any) -> None:
    actor.stop()
    (envelope,) = actor.actor_inbox.envelopes
    assert isinstance(envelope.message, pykka_messages._ActorStop)
    assert envelope.reply_to is None


def test_stopping_a_dead_actor_answers_false_and_puts_nothing(actor: Any) -> None:
    actor.actor_stopped.set()
    assert actor.actor_ref.stop(block=False).get(timeout=0) is False
    assert actor.actor_inbox.envelopes == []


def test_telling_a_dead_actor_is_the_tellers_error(actor: Any) -> None:
    actor.actor_stopped.set()
    with pytest.raises(pykka.ActorDeadError):
        actor.actor_ref.tell("message")


def test_handle_receive_gives_the_message_to_on_receive_and_returns_its_answer(actor: Any) -> None:
    assert actor._handle_receive("message") == "message"
    assert actor.calls == ["started", "on_receive"]


def test_handle_receive_lets_every_exception_through(
    actor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raise_exit(_message: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(actor, "on_receive", raise_exit)
    with pytest.raises(SystemExit):
        actor._handle_receive("message")


def test_handle_failure_unregisters_and_stops_but_calls_no_on_failure(actor: Any) -> None:
    error = ValueError("crash")
    actor._handle_failure(type(error), error, None)
    assert actor.actor_stopped.is_set()
    assert actor.actor_ref not in pykka.ActorRegistry.get_all()
    assert actor.calls == ["started"]


def test_handle_failure_twice_is_harmless(actor: Any) -> None:
    error = ValueError("crash")
    actor._handle_failure(type(error), error, None)
    actor._handle_failure(type(error), error, None)


def test_private_stop_unregisters_first_and_then_calls_on_stop(actor: Any) -> None:
    seen: list[tuple[bool, bool]] = []
    registered = pykka.ActorRegistry.get_all
    actor.on_stop = lambda: seen.append(
        (actor.actor_stopped.is_set(), actor.actor_ref in registered())
    )
    actor._stop()
    assert seen == [(True, False)]


def test_private_stop_contains_an_exception_of_on_stop_but_not_a_base_exception(
    actor: Any,
) -> None:
    def fail(error: BaseException) -> None:
        raise error

    actor.on_stop = lambda: fail(ValueError("contained"))
    actor._stop()
    actor.on_stop = lambda: fail(SystemExit("not contained"))
    with pytest.raises(SystemExit):
        actor._stop()


def test_teardown_takes_everything_from_the_inbox_and_answers_who_waits(actor: Any) -> None:
    asked = actor.actor_ref.ask("message", block=False)
    actor.actor_ref.tell("lost")
    stopped: pykka.Future[Any] = pykka.ThreadingFuture()
    actor.actor_inbox.put(Envelope(pykka_messages._ActorStop(), reply_to=stopped))
    actor._actor_loop_teardown()
    assert actor.actor_inbox.empty()
    assert stopped.get(timeout=0) is None
    with pytest.raises(pykka.ActorDeadError):
        asked.get(timeout=0)


def test_an_envelope_has_exactly_a_message_and_a_reply() -> None:
    assert Envelope.__slots__ == ["message", "reply_to"]
    assert Envelope("message").reply_to is None


def test_a_future_raises_the_exception_it_is_given() -> None:
    future: pykka.Future[Any] = pykka.ThreadingFuture()
    future.set_exception((ValueError, ValueError("answer"), None))
    with pytest.raises(ValueError, match="answer"):
        future.get(timeout=0)


def test_a_future_without_an_argument_takes_the_exception_being_handled() -> None:
    future: pykka.Future[Any] = pykka.ThreadingFuture()
    try:
        raise ValueError("handled")  # noqa: TRY301  # the point of the test
    except ValueError:
        future.set_exception()
    with pytest.raises(ValueError, match="handled"):
        future.get(timeout=0)


def test_get_takes_its_timeout_by_name_and_futures_need_no_argument() -> None:
    timeout = inspect.signature(pykka.ThreadingFuture[Any].get).parameters["timeout"]
    assert timeout.kind is inspect.Parameter.KEYWORD_ONLY
    assert isinstance(loop_actor.GuardedFuture(), pykka.ThreadingFuture)


def test_awaiting_a_future_goes_through_its_get() -> None:
    """The guard against waiting on the loop stands in `get`."""

    class Marked(pykka.ThreadingFuture[Any]):
        def get(self, *, timeout: float | None = None) -> Any:
            return "through get"

    async def wait() -> Any:
        return await Marked()

    assert asyncio.run(wait()) == "through get"
