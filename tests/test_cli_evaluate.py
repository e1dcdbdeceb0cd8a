"""The command `evaluate`: what it prints and writes, and how it tells a mistake."""

from __future__ import annotations

import json

import pytest

from relatedevents import evaluate, load_sample, load_sample_links, read_run
from relatedevents._baselines import BASELINES
from relatedevents.cli import main
from relatedevents.cli.report_text import report_text
from relatedevents.cli.show import text_width
from relatedevents.report.blocks import Entry, Heading, Points, SideBySide, Table, Terms

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def files(fitted_sample, tmp_path_factory):
    """The sample as a user's own files, and lists made by two models."""
    folder = tmp_path_factory.mktemp("files")
    archive, links = load_sample(), load_sample_links()
    archive.to_json(folder / "events.jsonl", orient="records", lines=True, date_format="iso")
    ids = links["id"].drop_duplicates()[:12]
    some = links[links["id"].isin(ids)].drop(columns="origin")
    some.to_json(folder / "links.jsonl", orient="records", lines=True, date_format="iso")
    fitted_sample.save(folder / "model")
    days = some.drop_duplicates("id").set_index("id")["as_of"].to_dict()
    fitted_sample.related_many(ids, as_of=days).to_csv(folder / "good.csv", index=False)
    fitted_sample.related_many(ids, n=3).to_parquet(folder / "short.parquet")
    return folder


@pytest.fixture
def already_fitted(monkeypatch, fitted_sample):
    """Let the command find the sample's model fitted: what is tested is said after the fit."""
    monkeypatch.setattr("relatedevents.cli.evaluate.fit_model", lambda args: fitted_sample)


def run(capsys, *args):
    """Run the command in this process: (exit code, stdout, stderr)."""
    capsys.readouterr()
    try:
        code = main(["evaluate", *map(str, args)])
    except SystemExit as stop:
        code = stop.code
    return code, *capsys.readouterr()


def figures(out):
    return {(row["run"], row["metric"]): row["mean"] for row in json.loads(out)["means"]}


def test_files_of_lists(capsys, files):
    args = [files / "good.csv", files / "short.parquet", "--links", files / "links.jsonl"]
    code, out, err = run(capsys, *args, "--archive", files / "events.jsonl", "--json")
    assert (code, err) == (0, "")
    expected = evaluate(
        {"good": files / "good.csv", "short": files / "short.parquet"},
        files / "links.jsonl",
        archive=load_sample(),
    )
    assert json.loads(out) == json.loads(expected.to_json())
    code, text, _ = run(capsys, *args, "--archive", files / "events.jsonl", "--cluster", "story")
    assert code == 0
    assert "good" in text
    assert "Queries that gained and lost most" in text
    assert max(map(text_width, text.splitlines())) <= 100


def test_without_an_archive_nothing_is_cut(capsys, files):
    args = [files / "short.parquet", "--links", files / "links.jsonl"]
    code, out, err = run(capsys, *args)
    assert (code, out) == (2, "")
    assert "no archive tells the events' days; allowed" in err
    assert "Pass --archive; or pass --as-of none to count every listed event." in err
    code, out, _ = run(capsys, *args, "--as-of", "none", "--metrics", "rr,p@3", "-n", "3", "--json")
    assert code == 0
    assert set(figures(out)) == {("short", "rr"), ("short", "p@3")}


def test_a_model_an_archive_and_lists_agree(capsys, files):
    args = ["--links", files / "links.jsonl", "--metrics", "ndcg@10", "--json"]
    sources = ["model", "events.jsonl", "good.csv"]
    code, out, err = run(capsys, *(files / name for name in sources), *args)
    assert (code, err) == (0, "")
    found = figures(out)
    assert set(found) == {("model", "ndcg@10"), ("default", "ndcg@10"), ("good", "ndcg@10")}
    assert len({round(value, 9) for value in found.values()}) == 1


def test_the_sample_with_every_baseline_and_every_output(capsys, tmp_path):
    pytest.importorskip("matplotlib")
    out_files = ["--markdown", tmp_path / "r.md", "--html", tmp_path / "r.html"]
    code, out, err = run(
        capsys, "sample", "--baselines", *out_files, "--trec", tmp_path / "trec", "--no-bounds"
    )
    assert (code, err) == (0, "")
    for name, words in BASELINES.items():
        assert f"  {name}: {words[:40]}" in out
    assert "hugo gives" in out
    assert "Queries that gained" not in out
    assert max(map(text_width, out.splitlines())) <= 100
    assert "### From default to shared" in (tmp_path / "r.md").read_text("utf-8")
    assert (tmp_path / "r.html").read_text("utf-8").count("<svg") == 4
    assert len(list((tmp_path / "trec").glob("*.run"))) == len(BASELINES)
    lists = read_run(tmp_path / "trec" / "01-default.run")
    few = {"n_resamples": 10, "n_permutations": 10, "bounds": False, "encoder": None}
    again = evaluate(lists, load_sample_links(), archive=load_sample(), **few)
    assert f"default      {again.means['mean'].iloc[0]:.3f} (".replace("0.", ".", 1) in out


def test_options_reach_the_measurement(capsys, files):
    links = files / "links.jsonl"
    code, out, _ = run(
        capsys, f"one={files / 'good.csv'}", f"two={files / 'short.parquet'}", "--links", links,
        "--archive", "sample", "--baseline", "two", "--as-of", "own", "-n", "5", "--seed", "7",
        "--unlinked", "skip", "--unknown", "drop", "--missing", "empty", "--no-bounds",
        "--metrics", "rc@5", "--tuning-links", links, "--allow-leak", "--json",
    )  # fmt: skip
    assert code == 0
    read = json.loads(out)
    assert [row["run_a"] for row in read["pairs"]] == ["two"]
    assert read["settings"]["seed"] == 7
    assert read["settings"]["leaks"]["queries"] == 12
    assert read["settings"]["as_of"] == "each query's own day"
    assert read["incomplete"] is None


@pytest.mark.usefixtures("already_fitted")
@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["{files}/good.csv"], "--links: got none; allowed: the links to measure against"),
        (["none.csv", "--links", "sample"], "RUN: 'none.csv' is not there"),
        (["sample", "--links", "none.jsonl"], "none.jsonl: there is no such file"),
        (["sample", "sample"], "RUN: two runs are called 'default'"),
        (["sample", "--cluster", "week"], "clusters: got 'week'; allowed: 'story', 'day'"),
        (["sample", "--metrics", "best"], "metric: got 'best'; allowed: one of ndcg@k"),
        (["sample", "--changed", "-1"], "--changed: got -1"),
        (["sample", "--markdown", "{files}"], "is a folder; allowed: the path of a file"),
        (["sample", "--baseline", "x"], "baseline: got 'x'; allowed: 'default'"),
        (["tags=sample", "--baselines"], "RUN: a run is called 'tags', as a baseline is"),
        (
            ["{files}/good.csv", "--links", "{files}/links.jsonl", "--baselines"],
            "--baselines: got no archive to make them on",
        ),
        (
            ["{files}/good.csv", "--links", "sample", "--archive", "sample"],
            "48 of 60 queries have no list",
        ),
        (
            ["{files}/good.csv", "--links", "sample", "--archive", "sample"],
            "or count them as empty lists with --missing empty.",
        ),
        (["sample", "--tuning-links", "sample"], "queries used in tuning: 60"),
        ([], "the following arguments are required: RUN"),
    ],
)
def test_mistakes_are_one_line(capsys, files, args, message):
    code, out, err = run(capsys, *(arg.format(files=files) for arg in args))
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_text_of_blocks():
    wide = Table(["run", *(f"figure number {i}" for i in range(8))], [["a", *"12345678"]])
    long = "word " * 30
    entry = Entry("A headline \x1b[31mthat is " + long, "2012-10-12", ("Mali",), "linked")
    text = report_text(
        [
            Heading("Title", 1),
            wide,
            Points([long]),
            Terms([("name", long)]),
            Table(["x"], [["y"]], folded="closed"),
            SideBySide(entry, "told", ("one", "two"), ([entry], []), [entry]),
        ]
    )
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert "\x1b" not in text
    assert sum(line.startswith("run  ") for line in lines) == 2
    assert "closed" not in text
    assert " 1  ✓ 2012-10-12 A headline [31mthat is" in text
    assert "    Linked, and in neither list:" in lines
    assert "      shared: Mali" in lines
