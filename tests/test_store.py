"""Store: a folder that gives back every answer, or an error that names the file at fault."""

from __future__ import annotations

import hashlib
import json
import pickle
import re
import shutil
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from toy import GATED, ConstantEncoder, KeywordEncoder, random_frame, toy_frame, toy_model

from relatedevents import RelatedEvents
from relatedevents.errors import InputError, StoreError
from relatedevents.store import Contents, is_saved, load, save

RICH = GATED.with_params(tie_break="column:views:descending")


@pytest.fixture
def saved(tmp_path):
    toy_model().save(tmp_path / "model")
    return tmp_path / "model"


def sealed(folder, **files):
    """Write files into a saved model with their checksums put right, as a forger would."""
    head = json.loads((folder / "model.json").read_text())
    for name, content in files.items():
        (folder / name).write_bytes(content)
        head["files"][name] = hashlib.sha256(content).hexdigest()
    (folder / "model.json").write_text(json.dumps(head))


@pytest.mark.parametrize("mmap", [True, False])
def test_every_answer_comes_back(tmp_path, mmap):
    frame = random_frame(1, 60)
    frame["views"] = np.arange(60) % 4
    frame["stories"] = [["x"] if row % 2 else [] for row in range(60)]
    aliases = {"rain-sun": "Weather"}
    model = RelatedEvents(
        encoder=KeywordEncoder(), weights=RICH, n_related=4, tag_aliases=aliases, block_size=9
    )
    model.fit(frame)
    place = model.save(tmp_path / "deep" / "model")
    loaded = RelatedEvents.load(place, encoder=KeywordEncoder(), mmap=mmap)
    ours, theirs = model.get_params(), loaded.get_params()
    ours.pop("encoder")
    theirs.pop("encoder")
    assert theirs == ours
    ids = frame["id"].tolist()
    for ask in (
        lambda m: m.related_all(),
        lambda m: m.related_many(ids[:5], 3, as_of="own", where={"stories": "x"}),
        lambda m: m.related(ids[7], 59, exclude=ids[8:12], pins=[ids[3]], min_score=0.1),
        lambda m: m.related_to("Flood in Rome", tags=["RAIN-SUN", "new"], date="2012-01-09"),
        lambda m: m.related_to("Match", tags=["Law"], category="Sports and crime"),
        lambda m: m.set_params(weights__tie_break="date", weights__time=0).related_all(),
    ):
        pd.testing.assert_frame_equal(ask(model), ask(loaded), check_exact=True)
    assert model.explain(ids[0], ids[1]) == loaded.explain(ids[0], ids[1])
    pd.testing.assert_frame_equal(
        model.archive_.drop(columns="stories"), loaded.archive_.drop(columns="stories")
    )
    assert [list(some) for some in loaded.archive_["stories"]] == frame["stories"].tolist()
    assert loaded.archive_["tags"].map(type).eq(list).all()


@pytest.mark.parametrize("mmap", [True, False])
@pytest.mark.parametrize("tagged", [True, False])
def test_what_the_signals_know_comes_back_bit_by_bit(tmp_path, mmap, tagged):
    frame = random_frame(2, 40, untagged=0.2 if tagged else 1.0)
    model = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    loaded = RelatedEvents.load(model.save(tmp_path / "m"), mmap=mmap)
    ours, theirs = model.index_, loaded.index_
    assert (ours.features.dense("topics").shape[1] > 0) == tagged
    assert len(ours.features.spaces["category"].keys) == 3
    assert np.array_equal(ours.features.days, theirs.features.days)
    assert ours.features.columns.keys() == theirs.features.columns.keys()
    for name, mine in ours.features.columns.items():
        back = theirs.features.columns[name]
        assert back.dtype == mine.dtype, name
        assert back.shape == mine.shape, name
        assert (back != mine).nnz == 0 if sparse.issparse(mine) else np.array_equal(back, mine)
    assert np.array_equal(
        theirs.features.spaces["topic"].directions, ours.features.spaces["topic"].directions
    )
    assert theirs.features.spaces["category"].keys == ours.features.spaces["category"].keys
    assert np.array_equal(
        theirs.features.spaces["category"].likeness, ours.features.spaces["category"].likeness
    )


def test_a_loaded_model_can_be_saved_again_over_its_own_files(saved):
    first = RelatedEvents.load(saved).related_all(3)
    loaded = RelatedEvents.load(saved)
    loaded.save(saved)
    assert loaded.related_all(3).equals(first)
    assert RelatedEvents.load(saved).related_all(3).equals(first)


def test_what_the_reader_counted_comes_back(tmp_path):
    frame = toy_frame()
    frame.attrs["reading"] = {"files": 3}
    model = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    loaded = RelatedEvents.load(model.save(tmp_path / "m"))
    assert loaded.archive_.attrs["reading"] == {"files": 3}


def test_no_pickle_is_written(saved):
    for path in saved.iterdir():
        assert path.suffix in {".json", ".npy", ".parquet"}
        if path.suffix == ".npy":
            np.load(path, allow_pickle=False)


def test_a_byte_flipped_in_any_file_is_told(saved, tmp_path):
    names = sorted(path.name for path in saved.iterdir() if path.name != "model.json")
    assert len(names) > 10
    for name in names:
        for place in ("first", "middle", "last"):
            copy = tmp_path / f"{name}-{place}"
            shutil.copytree(saved, copy)
            content = bytearray((copy / name).read_bytes())
            at = {"first": 0, "middle": len(content) // 2, "last": len(content) - 1}[place]
            content[at] ^= 1
            (copy / name).write_bytes(content)
            message = rf"{re.escape(name)}: is damaged: its checksum differs; allowed: the saved"
            with pytest.raises(StoreError, match=message):
                RelatedEvents.load(copy)


def test_a_byte_flipped_in_the_head_never_gives_another_model(saved):
    whole = RelatedEvents.load(saved).related_all(3)
    head = (saved / "model.json").read_bytes()
    told = 0
    for at in range(0, len(head), 7):
        (saved / "model.json").write_bytes(head[:at] + bytes([head[at] ^ 1]) + head[at + 1 :])
        try:
            loaded = RelatedEvents.load(saved)
        except StoreError:
            told += 1
        else:
            assert loaded.related_all(3).equals(whole)
    assert told > len(head) / 7 / 2


def test_a_file_cut_off_or_missing_is_told(saved):
    content = (saved / "vectors.npy").read_bytes()
    (saved / "vectors.npy").write_bytes(content[:50])
    with pytest.raises(StoreError, match=r"vectors\.npy: is damaged: its checksum differs"):
        load(saved)
    (saved / "vectors.npy").unlink()
    message = r"vectors\.npy: is missing; allowed: every saved file\. Fit and save the model again"
    with pytest.raises(StoreError, match=message):
        load(saved)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", r"model\.json: can't be read: it is damaged; allowed: the saved text\."),
        ("\x00", r"model\.json: can't be read: it is damaged"),
        ("[]", r"model\.json: is no saved model; allowed: a file that save wrote\."),
        ('{"format": "other"}', r"model\.json: is no saved model"),
        (
            '{"format": "relatedevents", "format_version": 99, "files": {}}',
            r"model\.json: format version 99; allowed: version 4\. Fit and save the model again\.",
        ),
        (
            '{"format": "relatedevents", "format_version": 3, "files": {"settings.json": ""}}',
            r"model\.json: format version 3; allowed: version 4\. Fit and save the model again\.$",
        ),
        (
            '{"format": "relatedevents", "format_version": 4, "files": {}}',
            r"model\.json: is damaged; allowed: the saved text",
        ),
        (
            '{"format": "relatedevents", "format_version": 4, "files": []}',
            r"model\.json: is damaged; allowed: the saved text",
        ),
    ],
)
def test_another_head(saved, text, message):
    (saved / "model.json").write_text(text)
    with pytest.raises(StoreError, match=message):
        RelatedEvents.load(saved)


@pytest.mark.parametrize("name", ["../secret.npy", "/etc/passwd", "a/../b.npy", "sub/x.npy"])
def test_names_outside_the_folder_are_refused(saved, name):
    head = json.loads((saved / "model.json").read_text())
    head["files"][name] = "0" * 64
    (saved / "model.json").write_text(json.dumps(head))
    message = rf"model\.json: names {re.escape(repr(name))}; allowed: files of its own folder"
    with pytest.raises(StoreError, match=message):
        RelatedEvents.load(saved)


@pytest.mark.parametrize("name", ["..", ".", ""])
def test_names_of_folders_are_no_files(saved, name):
    head = json.loads((saved / "model.json").read_text())
    head["files"][name] = "0" * 64
    (saved / "model.json").write_text(json.dumps(head))
    with pytest.raises(StoreError, match="allowed: "):
        RelatedEvents.load(saved)


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was opened",))


def test_pickled_objects_are_refused_even_with_a_right_checksum(saved):
    path = saved / "vectors.npy"
    np.save(path, np.array([Bomb()], dtype=object), allow_pickle=True)
    sealed(saved, **{"vectors.npy": path.read_bytes()})
    with pytest.raises(
        StoreError, match=r"vectors\.npy: can't be read \(.*(allow_pickle|Python objects)"
    ):
        RelatedEvents.load(saved)
    sealed(saved, **{"vectors.npy": pickle.dumps(Bomb())})
    with pytest.raises(StoreError, match=r"vectors\.npy: can't be read"):
        RelatedEvents.load(saved)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("settings.json", b"{}"),
        ("settings.json", b"["),
        ("settings.json", b"[1]"),
        ("archive.parquet", b"no table"),
        ("order.npy", b""),
    ],
)
def test_well_sealed_nonsense_is_told(saved, name, content):
    sealed(saved, **{name: content})
    with pytest.raises(StoreError, match=r"(allowed: a file that save wrote|lacks something)"):
        RelatedEvents.load(saved)


def test_folders_that_are_no_model(tmp_path):
    message = r"folder: '.*nowhere' has no model\.json; allowed: a folder that save wrote\."
    with pytest.raises(StoreError, match=message):
        RelatedEvents.load(tmp_path / "nowhere")
    with pytest.raises(StoreError, match=r"has no model\.json"):
        RelatedEvents.load(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match=r"file' has no model\.json; allowed: a folder that save"):
        RelatedEvents.load(tmp_path / "file")
    assert not is_saved(tmp_path)
    with pytest.raises(StoreError, match=r"folder: got 5; allowed: a path"):
        RelatedEvents.load(5)
    with pytest.raises(InputError, match=r"folder: got 5; allowed: a path"):
        toy_model().save(5)


def test_save_takes_new_and_empty_folders_and_saved_models(tmp_path):
    model = toy_model()
    (tmp_path / "empty").mkdir()
    for place in ("new", "empty", "new"):
        assert model.save(tmp_path / place) == tmp_path / place
        assert is_saved(tmp_path / place)
    assert RelatedEvents.load(tmp_path / "new").related_all(2).equals(model.related_all(2))
    # Nothing else is left behind.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "new"]


def test_save_replaces_a_model_of_another_version_but_nothing_else(tmp_path, saved):
    head = json.loads((saved / "model.json").read_text())
    (saved / "model.json").write_text(json.dumps({**head, "format_version": 99}))
    toy_model().save(saved)
    assert is_saved(saved)
    others = {
        "file": None,
        "notes": {"notes.txt": "mine"},
        "other": {"model.json": '{"weights": 1}', "big.bin": "mine"},
        "broken": {"model.json": "{", "big.bin": "mine"},
    }
    for name, files in others.items():
        place = tmp_path / name
        if files is None:
            place.write_text("mine")
        else:
            place.mkdir()
            for file, text in files.items():
                (place / file).write_text(text)
        with pytest.raises(InputError, match=r"holds something else; allowed: a new or empty fol"):
            toy_model().save(place)
        if files:
            assert {path.name: path.read_text() for path in place.iterdir()} == files
    (saved / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match="holds something else"):
        toy_model().save(saved)
    assert (saved / "notes.txt").read_text() == "mine"


def test_a_failed_save_leaves_the_old_model(saved, monkeypatch):
    before = {path.name: path.read_bytes() for path in saved.iterdir()}

    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    message = r"folder: '.*' can't be written \(No space left on device\); allowed: a folder that"
    with pytest.raises(InputError, match=message):
        toy_model().save(saved)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before
    assert [path.name for path in saved.parent.iterdir()] == ["model"]


def test_a_save_broken_off_at_the_swap_puts_the_old_model_back(saved, monkeypatch):
    from pathlib import Path

    before = {path.name: path.read_bytes() for path in saved.iterdir()}
    rename = Path.rename

    def stubborn(self, target):
        if Path(target) == saved and self.name == "new":
            raise OSError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", stubborn)
    with pytest.raises(InputError, match=r"can't be written \(Permission denied\)"):
        toy_model().save(saved)
    assert {path.name: path.read_bytes() for path in saved.iterdir()} == before


def test_a_place_under_a_file_can_t_be_written(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match=r"folder: '.*' can't be written \(.*\); allowed: "):
        toy_model().save(tmp_path / "file" / "model")


def test_a_column_that_no_file_can_hold(tmp_path):
    frame = toy_frame()
    frame["mixed"] = [1, "a", {2}] * 4
    model = RelatedEvents(encoder=KeywordEncoder()).fit(frame)
    message = r"the table of archive: can't be saved as Parquet \(.*\); allowed: columns of one"
    with pytest.raises(InputError, match=message):
        model.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_an_encoder_object_is_asked_for_only_where_it_is_needed(saved):
    loaded = RelatedEvents.load(saved)
    assert loaded.encoder is None
    assert loaded.related_all(3).equals(toy_model().related_all(3))
    message = (
        "encoder: the model was fitted with an encoder object, which no file can hold; allowed: "
        "that object. Load with RelatedEvents.load(folder, encoder=...)."
    )
    with pytest.raises(InputError, match=re.escape(message)):
        loaded.related_to("Flood")
    again = RelatedEvents.load(saved, encoder=KeywordEncoder())
    wanted = toy_model().related_to("Flood", tags=["Spain"])
    assert again.related_to("Flood", tags=["Spain"]).equals(wanted)


@pytest.mark.parametrize(
    "encoder", [ConstantEncoder(), KeywordEncoder(("vote", "flood", "match", "strike", "court"))]
)
def test_another_encoder(saved, encoder):
    message = r"encoder: .*Encoder gives other vectors than the model was fitted with; allowed: the"
    with pytest.raises(StoreError, match=message):
        RelatedEvents.load(saved, encoder=encoder)
    with pytest.raises(InputError, match=r"encoder: got 5; allowed: 'default', a folder"):
        RelatedEvents.load(saved, encoder=5)


def test_a_named_encoder_is_found_again(tmp_path):
    model = RelatedEvents().fit(toy_frame())
    loaded = RelatedEvents.load(model.save(tmp_path / "m"))
    assert loaded.encoder == "default"
    wanted = model.related_to("Flood", n=3)
    assert loaded.related_to("Flood", n=3).equals(wanted)


def test_contents_alone(tmp_path):
    contents = Contents({"a": [1, None, "ä"]}, {"x": np.arange(6).reshape(2, 3)[:, ::2]})
    back = load(save(tmp_path / "m", contents))
    assert back.settings == contents.settings
    assert back.arrays["x"].tolist() == [[0, 2], [3, 5]]
    assert back.tables == {}
    assert (tmp_path / "m").stat().st_mode & 0o777 == (tmp_path).stat().st_mode & 0o777 | 0o055


LIMITED = """
import resource, signal, sys
import numpy as np, pandas as pd
from relatedevents import store
from relatedevents.writers import write_lists
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
text = [f"{number * 7919:032x}" for number in range(9_000)]
lists = pd.DataFrame({"id": text, "rank": 1, "related_id": text, "score": np.arange(9_000) / 7})
contents = {
    "arrays": store.Contents({}, {"vectors": np.arange(9_000.0)}),
    "tables": store.Contents({}, {}, {"archive": lists}),
    "settings": store.Contents({"words": text}, {}),
}
kind, path = sys.argv[1:]
try:
    write_lists(lists, path) if kind == "lists" else store.save(path, contents[kind])
except ValueError as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(
    ("kind", "name", "todo"),
    [
        ("arrays", "model", "Free some room, or name a folder on another disk"),
        ("tables", "model", "name a folder on another disk"),
        ("settings", "model", "name a folder on another disk"),
        ("lists", "lists.csv", "name a path on another disk"),
        ("lists", "lists.jsonl", "name a path on another disk"),
        ("lists", "lists.parquet", "name a path on another disk"),
    ],
)
def test_a_disk_that_takes_no_more_is_told_and_nothing_is_left(tmp_path, kind, name, todo):
    pytest.importorskip("resource")
    path = tmp_path / name
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, kind, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.startswith("InputError")
    assert f"'{path}' can't be written" in done.stdout
    assert todo in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("weights", [{"semantic": 1.0, "moon": 1.0}, {"semantic": "much"}, [1]])
def test_settings_of_another_version_are_told(saved, weights):
    settings = json.loads((saved / "settings.json").read_text())
    settings["model"]["weights"] = weights
    sealed(saved, **{"settings.json": json.dumps(settings).encode()})
    with pytest.raises(StoreError, match=r"a wrong thing.*Fit and save the model again\."):
        RelatedEvents.load(saved)


@pytest.mark.parametrize("name", ["model", "tags_keys", "tie_break", "category_keys"])
def test_settings_that_another_version_lacks_are_told(saved, name):
    settings = json.loads((saved / "settings.json").read_text())
    del settings[name]
    sealed(saved, **{"settings.json": json.dumps(settings).encode()})
    with pytest.raises(StoreError, match=rf"lacks something.*{name}.*Fit and save the model again"):
        RelatedEvents.load(saved)
