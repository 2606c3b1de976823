"""What the code of a service imports is what its image installs; no engine needed.

The images themselves are asked in test_compose_stack.py, where there is a Docker engine. This finds the same fault
without one: the environment for development has every service's packages and hides what one of them lacks.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest

from harness.processes import ROOT
from tests.compose.compose_stack import IMAGES

DISTRIBUTIONS = packages_distributions()


@pytest.mark.parametrize("service", (*IMAGES, "recorder_service"))
def test_a_services_requirements_name_all_that_its_code_imports(service: str) -> None:
    installed = set(with_needs(*named_in(ROOT / service)))
    assert len(installed) > 3
    missing = {
        f"{package} ({', '.join(sorted(importers)[:3])})"
        for package, importers in foreign_imports(service).items()
        if not {canonical(name) for name in DISTRIBUTIONS.get(package, [package])} & installed
    }
    assert missing == set()


def named_in(folder: Path) -> Iterator[str]:
    """The distributions that a service's requirements name."""
    for file in folder.glob("requirements*.txt"):
        for line in file.read_text(encoding="utf-8").splitlines():
            if match := re.match(r"[A-Za-z0-9_.-]+", line):
                yield canonical(match[0])


def with_needs(*names: str) -> Iterator[str]:
    """These distributions and what they need in turn; not what only an extra of them needs."""
    seen: set[str] = set()
    wanted = set(names)
    while wanted - seen:
        name = (wanted - seen).pop()
        seen.add(name)
        try:
            needs = requires(name) or []
        except PackageNotFoundError:
            continue
        wanted |= {canonical(re.split(r"[^A-Za-z0-9_.-]", need)[0]) for need in needs if "extra ==" not in need}
    yield from seen


def canonical(name: str) -> str:
    """The form in which names of distributions are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def foreign_imports(service: str) -> dict[str, set[str]]:
    """The packages that are neither ours nor Python's, each with the modules that import them."""
    open_files = {*(ROOT / service).rglob("*.py"), ROOT / "runtime" / "worker" / "healthcheck.py"}
    seen: set[Path] = set()
    found: dict[str, set[str]] = {}
    while open_files - seen:
        file = (open_files - seen).pop()
        seen.add(file)
        for name in imported_by(file):
            top = name.split(".")[0]
            if top in {service, "contract", "runtime"}:
                open_files |= set(own_files(name))
            elif top not in sys.stdlib_module_names:
                found.setdefault(top, set()).add(str(file.relative_to(ROOT)))
    return found


def imported_by(file: Path) -> Iterator[str]:
    """Every name that `file` imports when it runs, in functions too; `from a import b` gives a and a.b."""
    for node in running_code(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def running_code(node: ast.AST) -> Iterator[ast.AST]:
    """All of a tree but what stands under `if TYPE_CHECKING:`."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from running_code(child)


def own_files(name: str) -> Iterator[Path]:
    """The files that run when the module `name` of ours is imported: its packages' and its own."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        place = ROOT.joinpath(*parts[:length])
        for file in (place / "__init__.py", place.with_suffix(".py")):
            if file.is_file():
                yield file
