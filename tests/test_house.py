"""The house: which room may import which, how long a module may be, and who may print.

Every module is read as text, so nothing has to be imported and no branch is missed.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tokenize
from pathlib import Path

import pytest

import relatedevents
from relatedevents import errors

PACKAGE = Path(relatedevents.__file__).parent
#: In lines of code: neither docstrings nor comments nor blanks.
LONGEST_MODULE = 300
LONGEST_FUNCTION = 50
MOST_PARAMETERS = 12
#: Too long or with too many parameters, and why it may be.
EXCEPTIONS = {
    # Public, and a contract: one keyword an option.
    "model.py: related_to",
    "report/measure.py: evaluate",
    # Kernels: a loop whose body is inlined by hand runs faster than one in pieces.
    "engines/kernels/all_pairs.py: strip_pass",
    "engines/kernels/query_scan.py: offer",
    "rerank/_variety_kernels.py: pick",
}

ARCHITECTURE = Path(__file__).parents[1] / "ARCHITECTURE.md"


def layers_of(text):
    """Return {folder or file: layer} from the table of folders in ARCHITECTURE.md."""
    layers = {}
    for line in text.splitlines():
        row = re.match(r"\| (\d+) \| (`[^|]+`) \|", line)
        if row:
            layers |= {name: int(row[1]) for name in re.findall(r"`(\w+)`", row[2])}
    return layers


# A room imports itself, rooms of lower layers, and nothing else of the package.
LAYER_OF_ROOM = layers_of(ARCHITECTURE.read_text("utf-8"))
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
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py"))


def is_kernel(module):
    return "kernels" in module.parts or module.stem.endswith("_kernels")


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
        return [f"{module}: no room {room!r}; give it a layer in ARCHITECTURE.md"]
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


def test_every_room_has_a_layer_and_every_layer_a_room():
    rooms = {room_of_file(module) for module in MODULES}
    assert set(LAYER_OF_ROOM) == rooms


def test_few_files_lie_at_the_top():
    assert len([module for module in MODULES if len(module.parts) == 1]) <= 8


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
        ("index/order.py", "from relatedevents.weights import Weights"),
        ("model.py", "from relatedevents import signals, store"),
        ("__init__.py", "from relatedevents.model import RelatedEvents"),
    ],
)
def test_no_breach_where_there_is_none(module, source):
    assert breaches(Path(module), source) == []


def code_lines(source):
    """Return the lines of `source` that hold code: no docstring, no comment, no blank."""
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
    return lines - docstrings


def test_no_module_is_too_long():
    lengths = {module: len(code_lines((PACKAGE / module).read_text("utf-8"))) for module in MODULES}
    too_long = {
        str(module): lines
        for module, lines in lengths.items()
        if lines > LONGEST_MODULE and str(module) != "engines/kernels/sorted_search.py"
    }
    assert too_long == {}


def functions_of(source):
    """Yield (name, lines of code, number of parameters) of every function and method."""
    code = code_lines(source)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            given = node.args
            names = [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
            own = [name for name in names if name not in ("self", "cls")]
            yield node.name, len(code & set(range(node.lineno, node.end_lineno + 1))), len(own)


def test_no_function_is_too_long_or_has_too_many_parameters():
    found = {
        f"{module}: {name}": (lines, parameters)
        for module in MODULES
        for name, lines, parameters in functions_of((PACKAGE / module).read_text("utf-8"))
        if lines > LONGEST_FUNCTION or (parameters > MOST_PARAMETERS and not is_kernel(module))
    }
    assert set(found) == EXCEPTIONS


def imports_between_modules():
    """Return {module: modules of the package that it imports}, those for types alone too."""
    names = {
        ".".join(("relatedevents", *module.with_suffix("").parts)).removesuffix(".__init__")
        for module in MODULES
    }
    graph = {}
    for module in MODULES:
        name = ".".join(("relatedevents", *module.with_suffix("").parts))
        found = set()
        for _, imported in imported_names(ast.parse((PACKAGE / module).read_text("utf-8"))):
            parent = imported.rpartition(".")[0]
            found |= {one for one in (imported, parent) if one in names}
        name = name.removesuffix(".__init__")
        # A package that re-exports its modules is no circle, nor is the package itself.
        graph[name] = {one for one in found if not name.startswith(f"{one}.") and one != name}
    return graph


def test_no_module_imports_itself_by_way_of_others():
    graph, done, circles = imports_between_modules(), set(), []

    def visit(name, path):
        if name in path:
            circles.append([*path[path.index(name) :], name])
        elif name not in done:
            for other in sorted(graph[name]):
                visit(other, [*path, name])
            done.add(name)

    for name in sorted(graph):
        visit(name, [])
    assert circles == []


def test_only_the_command_line_prints():
    printing = {
        str(module): lines
        for module in MODULES
        if room_of_file(module) != "cli"
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
        if module.as_posix() == "model.py":
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


def test_every_public_name_loads_and_every_exception_is_public():
    for name in relatedevents.__all__:
        assert getattr(relatedevents, name) is not None
        assert name in dir(relatedevents)
    kinds = {
        name
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and kind.__module__ == errors.__name__
    }
    assert len(kinds) == 8
    assert kinds <= set(relatedevents.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'related'"):
        _ = relatedevents.related


def test_the_exceptions_load_nothing_heavy():
    loaded = loaded_after("from relatedevents import InputError, StoreError")
    assert loaded & (HEAVY | {"numpy", "pandas", "scipy"}) == set()


def test_importing_the_model_loads_no_compiler_and_no_encoder():
    loaded = loaded_after("from relatedevents import RelatedEvents")
    assert "pandas" in loaded
    assert loaded & {"model2vec", "numba", "sentence_transformers", "torch"} == set()
