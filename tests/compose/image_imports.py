"""Run inside a service's image: imports all that the service's code imports, in functions too, and tells what is there.

Standard input is this script; its argument is the service. Prints one JSON object.
"""

import ast
import importlib
import json
import os
import shutil
import sys
from importlib.metadata import distributions
from pathlib import Path


def imported_by(file: Path) -> set[str]:
    """Every module that the code in `file` imports, wherever it does."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def dotted(file: Path) -> str:
    """The name by which the module in `file` is imported."""
    return ".".join(file.relative_to("/app").with_suffix("").parts).removesuffix(".__init__")


def main(service: str) -> None:
    """Import everything; a module that is missing is an error."""
    own = sorted(file for file in Path("/app", service).rglob("*.py") if file.name != "__main__.py")
    wanted = {dotted(file) for file in own} | {"runtime.worker.healthcheck"}
    seen: set[str] = set()
    while wanted - seen:
        name = (wanted - seen).pop()
        seen.add(name)
        importlib.import_module(name)
        file = Path("/app", *name.split("."))
        file = file / "__init__.py" if file.is_dir() else file.with_suffix(".py")
        if file.is_file():
            wanted |= imported_by(file)
    found = {
        "app": sorted(os.listdir("/app")),
        "uid": os.getuid(),
        "modules": len(own),
        "compilers": [name for name in ("gcc", "cc", "g++", "clang", "make") if shutil.which(name)],
        "packages": sorted(one.metadata["Name"].lower() for one in distributions()),
    }
    sys.stdout.write(json.dumps(found))


main(sys.argv[1])
