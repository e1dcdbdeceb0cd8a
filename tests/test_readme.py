"""The README is tested: its Python runs, and what it says is printed is printed."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path

import pytest

from relatedevents.cli import main

pytestmark = pytest.mark.slow

README = Path(__file__).parents[1] / "README.md"
MAKEFILE = README.parent / "Makefile"
TEXT = README.read_text("utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_python_runs(number, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    script = tmp_path / "block.py"
    script.write_text(BLOCKS[number], "utf-8")
    runpy.run_path(str(script))
    if "tune" in BLOCKS[number]:
        assert "on links not learned from" in capsys.readouterr().out


def test_the_demo_prints_what_the_readme_shows(capsys):
    event = re.search(r"^EVENT := (.+)$", MAKEFILE.read_text("utf-8"), re.MULTILINE)
    assert event is not None
    assert main(["related", "sample", event.group(1)]) == 0
    shown = re.search(r"<!-- demo -->\n```\n(.*?)```\n<!-- end of demo -->", TEXT, re.DOTALL)
    assert shown is not None
    # Another processor may add in another order: the last decimal is not compared.
    cut = re.compile(r"(\d\.\d\d)\d")
    assert cut.sub(r"\1", capsys.readouterr().out) == cut.sub(r"\1", shown.group(1))


def test_the_reasons_are_those_of_the_readme(capsys):
    event = re.search(r"^EVENT := (.+)$", MAKEFILE.read_text("utf-8"), re.MULTILINE)
    assert main(["related", "sample", event.group(1), "--reasons", "-n", "3", "--json"]) == 0
    told = [f"{row['relation']}: {row['reason']}" for row in json.loads(capsys.readouterr().out)]
    shown = re.search(r"<!-- reasons -->\n```\n(.*?)```\n<!-- end of reasons -->", TEXT, re.DOTALL)
    assert shown.group(1).split() == " ".join(told).split()


def test_links_of_the_readme_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (README.parent / target).exists(), target
