"""The command line: what it prints, what it writes, and how it tells a mistake."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from relatedevents import RelatedEvents, Weights, __version__
from relatedevents.cli import main
from relatedevents.cli.options import read_group
from relatedevents.cli.show import list_text, printable, text_width, wrapped
from relatedevents.cli.sources import read_condition, read_weights
from relatedevents.errors import InputError

EVENTS = [
    ("a", "2012-10-12", "Council backs a force for northern Mali", ["Mali", "United Nations"]),
    ("b", "2012-12-20", "Council allows a mission to Mali", ["Mali", "United Nations"]),
    ("c/1", "2013-01-25", "Malian army enters the town of Hombori", ["Mali", "Hombori, Mali"]),
    ("d", None, "Earthquake off the coast of Chile", []),
    ("e", "2014-07-13", "Germany wins the football final", ["Football", "Germany"]),
]
COLUMNS = ["--column", "id=key", "--column", "date=day", "--column", "headline=title"]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("archive") / "events.csv"
    table = pd.DataFrame(EVENTS, columns=["key", "day", "title", "tags"])
    table["tags"] = table["tags"].map(json.dumps)
    table["views"] = [5, 4, 3, 2, 1]
    table["url"] = ["/a.html", "/b.html", "/c.html", "/d.html", None]
    table.to_csv(path, index=False)
    return str(path)


@pytest.fixture(scope="module")
def model_dir(archive, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model") / "model"
    assert main(["fit", archive, str(folder), *COLUMNS]) == 0
    return str(folder)


@pytest.fixture(scope="module")
def model(model_dir):
    return RelatedEvents.load(model_dir)


def run(capsys, *args):
    """Run the command line in this process: (exit code, stdout, stderr)."""
    capsys.readouterr()
    try:
        code = main(args)
    except SystemExit as stop:
        code = stop.code
    return code, *capsys.readouterr()


def run_apart(*args, **options):
    """Run the command line in a process of its own."""
    command = [sys.executable, "-m", "relatedevents", *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


class TestRelated:
    def test_json_is_what_the_model_gives(self, capsys, model_dir, model):
        code, out, err = run(capsys, "related", model_dir, "a", "-n", "2", "--json")
        assert (code, err) == (0, "")
        expected = model.related("a", n=2)
        got = pd.DataFrame(json.loads(out))
        assert list(got.columns) == list(expected.columns)
        assert list(got["related_id"]) == list(expected["related_id"])
        assert list(got["score"]) == list(expected["score"])
        assert list(got["shared_tags"]) == list(expected["shared_tags"])

    def test_the_table_shows_what_the_model_gives(self, capsys, model_dir, model):
        code, out, err = run(capsys, "related", model_dir, "a", "--min-probability", "0")
        assert (code, err) == (0, "")
        for row in model.related("a", min_probability=0).to_dict("records"):
            assert f"{row['rank']}  {row['score']:.3f}  " in out
            assert f"semantic {row['semantic']:.3f}" in out
            assert row["headline"].split()[0] in out
        assert "2012-10-12  Council backs a force" in out
        assert "shared tags: Mali; United Nations" in out
        assert "undated" in out
        assert "no shared tag" in out
        assert max(map(len, out.splitlines())) <= 100
        assert out.endswith("\n\n4 of 10: the archive has 4 other events\n")

    def test_a_list_that_ends_early_says_why(self, capsys, model_dir, model):
        out = run(capsys, "related", model_dir, "a")[1]
        why = model.related("a").attrs["ended"]["a"]
        assert why.startswith("2 of 10: no other event has a probability of 0.046 or more of being")
        assert " ".join(out.split()).endswith(why)

    def test_a_list_says_what_of_a_series_it_passes_over(self, capsys, tmp_path):
        path = tmp_path / "events.csv"
        rows = [f"e{k},Weekly digest {k},2012-01-0{k},[]\n" for k in range(1, 6)]
        path.write_text("id,headline,date,tags\n" + "".join(rows))
        asked = "related", str(path), "e1", "--min-probability", "0"
        out = run(capsys, *asked)[1]
        assert out.endswith(
            "\n\n2 of 10: no other event is of another series\n"
            "2 more of a series passed over (--series-limit)\n"
        )
        everything = json.loads(run(capsys, *asked, "--series-limit", "0", "--json")[1])
        assert len(everything) == 4

    def test_an_archive_is_fitted_first(self, capsys, archive, model_dir):
        fitted = run(capsys, "related", archive, "a", *COLUMNS)
        assert fitted[0] == 0
        assert fitted[1] == run(capsys, "related", model_dir, "a")[1]

    def test_a_new_event(self, capsys, model_dir, model):
        code, out, _ = run(
            capsys, "related", model_dir, "--headline", "Army in Mali", "--tag", "Mali",
            "--tag", "Germany", "--date", "2013-01-20", "-n", "3", "--json",
        )  # fmt: skip
        expected = model.related_to(
            "Army in Mali", tags=["Mali", "Germany"], date="2013-01-20", n=3
        )
        assert code == 0
        assert [row["related_id"] for row in json.loads(out)] == list(expected["related_id"])
        assert [row["score"] for row in json.loads(out)] == list(expected["score"])

    def test_a_new_event_has_a_category(self, capsys, tmp_path):
        path = tmp_path / "events.csv"
        rows = "a,One,,[],Sport\nb,Two,,[],Politics\nc,Three,,[],Sport\n"
        path.write_text("id,headline,date,tags,category\n" + rows)
        asked = "related", str(path), "--headline", "Four", "--json", "--min-probability", "0"
        lists = {
            name: json.loads(run(capsys, *asked, "--category", name)[1])
            for name in ("Sport", "Politics")
        }
        half = Weights().category / 2
        for name, ids in {"Sport": {"a", "c"}, "Politics": {"b"}}.items():
            assert {row["related_id"] for row in lists[name] if row["category"] > half} == ids

    @pytest.mark.parametrize(
        ("options", "keywords"),
        [
            (["--as-of", "2012-12-31"], {"as_of": "2012-12-31"}),
            (["--as-of", "own"], {"as_of": "own"}),
            (["--exclude", "a", "--exclude", "b"], {"exclude": ["a", "b"]}),
            (["--pin", "d", "--pin", "e"], {"pins": ["d", "e"]}),
            (["--min-score", "2"], {"min_score": 2.0}),
            (["--min-probability", "0.5"], {"min_probability": 0.5}),
            (
                ["-n", "2", "--diversity", "1", "--near-duplicates", "drop"],
                {"n": 2, "diversity": 1, "near_duplicates": "drop"},
            ),
            (["--where", "tags=Mali"], {"where": {"tags": "Mali"}}),
            (["--where", "views>=4"], {"where": {"views": (">=", 4)}}),
            (
                ["--where", "date>=2012-12-01", "--where", "date<2014-01-01"],
                {"where": [False, True, True, False, False]},
            ),
        ],
    )
    def test_every_option_reaches_the_model(self, capsys, model_dir, model, options, keywords):
        code, out, _ = run(capsys, "related", model_dir, "c/1", "--json", *options)
        expected = model.related("c/1", **keywords)
        everything = model.related("c/1")
        assert code == 0
        assert [row["related_id"] for row in json.loads(out)] == list(expected["related_id"])
        assert list(expected["related_id"]) != list(everything["related_id"])

    def test_reasons_stand_in_the_list_where_they_are_asked_for(self, capsys, model_dir, model):
        reasons = model.related("a", reasons=True)["reason"].tolist()
        code, out, _ = run(capsys, "related", model_dir, "a", "--json", "--reasons")
        assert code == 0
        assert [row["reason"] for row in json.loads(out)] == reasons
        shown = " ".join(run(capsys, "related", model_dir, "a", "--reasons")[1].split())
        assert all(reason in shown for reason in reasons)
        assert reasons[0] not in " ".join(run(capsys, "related", model_dir, "a")[1].split())

    def test_an_empty_list_is_said(self, capsys, model_dir):
        code, out, _ = run(capsys, "related", model_dir, "a", "--min-score", "9")
        assert code == 0
        assert "\nNo related events.\n0 of 10: no other event " in out
        assert " ".join(out.split()).endswith(" and has a score of 9 or more")

    def test_weights_reach_the_fit(self, capsys, archive):
        code, out, _ = run(
            capsys, "related", archive, "a", "--json", "--weights", "shared_tags", *COLUMNS
        )
        assert code == 0
        assert [row["coverage"] for row in json.loads(out)][:2] == [1.0, 0.5]
        assert {row["semantic"] for row in json.loads(out)} == {0.0}


class TestExplain:
    def test_the_sentence_is_printed(self, capsys, model_dir, model):
        out = run(capsys, "explain", model_dir, "a", "b")[1]
        assert model.explain("a", "b").reason in " ".join(out.split())

    def test_parts_add_up_to_the_score(self, capsys, model_dir, model):
        code, out, err = run(capsys, "explain", model_dir, "a", "b", "--json")
        assert (code, err) == (0, "")
        told = json.loads(out)
        assert sum(told["parts"].values()) == pytest.approx(told["score"], abs=1e-9)
        assert told["score"] == model.explain("a", "b").score

    def test_text(self, capsys, model_dir, model):
        code, out, _ = run(capsys, "explain", model_dir, "a", "b")
        explanation = model.explain("a", "b")
        assert code == 0
        assert f"{explanation.parts['tags']:.4f}  United Nations" in out
        assert "69 days apart" in out
        assert f"{explanation.score:.4f}  {explanation.basis}" in out

    def test_shares_of_two_tag_signals_stand_with_the_part_that_they_make_up(self, capsys, archive):
        weights = "tags=.3,coverage=.3"
        code, out, _ = run(capsys, "explain", archive, "a", "b", "--weights", weights, *COLUMNS)
        assert code == 0
        for signal in ("tags", "coverage"):
            (line,) = [line for line in out.splitlines() if line.startswith(f"{signal} ")]
            part, *shares = re.findall(r"(?<![\d.])\d\.\d{4}", line)
            assert "United Nations" in line
            assert sum(map(float, shares)) == pytest.approx(float(part), abs=2e-4)


class TestBatch:
    @pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
    def test_a_table_holds_every_list(self, capsys, model_dir, model, tmp_path, suffix):
        path = tmp_path / f"lists.{suffix}"
        code, out, err = run(capsys, "batch", model_dir, str(path), "-n", "2")
        assert (code, out) == (0, "")
        assert err.startswith("5 events, 7 related events: ")
        assert err.endswith("; 2 lists end early, `related` says why\n")
        read = {"csv": pd.read_csv, "jsonl": pd.read_json, "parquet": pd.read_parquet}[suffix]
        table = read(path, lines=True) if suffix == "jsonl" else read(path)
        expected = model.related_all(n=2)
        for name in ("id", "rank", "related_id", "basis"):
            assert list(table[name]) == list(expected[name])
        assert table["score"].to_numpy() == pytest.approx(expected["score"].to_numpy())
        assert "/c.html" in set(table["url"])

    @pytest.mark.parametrize("engine", ["exact", "auto", "approximate"])
    def test_the_engine_is_named(self, capsys, archive, model_dir, model, tmp_path, engine):
        if engine == "approximate":
            pytest.importorskip("faiss")
        expected = model.related_all(n=2)["related_id"].tolist()
        for source, options in ((model_dir, []), (archive, COLUMNS)):
            path = tmp_path / "lists.parquet"
            code, *_ = run(
                capsys, "batch", source, str(path), "-n", "2", "--engine", engine, *options
            )
            assert code == 0
            assert pd.read_parquet(path)["related_id"].tolist() == expected

    def test_pages(self, capsys, archive, tmp_path):
        code, *_ = run(
            capsys, "batch", archive, str(tmp_path / "out"), "--format", "pages",
            "--base-path", "/news/", "--link-suffix", ".html", "--min-score", "1", *COLUMNS,
        )  # fmt: skip
        assert code == 0
        files = {str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.json")}
        assert files == {"a.json", "b.json", "c/1.json", "d.json", "e.json"}
        items = json.loads((tmp_path / "out/a.json").read_text())
        assert items[0]["related_id"] == "b"
        assert items[0]["url"] == "/b.html"
        # An event without a list has an empty one, and one without a url has base path and id.
        assert json.loads((tmp_path / "out/e.json").read_text()) == []

    def test_url_column_and_base_path(self, capsys, model_dir, tmp_path):
        path = tmp_path / "all.md"
        code, *_ = run(
            capsys, "batch", model_dir, str(path), "--base-path", "/news/", "--link-suffix", "/"
        )
        assert code == 0
        assert "# [Germany wins the football final](/news/e/)" in path.read_text()
        assert "](/a.html) _Context: Mali, United Nations_" in path.read_text()

    def test_stdout_is_pure_data(self, capsys, model_dir, model):
        code, out, err = run(capsys, "batch", model_dir, "-", "--format", "jsonl")
        assert (code, err) == (0, "")
        rows = [json.loads(line) for line in out.splitlines()]
        assert [row["related_id"] for row in rows] == list(model.related_all()["related_id"])

    def test_progress_goes_to_stderr_when_asked_for(self, capsys, archive):
        quiet = run(capsys, "batch", archive, "-", "--format", "csv", *COLUMNS)
        told = run(capsys, "batch", archive, "-", "--format", "csv", "--progress", *COLUMNS)
        assert quiet[2] == ""
        assert "5/5" in told[2]
        assert told[1] == quiet[1]


class TestSample:
    def test_the_sample_is_one_word(self, capsys):
        query = "--headline", "Peacekeepers arrive in Timbuktu", "--tag", "Mali"
        code, out, _ = run(capsys, "related", "sample", *query, "-n", "3", "--json")
        assert code == 0
        assert all("Mali" in row["shared_tags"] for row in json.loads(out))

    def test_the_demo_of_the_makefile(self, capsys):
        makefile = Path(__file__).parents[1] / "Makefile"
        lines = makefile.read_text("utf-8").splitlines()
        event = next(line for line in lines if line.startswith("EVENT := "))
        code, out, _ = run(capsys, "related", "sample", event.removeprefix("EVENT := "))
        assert code == 0
        assert out.startswith("2012-10-12  ")
        assert "\n10  " in out


MISTAKES = [
    ([], "the following arguments are required: COMMAND"),
    (["frob"], "argument COMMAND: invalid choice: 'frob'"),
    (["related"], "the following arguments are required: SOURCE"),
    (["related", "MODEL"], "ID, --headline: got neither; allowed: one of the two"),
    (["related", "MODEL", "a", "--headline", "x"], "ID, --headline: got both"),
    (["related", "MODEL", "a", "--tag", "x"], "got ID 'a' with --tag; allowed: --tag"),
    (["related", "MODEL", "a", "--category", "x"], "got ID 'a' with --category"),
    (["related", "MODEL", "zz"], "the archive has no 'zz'"),
    (["related", "MODEL", "a", "-n", "0"], "n: got 0; allowed: a whole number of 1 or more"),
    (["related", "MODEL", "a", "-n", "x"], "argument -n: invalid int value: 'x'"),
    (["related", "MODEL", "a", "--as-of", "soon"], "as_of: got 'soon'"),
    (["related", "MODEL", "a", "--where", "views"], "--where: got 'views'; allowed: a column"),
    (["related", "MODEL", "a", "--where", "x=1"], "the archive has no such column"),
    (["related", "MODEL", "a", "--where", "views>y"], "got views 'y'; allowed: a number"),
    (["related", "MODEL", "a", "--pin", "b", "--exclude", "b"], "also stands in exclude"),
    (["related", "MODEL", "a", "--headl", "x"], "unrecognized arguments: --headl x"),
    (["related", "MODEL", "a", "--weights", "tags=1"], "--weights with the saved model"),
    (["related", "ARCHIVE", "a", "--weights", "tags"], "--weights: got 'tags'"),
    (["related", "ARCHIVE", "a", "--weights", "tags=x"], "--weights: got 'x'; allowed: numbers"),
    (["related", "ARCHIVE", "a", "--weights", "likes=1"], "weights: got 'likes'; allowed: sem"),
    (["related", "ARCHIVE", "a", "--weights", "tags=-1"], "weights.tags: got -1.0"),
    (["related", "ARCHIVE", "a", "--column", "id"], "--column: got 'id'; allowed: NAME=TEXT"),
    (["related", "ARCHIVE", "a", "--on-error", "x"], "on_error: got 'x'; allowed: 'raise', 'drop'"),
    (["related", "ARCHIVE", "a", "--encoder", "no/such"], "no/such"),
    (["related", "sample", "a", "--tag-separator", ";"], "--tag-separator with the bundled sample"),
    (["related", "nowhere", "a"], "SOURCE: 'nowhere' is not there; allowed: a saved model"),
    (["explain", "MODEL", "a", "zz"], "the archive has no 'zz'"),
    (["batch", "MODEL", "OUT/x"], "Or name the format: 'csv', 'jsonl'"),
    (["batch", "MODEL", "OUT/x", "--format", "html"], "--format: got 'html'; allowed: csv, jsonl"),
    (["batch", "MODEL", "OUT/x.csv", "--engine", "fast"], "engine: got 'fast'; allowed: 'exact'"),
    (["batch", "MODEL", "-"], "--format: got none for stdout; allowed: csv or jsonl"),
    (["batch", "MODEL", "ARCHIVE/x.csv"], "can't be written"),
    (["batch", "MODEL", "OUT/x.csv", "--url-column", "link"], "url_column: got 'link'"),
    (["fit", "ARCHIVE", "ARCHIVE"], "events.csv"),
]


class TestMistakes:
    @pytest.mark.parametrize(("args", "message"), MISTAKES)
    def test_a_mistake_is_one_line_and_exit_code_2(
        self, capsys, archive, model_dir, tmp_path, args, message
    ):
        places = {"MODEL": model_dir, "ARCHIVE": archive, "OUT": str(tmp_path)}
        filled = [
            "/".join([places.get(first, first), *rest])
            for first, *rest in (a.split("/") for a in args)
        ]
        if "ARCHIVE" in args and "--column" not in args:
            filled += COLUMNS
        code, out, err = run(capsys, *filled)
        assert code == 2
        assert out == ""
        assert message in err
        assert err.count("\n") == 1
        assert err.startswith("relatedevents")

    def test_dropped_rows_are_one_line_of_warning(self, capsys, tmp_path):
        path = tmp_path / "events.csv"
        path.write_text("id,headline,date,tags\na,One,,[]\nb,,,[]\nc,Two,,[]\n")
        more = "--json", "--min-probability", "0"
        code, out, err = run(capsys, "related", str(path), "a", "--on-error", "drop", *more)
        assert code == 0
        assert [row["related_id"] for row in json.loads(out)] == ["c"]
        assert err.startswith("relatedevents: warning: ")
        assert err.count("\n") == 1

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
    def test_an_unreadable_archive(self, capsys, tmp_path):
        path = tmp_path / "events.csv"
        path.write_text("id,headline\na,One\n")
        path.chmod(0)
        code, _, err = run(capsys, "related", str(path), "a")
        assert code == 2
        assert "Permission denied" in err

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
    def test_a_full_disk_behind_stdout(self, model_dir):
        command = [
            sys.executable,
            "-m",
            "relatedevents",
            "batch",
            model_dir,
            "-",
            "--format",
            "csv",
        ]
        with Path("/dev/full").open("w") as full:
            result = subprocess.run(
                command, stdout=full, stderr=subprocess.PIPE, text=True, check=False
            )
        assert result.returncode == 2
        assert result.stderr == "relatedevents: No space left on device\n"

    def test_a_reader_that_leaves_early_is_no_error(self, model_dir):
        command = [sys.executable, "-m", "relatedevents", "related", model_dir, "a", "--json"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            process.stdout.close()
            told = process.stderr.read()
            process.wait()
        assert process.returncode == 141
        assert told == b""


class TestStart:
    def test_version(self):
        result = run_apart("--version")
        assert (result.returncode, result.stdout) == (0, f"relatedevents {__version__}\n")

    @pytest.mark.parametrize("args", [["--version"], ["--help"], ["related", "--help"], ["frob"]])
    def test_nothing_heavy_is_loaded_before_the_arguments_are_right(self, args):
        code = (
            "import sys\nfrom relatedevents.cli import main\n"
            f"try:\n    main({args!r})\nexcept SystemExit:\n    pass\n"
            "print(sorted({'numpy', 'pandas', 'sklearn', 'tqdm'} & set(sys.modules)))"
        )
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        assert result.stdout.splitlines()[-1] == "[]"

    @pytest.mark.parametrize("command", ["fit", "related", "explain", "batch"])
    def test_help_fits_the_terminal(self, command, capsys, monkeypatch):
        monkeypatch.setenv("COLUMNS", "100")
        code, out, _ = run(capsys, command, "--help")
        assert code == 0
        assert max(map(len, out.splitlines())) <= 100

    def test_text_is_utf8_wherever_it_goes(self, archive):
        environment = os.environ | {"PYTHONIOENCODING": "ascii"}
        result = run_apart(
            "related", archive, "--headline", "Łódź", "-n", "1", *COLUMNS,
            env=environment, encoding="utf-8",
        )  # fmt: skip
        assert result.returncode == 0
        assert "Łódź" in result.stdout


class TestOptions:
    def test_a_line_that_describes_no_argument_is_told(self):
        with pytest.raises(ValueError, match="no line of an argument: '--x Y Z: what'"):
            read_group("--x Y Z: what")

    def test_settings_reach_the_argument(self):
        group = read_group("""
            --share X [float, default=0.5, required]: a share,
                as a number
            names NAME [nargs=+]
            --quiet: say nothing
            """)
        assert group.arguments == {
            "--share": {
                "metavar": "X", "help": "a share, as a number", "type": float,
                "default": "0.5", "required": True,
            },
            "names": {"metavar": "NAME", "help": None, "nargs": "+"},
            "--quiet": {"action": "store_true", "help": "say nothing"},
        }  # fmt: skip


class TestShow:
    @pytest.mark.parametrize("width", [1, 2, 7, 20])
    def test_wrapped_lines_fit_and_lose_nothing(self, width):
        text = "Ein Satz mit Wörtern, 日本語 und e\u0301inem sehrlangenzusammengesetztenWort"
        lines = wrapped(text, width)
        assert all(text_width(line) <= max(width, 2) for line in lines)
        assert "".join("".join(lines).split()) == "".join(text.split())

    def test_nothing_steers_the_terminal(self):
        assert printable("a\x1b]0;title\x07b\u202ec\nd") == "a]0;titlebc d"

    def test_a_long_list_fits_the_width(self):
        rows = {
            "rank": range(1, 12),
            "score": 1.5,
            "semantic": 0.5, "tags": 0.5, "coverage": 0.1, "words": 0.2, "time": 0.1,
            "recency": 0.1,
            "shared_tags": [["日本 " * 9, "Mali"]] * 11,
            "basis": ["pin+none"] + ["none"] * 10,
            "headline": "A word and averyveryveryveryveryveryveryveryverylongwordindeed " * 2,
            "date": pd.NaT,
        }  # fmt: skip
        event = {"headline": "x " * 80, "date": None, "tags": ["y " * 60]}
        text = list_text(pd.DataFrame(rows), event)
        assert max(map(text_width, text.splitlines())) <= 100
        assert "pinned; no evidence" in " ".join(text.split())

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("a=b", ("a", "==", "b")),
            ("a!=b=c", ("a", "!=", "b=c")),
            ("a>=1", ("a", ">=", "1")),
            ("a<1", ("a", "<", "1")),
            ("a=>1", ("a", "==", ">1")),
            ("a=", ("a", "==", "")),
        ],
    )
    def test_conditions(self, text, expected):
        assert read_condition(text) == expected

    def test_weights(self):
        assert read_weights("semantic=.5, tags=2") == Weights(semantic=0.5, tags=2)
        assert read_weights("tie_break=column:views:descending").tie_break.endswith("descending")
        with pytest.raises(InputError, match="NAME=TEXT, each name once"):
            read_weights("tags=1,tags=2")
