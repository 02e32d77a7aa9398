"""The rules of the house, held over the source itself: who may import whom, and what never occurs.

Each rule is a function from sources to complaints, one clear line each, and has a sample of
what it must complain about: a rule that cannot fail would hold nothing.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from statistics import median

import pytest

from tests.support.sources import OURS, Source, own_imports, own_sources, sources_of_tests

pytestmark = pytest.mark.unit

Rule = Callable[[list[Source]], Iterable[str]]

SIBLINGS = ("actors.rx", "actors.stt", "actors.agent", "actors.tx")

LAYERS: tuple[tuple[str, ...], ...] = (
    ("server",),
    ("web", "replay"),
    ("actors.root",),
    ("actors.call",),
    ("actors.call_line", "actors.call_telemetry", "actors.call_view", "actors.hearing"),
    ("actors.bounds", "actors.call_parts"),
    SIBLINGS,
    ("actors",),  # every module of actors that is not named: a sibling's helpers, shared data
    ("actors.supervision", "actors.loop_actor"),
    ("actors.own_timer",),
    ("actors.runtime", "actors.mailbox"),
    ("actors.dispatcher", "actors.metronome"),
    ("actors.clock", "actors.messages", "actors.ledger"),
    ("actors.family", "actors.peer"),
    ("speech", "dialogue", "telemetry", "log_sink", "call_log"),
    ("media",),
    ("settings",),
)
"""From the top down. An import goes down, or stays within a name given here."""

ALONE = {
    "phone": ("media", "phone"),
    "media": ("media",),
    "telemetry": ("telemetry",),
    "call_log": ("call_log", "settings"),
    "settings": ("settings",),
}
"""What these may import of ours, whatever their layer."""

SIDE_DOORS = {"phone/__main__.py": "replay.command"}
"""Which file may import one module more: a command of its own, behind a lazy import."""

WEB_SEES = frozenset({"root", "call_line", "messages", "clock", "outcome", "socket"})
"""The modules of `actors` that the web may know: it reaches a call through the root only."""

GOOGLE_DOORS = {
    "google.cloud.speech": "speech/google.py",
    "google.cloud.texttospeech": "speech/google_tts.py",
}
"""Who may import what of Google's."""

LINES = 300
TEST_LINES = 500
MEDIAN_LINES = 130
"""Of the files in `actors/`."""

NEVER_ON_THE_CALL_PATH = {
    "time.sleep",
    "asyncio.sleep",
    "print",
    "ActorRegistry",
    "pykka.ActorRegistry",
}


def modules_of(sources: list[Source]) -> frozenset[str]:
    return frozenset(source.module for source in sources)


def named_layer(module: str) -> tuple[int, str] | None:
    """Find a module's layer and the name it is listed by; the longest name counts."""
    found = [
        (index, name)
        for index, layer in enumerate(LAYERS)
        for name in layer
        if module == name or module.startswith(f"{name}.")
    ]
    return max(found, key=lambda one: len(one[1]), default=None)


# --- who imports whom -----------------------------------------------------------------


def imports_go_down(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        upper = named_layer(source.module)
        for node, name in own_imports(source, modules_of(sources)):
            lower = named_layer(name)
            if upper is None or lower is None or upper[1] == lower[1] or upper[0] < lower[0]:
                continue
            yield f"{source.at(node)}: imports {name}, which is not below {source.module}"


def some_packages_stand_alone(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        allowed = ALONE.get(source.package)
        for node, name in own_imports(source, modules_of(sources)):
            if name == SIDE_DOORS.get(source.path):
                continue
            if allowed is not None and name.partition(".")[0] not in allowed:
                yield f"{source.at(node)}: {source.package} imports {name}, may import {allowed}"


def nobody_imports_the_phone(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        for node, name in own_imports(source, modules_of(sources)):
            if name.partition(".")[0] == "phone" and source.package != "phone":
                yield f"{source.at(node)}: imports {name}; the phone is a client, not a library"


def siblings_never_meet(sources: list[Source]) -> Iterator[str]:
    """Not even through a helper."""
    reach = reachable(sources)
    for sibling in SIBLINGS:
        for other in SIBLINGS:
            if other != sibling and other in reach.get(sibling, ()):
                yield f"{sibling} reaches {other} by its imports; siblings never know each other"


def web_reaches_a_call_through_the_root(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        for node, name in own_imports(source, modules_of(sources)):
            package, _, rest = name.partition(".")
            of_actors = source.package == "web" and package == "actors" and rest
            if of_actors and rest not in WEB_SEES:
                yield f"{source.at(node)}: web imports {name}, may see {sorted(WEB_SEES)}"


def no_imports_in_a_circle(sources: list[Source]) -> Iterator[str]:
    for module, reached in reachable(sources, with_types=False).items():
        if module in reached:
            yield f"{module} imports itself through others"


def reachable(sources: list[Source], *, with_types: bool = True) -> dict[str, set[str]]:
    """Say which of our modules each module imports, directly or through others."""
    modules = modules_of(sources)
    direct = {
        source.module: {
            name
            for node, name in own_imports(source, modules)
            if with_types or node not in source.only_for_types
        }
        for source in sources
    }
    reach: dict[str, set[str]] = {}
    for module, names in direct.items():
        seen: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting.extend(direct[name])
        reach[module] = seen
    return reach


def google_has_one_door_each(sources: list[Source]) -> Iterator[str]:
    """One file for each of its two libraries, and nothing of Google's anywhere else."""
    for source in sources:
        for node, name in source.imports():
            library = next((one for one in GOOGLE_DOORS if name.startswith(one)), None)
            doors = GOOGLE_DOORS.values() if library is None else (GOOGLE_DOORS[library],)
            if name.startswith("google.") and source.path not in doors:
                yield f"{source.at(node)}: imports {name}; only {' and '.join(doors)} may"


def pykkas_private_names_are_in_one_module(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        if source.path == "actors/loop_actor.py":
            continue
        for statement, name in source.imports():
            if name.startswith("pykka.") and "._" in name:
                yield f"{source.at(statement)}: imports {name}; only actors/loop_actor.py may"
        for node in ast.walk(source.tree):
            if called_name(node) in PYKKA_PRIVATE:
                yield f"{source.at(node)}: uses {called_name(node)}; only actors/loop_actor.py may"


PYKKA_PRIVATE = {
    "_ActorStop",
    "_actor_loop",
    "_actor_loop_running",
    "_actor_loop_setup",
    "_actor_loop_teardown",
    "_actor_weakref",
    "_create_actor_inbox",
    "_create_future",
    "_handle_failure",
    "_handle_receive",
    "_start_actor_loop",
}


def called_name(node: ast.AST) -> str | None:
    """Say what an attribute, or a function being defined, is called."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.name if isinstance(node, ast.FunctionDef) else None


# --- what never occurs ----------------------------------------------------------------


def nothing_blocks_or_looks_up_on_the_call_path(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        if source.package not in {"actors", "media"}:
            continue
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Name | ast.Attribute):
                continue
            name = ast.unparse(node)
            if name in NEVER_ON_THE_CALL_PATH or name.rpartition(".")[2].startswith("get_by_"):
                yield f"{source.at(node)}: {name} has no place on the call path"
        for statement, name in source.imports():
            if name in NEVER_ON_THE_CALL_PATH:
                yield f"{source.at(statement)}: {name} has no place on the call path"


def broad_catches_have_their_place(sources: list[Source]) -> Iterator[str]:
    """A `BaseException` may be caught elsewhere for cleaning up, if it is raised again."""
    for source in sources:
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.ExceptHandler):
                continue
            if node.type is None:
                yield f"{source.at(node)}: a bare except; name what is caught"
            elif "BaseException" in ast.unparse(node.type) and not is_raised_again(source, node):
                yield f"{source.at(node)}: BaseException is kept; only actors/loop_actor.py may"


def is_raised_again(source: Source, handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    again = isinstance(last, ast.Raise) and last.exc is None
    return again or source.path == "actors/loop_actor.py"


# --- size and words -------------------------------------------------------------------


def files_are_small(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        limit = TEST_LINES if source.package == "tests" else LINES
        if source.lines > limit:
            yield f"{source.path}: {source.lines} lines, at most {limit} are allowed"


def the_median_file_of_the_actors_is_short(sources: list[Source]) -> Iterator[str]:
    lines = [source.lines for source in sources if source.package == "actors"]
    if lines and median(lines) > MEDIAN_LINES:
        yield f"actors/: the median file has {median(lines)} lines, expected <= {MEDIAN_LINES}"


def everything_public_is_documented(sources: list[Source]) -> Iterator[str]:
    for source in sources:
        if not ast.get_docstring(source.tree):
            yield f"{source.path}:1: the module has no docstring"
        for node in public_definitions(source.tree):
            if not ast.get_docstring(node):
                yield f"{source.at(node)}: {node.name} has no docstring"


Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def public_definitions(parent: ast.Module | ast.ClassDef) -> Iterator[Definition]:
    """Find public classes and functions, and the public ones within those classes."""
    for node in parent.body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node)


# --- the rules hold -------------------------------------------------------------------

RULES: list[Rule] = [
    imports_go_down,
    some_packages_stand_alone,
    nobody_imports_the_phone,
    siblings_never_meet,
    web_reaches_a_call_through_the_root,
    no_imports_in_a_circle,
    google_has_one_door_each,
    pykkas_private_names_are_in_one_module,
    nothing_blocks_or_looks_up_on_the_call_path,
    broad_catches_have_their_place,
    files_are_small,
    the_median_file_of_the_actors_is_short,
    everything_public_is_documented,
]


@pytest.fixture(scope="module")
def ours() -> list[Source]:
    return own_sources()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_house_keeps_the_rule(rule: Rule, ours: list[Source]) -> None:
    complaints = sorted(set(rule(ours)))
    assert not complaints, "\n" + "\n".join(complaints)


def test_the_tests_are_small_files_too() -> None:
    complaints = sorted(files_are_small(sources_of_tests()))
    assert not complaints, "\n" + "\n".join(complaints)


def test_every_test_module_is_marked() -> None:
    unmarked = [
        f"{source.path}: sets no pytestmark, expected unit, faults or e2e"
        for source in sources_of_tests()
        if source.path.rpartition("/")[2].startswith("test_")
        and "\npytestmark = " not in source.text
    ]
    assert not unmarked, "\n" + "\n".join(unmarked)


def test_the_rules_look_at_the_whole_house(ours: list[Source]) -> None:
    assert {source.package for source in ours} == set(OURS)


# --- and would not, if somebody broke it ----------------------------------------------

BROKEN: list[tuple[Rule, dict[str, str]]] = [
    (imports_go_down, {"actors/mailbox.py": "import actors.rx", "actors/rx.py": ""}),
    (imports_go_down, {"actors/rx.py": "from actors import tx", "actors/tx.py": ""}),
    (imports_go_down, {"actors/helper.py": "from actors.stt import A", "actors/stt.py": ""}),
    (imports_go_down, {"actors/call.py": "from web.app import A", "web/app.py": ""}),
    (imports_go_down, {"speech/a.py": "from dialogue.b import B", "dialogue/b.py": ""}),
    (imports_go_down, {"speech/a.py": "import telemetry", "telemetry.py": ""}),
    (some_packages_stand_alone, {"phone/a.py": "import speech.b", "speech/b.py": ""}),
    (some_packages_stand_alone, {"media/a.py": "import settings", "settings.py": ""}),
    (some_packages_stand_alone, {"phone/__main__.py": "import actors.b", "actors/b.py": ""}),
    (some_packages_stand_alone, {"phone/a.py": "import replay.command", "replay/command.py": ""}),
    (nobody_imports_the_phone, {"server.py": "import phone.a", "phone/a.py": ""}),
    (
        siblings_never_meet,
        {
            "actors/rx.py": "import actors.helper",
            "actors/helper.py": "import actors.tx",
            "actors/tx.py": "",
        },
    ),
    (web_reaches_a_call_through_the_root, {"web/a.py": "import actors.rx", "actors/rx.py": ""}),
    (no_imports_in_a_circle, {"web/a.py": "import web.b", "web/b.py": "def f(): import web.a"}),
    (google_has_one_door_each, {"speech/a.py": "def f():\n    from google.cloud import speech"}),
    (google_has_one_door_each, {"speech/google_tts.py": "import google.cloud.speech_v2"}),
    (pykkas_private_names_are_in_one_module, {"actors/a.py": "from pykka._actor import Actor"}),
    (pykkas_private_names_are_in_one_module, {"actors/a.py": "def f(a): a._handle_failure()"}),
    (nothing_blocks_or_looks_up_on_the_call_path, {"media/a.py": "import time\ntime.sleep(1)"}),
    (nothing_blocks_or_looks_up_on_the_call_path, {"media/a.py": "from time import sleep"}),
    (nothing_blocks_or_looks_up_on_the_call_path, {"actors/a.py": "print('a')"}),
    (nothing_blocks_or_looks_up_on_the_call_path, {"actors/a.py": "pykka.ActorRegistry"}),
    (nothing_blocks_or_looks_up_on_the_call_path, {"actors/a.py": "registry.get_by_class(A)"}),
    (broad_catches_have_their_place, {"web/a.py": "try: f()\nexcept: pass"}),
    (broad_catches_have_their_place, {"web/a.py": "try: f()\nexcept BaseException: pass"}),
    (broad_catches_have_their_place, {"web/a.py": "try: f()\nexcept (A, BaseException): raise A"}),
    (files_are_small, {"web/a.py": "a = 1\n" * (LINES + 1)}),
    (files_are_small, {"tests/unit/test_a.py": "a = 1\n" * (TEST_LINES + 1)}),
    (the_median_file_of_the_actors_is_short, {"actors/a.py": "a = 1\n" * (MEDIAN_LINES + 1)}),
    (everything_public_is_documented, {"web/a.py": "a = 1"}),
    (everything_public_is_documented, {"web/a.py": '"""A."""\ndef f(): pass'}),
    (everything_public_is_documented, {"web/a.py": '"""A."""\nclass A:\n "A."\n def f(self): 0'}),
]


@pytest.mark.parametrize(
    ("rule", "files"), BROKEN, ids=lambda value: getattr(value, "__name__", "sample")
)
def test_a_breach_is_one_clear_line(rule: Rule, files: dict[str, str]) -> None:
    complaints = sorted(set(rule([Source(path, text) for path, text in files.items()])))
    assert complaints
    names = {name for path in files for name in (path, Source(path, "").module)} | {"actors/: "}
    for complaint in complaints:
        assert "\n" not in complaint
        assert any(complaint.startswith(name) for name in names)


def test_every_rule_has_a_sample_it_complains_about() -> None:
    assert {rule for rule, _ in BROKEN} == set(RULES)


def test_cleaning_up_and_raising_again_is_no_breach() -> None:
    text = "try: f()\nexcept BaseException:\n    g()\n    raise"
    assert not list(broad_catches_have_their_place([Source("web/a.py", text)]))
