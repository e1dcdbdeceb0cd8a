"""The house: which room may import which, how long a module may be, and who may print.

Every module is read as text, so nothing has to be imported and no branch is missed.
"""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import relatedevents

PACKAGE = Path(relatedevents.__file__).parent
#: In lines of code: neither docstrings nor comments nor blanks.
LONGEST_MODULE = 300

# A room imports itself, rooms of lower layers, and nothing else of the package.
LAYER_OF_ROOM = {
    "_version": 0,
    "errors": 0,
    "_util": 1,
    "archive": 2,
    "engines": 2,
    "encoders": 2,
    "evaluation": 2,
    "features": 2,
    "store": 2,
    "weights": 2,
    "scoring": 3,
    "readers": 3,
    "writers": 3,
    "calibration": 4,
    "rerank": 4,
    "index": 5,
    "learning": 5,
    "retrieval": 6,
    "model_parts": 7,
    "model": 8,
    "_baselines": 9,
    "report": 9,
    "explore": 9,
    "cli": 10,
    "__init__": 11,
    "__main__": 11,
}
HEAVY = {
    "faiss",
    "model2vec",
    "numba",
    "pyarrow",
    "sentence_transformers",
    "sklearn",
    "tokenizers",
    "torch",
    "tqdm",
}
# Started by hand with `python -m`, to make again what ships; it tells what it made.
SCRIPTS = {"learning/distill.py"}
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def room_of_file(module):
    return module.parts[0].removesuffix(".py")


def imported_names(tree):
    """Yield (line, dotted name) of every import, wherever in the module it stands."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            for alias in node.names:
                yield node.lineno, f"{dots}{node.module or ''}.{alias.name}"


def breaches(module, source):
    """Return what in `source`, the text of `module`, goes against the layers."""
    room = room_of_file(module)
    if room not in LAYER_OF_ROOM:
        return [f"{module}: no room {room!r}; give it a layer in LAYER_OF_ROOM"]
    found = []
    for line, name in imported_names(ast.parse(source)):
        if name.startswith("."):
            found.append(f"{module}:{line}: imports {name}, which is relative")
        first, _, rest = name.partition(".")
        if first != "relatedevents":
            continue
        other = rest.partition(".")[0]
        if other == room:
            continue
        if other not in LAYER_OF_ROOM or LAYER_OF_ROOM[other] >= LAYER_OF_ROOM[room]:
            found.append(f"{module}:{line}: {room} imports {name}, which is not below it")
    return found


def writes_to_the_screen(source):
    """Return the lines of `source` that print, ask, or write to a standard stream."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ("print", "input"):
                lines.append(node.lineno)
        elif (
            isinstance(node, ast.Attribute)
            and node.attr in ("stdout", "stdin")
            # A helper process has pipes of the same names, which are no screen.
            and not (isinstance(node.value, ast.Name) and node.value.id == "process")
        ):
            lines.append(node.lineno)
    return sorted(lines)


def top_level_imports(tree):
    """Return the first names of what runs when the module is imported."""
    outside = [
        node for node in tree.body if not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.If)
    ]
    return {name.partition(".")[0] for node in outside for _, name in imported_names(node)}


def test_imports_go_only_downward():
    assert [
        breach
        for module in MODULES
        for breach in breaches(module, (PACKAGE / module).read_text("utf-8"))
    ] == []


@pytest.mark.parametrize(
    ("module", "source", "message"),
    [
        ("features/x.py", "import relatedevents.index", "features imports relatedevents.index"),
        ("features/x.py", "from relatedevents import index", "features imports"),
        ("weights.py", "def f():\n    from relatedevents.model import X", "weights.py:2: weights"),
        ("readers/csv.py", "from relatedevents.writers import x", "readers imports"),
        ("engines/exact.py", "from . import kernels", "imports ..kernels, which is relative"),
        ("model.py", "from relatedevents import RelatedEvents", "model imports"),
        ("attic.py", "", "no room 'attic'"),
    ],
)
def test_a_breach_is_seen(module, source, message):
    assert message in "\n".join(breaches(Path(module), source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("features/tags.py", "import numpy\nfrom relatedevents._util.checks import problem"),
        ("readers/csv.py", "from relatedevents.readers.tables import x"),
        ("scoring/signals.py", "from relatedevents.weights import Weights"),
        ("model.py", "from relatedevents import scoring, store"),
        ("__init__.py", "from relatedevents.model import RelatedEvents"),
    ],
)
def test_no_breach_where_there_is_none(module, source):
    assert breaches(Path(module), source) == []


def n_code_lines(source):
    """Return how many lines of `source` hold code: no docstring, no comment, no blank."""
    docstrings = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                docstrings |= set(range(first.lineno, first.end_lineno + 1))
    quiet = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    quiet |= {tokenize.ENDMARKER, tokenize.ENCODING}
    lines = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in quiet:
            lines |= set(range(token.start[0], token.end[0] + 1))
    return len(lines - docstrings)


def test_no_module_is_too_long():
    lengths = {module: n_code_lines((PACKAGE / module).read_text("utf-8")) for module in MODULES}
    too_long = {str(module): lines for module, lines in lengths.items() if lines > LONGEST_MODULE}
    assert too_long == {}


def test_only_the_command_line_prints():
    printing = {
        str(module): lines
        for module in MODULES
        if room_of_file(module) != "cli"
        and module.as_posix() not in SCRIPTS
        and (lines := writes_to_the_screen((PACKAGE / module).read_text("utf-8")))
    }
    assert printing == {}


def test_printing_is_seen():
    source = "import sys\nprint(1)\nsys.stdout.write('')\nshown = input()\nlog.print(2)"
    assert writes_to_the_screen(source) == [2, 3, 4]


def test_compiled_kernels_alone_import_heavy_packages_at_the_top():
    heavy = {
        str(module): names
        for module in MODULES
        if not (module.name.startswith("_") or "kernels" in module.parts)
        and (names := top_level_imports(ast.parse((PACKAGE / module).read_text("utf-8"))) & HEAVY)
    }
    # The model is a scikit-learn estimator: it needs its base classes to be defined.
    for module in MODULES:
        if module.as_posix() in ("model.py", "retrieval/fitted.py"):
            heavy[str(module)] = heavy.get(str(module), set()) - {"sklearn"}
    assert {module: names for module, names in heavy.items() if names} == {}


def loaded_after(code):
    script = f"import sys\n{code}\nprint(*sorted({{m.partition('.')[0] for m in sys.modules}}))"
    result = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    return set(result.stdout.splitlines()[-1].split())


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_after("import relatedevents") & (HEAVY | {"numpy", "pandas", "scipy"}) == set()


def test_importing_the_model_loads_no_compiler_and_no_encoder():
    loaded = loaded_after("from relatedevents import RelatedEvents")
    assert "pandas" in loaded
    assert loaded & {"model2vec", "numba", "sentence_transformers", "torch"} == set()
