"""A person's own drawings: kept, relabelled, deleted; and taken from a zip that is not trusted."""

import io
import struct
import zipfile

import numpy as np
import pytest
from PIL import Image

from core import paths
from core.drawings import archive, store
from core.errors import CoreError, DataError, ImageError, UsageError


def make_picture(seed=0, side=40):
    return np.random.default_rng(seed).integers(0, 256, (side, side)).astype(np.uint8)


def encode(picture, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format=kind)
    return buffer.getvalue()


def build_zip(files):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return buffer.getvalue()


def test_the_folder_lies_beside_runs_and_datasets(home):
    assert paths.drawings_dir() == home / "drawings"
    assert store.list_drawings() == []


def test_what_is_saved_is_listed_and_loaded_pixel_for_pixel(home):
    picture = make_picture()
    saved = store.save_drawing(picture, " 1984 ")
    assert [(drawing.id, drawing.label) for drawing in store.list_drawings()] == [(saved.id, "1984")]
    assert (store.load_drawing(store.find_drawing(saved.id)) == picture).all()
    assert [path.name for path in (home / "drawings").iterdir()] == [f"{saved.id}_1984.png"]


def test_the_same_picture_is_kept_once_and_never_under_two_labels(home):
    first = store.save_drawing(make_picture(), "3")
    assert store.save_drawing(make_picture(), "3") == first
    with pytest.raises(UsageError, match="kept as 3 already"):
        store.save_drawing(make_picture(), "8")
    assert len(store.list_drawings()) == 1


def test_newest_comes_first_and_strange_files_are_left_alone(home):
    folder = home / "drawings"
    folder.mkdir()
    for name in ("20260101-000000-aaaaaaaaaaaa_1.png", "20260102-000000-bbbbbbbbbbbb_2.png", "mine.png", ".x.part"):
        (folder / name).write_bytes(encode(make_picture()))
    assert [drawing.label for drawing in store.list_drawings()] == ["2", "1"]


@pytest.mark.parametrize("label", ["", "seven", "1.5", "-1", "٣", "1" * 21, "../1"])
def test_a_label_is_made_of_digits(home, label):
    with pytest.raises(UsageError, match="1 to 20 digits"):
        store.save_drawing(make_picture(), label)
    assert store.list_drawings() == []


def test_a_drawing_is_relabelled_in_place_and_deleted(home):
    saved = store.save_drawing(make_picture(), "3")
    changed = store.relabel_drawing(saved, "8")
    assert [drawing.label for drawing in store.list_drawings()] == ["8"]
    assert changed.id == saved.id
    store.delete_drawing(changed)
    store.delete_drawing(changed)
    assert store.list_drawings() == []
    with pytest.raises(DataError, match="not there any more"):
        store.load_drawing(changed)
    with pytest.raises(DataError, match="could not be renamed"):
        store.relabel_drawing(changed, "9")


def test_a_full_folder_takes_no_more(home, monkeypatch):
    monkeypatch.setattr(store, "MOST_DRAWINGS", 2)
    store.save_drawing(make_picture(1), "1")
    store.save_drawing(make_picture(2), "2")
    with pytest.raises(DataError, match="2 drawings already"):
        store.save_drawing(make_picture(3), "3")


def test_a_damaged_drawing_is_one_sentence(home):
    saved = store.save_drawing(make_picture(), "3")
    saved.path.write_bytes(b"no picture")
    with pytest.raises(ImageError):
        store.load_drawing(saved)


def test_only_small_light_ink_on_dark_is_taken_as_prepared():
    digit = np.zeros((28, 28), np.uint8)
    digit[5:20, 14] = 255
    assert store.is_prepared(digit)
    assert not store.is_prepared(255 - digit)
    assert not store.is_prepared(np.zeros((320, 320), np.uint8))


def test_an_export_is_imported_whole_into_another_home_and_once(home, monkeypatch, tmp_path):
    pictures = {"7": make_picture(1), "12": make_picture(2), "0": make_picture(3, side=28)}
    for label, picture in pictures.items():
        store.save_drawing(picture, label)
    content = archive.export_zip(store.list_drawings())
    names = zipfile.ZipFile(io.BytesIO(content)).namelist()
    assert sorted(name for name in names if name.endswith(".csv")) == ["drawings.csv"]
    assert len(names) == 4

    monkeypatch.setenv("DIGITS_HOME", str(tmp_path / "elsewhere"))
    imported = archive.import_zip(content)
    assert (len(imported.saved), imported.known, imported.problems) == (3, 0, [])
    kept = {drawing.label: store.load_drawing(drawing) for drawing in store.list_drawings()}
    assert kept.keys() == pictures.keys()
    assert all((kept[label] == picture).all() for label, picture in pictures.items())
    again = archive.import_zip(content)
    assert (len(again.saved), again.known, again.problems) == (0, 3, [])


def test_each_file_that_cannot_be_taken_is_one_sentence_and_the_others_are_kept(home):
    good = encode(make_picture(1), "JPEG")
    files = {
        "good.jpg": good,
        "../escape.png": encode(make_picture(2)),
        "words.png": b"words",
        "unlabelled.png": encode(make_picture(3)),
        "badly.png": encode(make_picture(4)),
        "script.svg": b"<svg/>",
        "drawings.csv": "file,label\ngood.jpg,5\n../escape.png,1\nwords.png,1\nbadly.png,five\nscript.svg,1\n"
        "absent.png,2\n",
    }
    imported = archive.import_zip(build_zip(files))
    assert [drawing.label for drawing in imported.saved] == ["5"]
    assert len(imported.problems) == 6
    assert imported.problems[-1].startswith("'absent.png' is left out")
    assert all("left out" in problem for problem in imported.problems)
    assert not (home / "escape.png").exists()
    assert not (home.parent / "escape.png").exists()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"a.png": b"x"}, "no drawings.csv"),
        ({"drawings.csv": "name,digit\na.png,1\n"}, "lacks the columns"),
        ({"drawings.csv": b"file,label\n\xff\xfe,1\n"}, "not a table of text"),
    ],
)
def test_a_zip_without_labels_is_refused(home, files, words):
    with pytest.raises(DataError, match=words):
        archive.import_zip(build_zip(files))


def test_what_is_no_zip_is_refused(home):
    whole = build_zip({"drawings.csv": "file,label\na.png,1\n", "a.png": encode(make_picture())})
    for content in (b"", b"words", whole[:100], whole[:-30]):
        with pytest.raises(DataError, match="not a zip, or a damaged one"):
            archive.import_zip(content)


def test_bombs_are_refused_before_they_are_unpacked(home):
    table = "file,label\na.png,1\n"
    with pytest.raises(DataError, match="more than 100 MB"):
        archive.import_zip(build_zip({"drawings.csv": table} | {f"{n}.png": bytes(11_000_000) for n in range(10)}))
    with pytest.raises(DataError, match="larger than 20 MB"):
        archive.import_zip(bytes(20_000_001))
    with pytest.raises(DataError, match="at most 1,000"):
        archive.import_zip(build_zip({f"{n}.png": b"" for n in range(1002)}))
    one_large = archive.import_zip(build_zip({"drawings.csv": table, "a.png": bytes(6_000_000)}))
    assert "more than 5 MB" in one_large.problems[0]
    packed = archive.import_zip(_mix_methods(table))
    assert "unusual way" in packed.problems[0]
    assert store.list_drawings() == []


def test_a_zip_that_lies_about_its_sizes_unpacks_no_more_than_is_allowed(home):
    content = build_zip({"a.png": bytes(30_000_000), "drawings.csv": "file,label\na.png,1\n"})
    lying = content.replace(struct.pack("<I", 30_000_000), struct.pack("<I", 10))
    assert lying != content
    try:
        problems = archive.import_zip(lying).problems
    except CoreError as error:
        problems = [str(error)]
    assert len(problems) == 1
    assert store.list_drawings() == []


def _mix_methods(table):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("drawings.csv", table)
        packed.writestr("a.png", bytes(1_000), zipfile.ZIP_LZMA)
    return buffer.getvalue()
