"""The project's own Python files as syntax trees, and who imports whom. For tests of the house."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]

PACKAGES = (
    "actors",
    "call_log",
    "dialogue",
    "media",
    "phone",
    "replay",
    "settings",
    "speech",
    "telemetry",
    "web",
)
MODULES = ("log_sink", "server")
OURS = (*PACKAGES, *MODULES)


@dataclass(frozen=True)
class Source:
    """One Python file."""

    path: str
    """From the root of the repository, with slashes."""

    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax."""
        return ast.parse(self.text)

    @property
    def module(self) -> str:
        """Its dotted name; a package's `__init__` has the name of the package."""
        return self.path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")

    @property
    def package(self) -> str:
        """The first part of its name."""
        return self.module.partition(".")[0]

    @property
    def lines(self) -> int:
        """How many lines it has."""
        return len(self.text.splitlines())

    def at(self, node: ast.AST) -> str:
        """Say where in the file something is."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    @cached_property
    def only_for_types(self) -> set[ast.AST]:
        """What stands under `if TYPE_CHECKING:` and is never run."""
        tests = (node for node in ast.walk(self.tree) if isinstance(node, ast.If))
        blocks = (node for node in tests if ast.unparse(node.test) == "TYPE_CHECKING")
        return {inner for block in blocks for node in block.body for inner in ast.walk(node)}

    def imports(self) -> Iterator[tuple[ast.stmt, str]]:
        """Every module it may import, wherever the statement stands.

        For `from package import name` both are given: the name may be a module.
        """
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield node, alias.name
            elif isinstance(node, ast.ImportFrom):
                base = "." * node.level + (node.module or "")
                yield node, base
                for alias in node.names:
                    yield node, f"{base}.{alias.name}"


def read(path: Path) -> Source:
    """Read one file."""
    return Source(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))


def own_sources() -> list[Source]:
    """Read every file of our packages and modules."""
    paths = [path for name in PACKAGES for path in sorted((ROOT / name).rglob("*.py"))]
    paths += [ROOT / f"{name}.py" for name in MODULES]
    return [read(path) for path in paths if path.exists()]


def sources_of_tests() -> list[Source]:
    """Read every file of the tests."""
    return [read(path) for path in sorted((ROOT / "tests").rglob("*.py"))]


def own_imports(source: Source, modules: frozenset[str]) -> list[tuple[ast.stmt, str]]:
    """Say which of our modules a file imports."""
    return [(node, name) for node, name in source.imports() if name in modules]
