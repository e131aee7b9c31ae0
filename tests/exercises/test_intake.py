"""Submissions are found as platforms export them, and bad ones are refused by name."""

import io
import json
import zipfile
from pathlib import Path

import pytest
from nbformat.v4 import new_notebook

from crmlib.course.exercises import intake
from crmlib.course.exercises.intake import collect, read_notebook

NOTEBOOK = json.dumps(new_notebook()).encode()


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as out:
        for name, content in members.items():
            out.writestr(name, content)
    return path


def students(place: Path) -> dict[str, str]:
    return {one.student: one.refusal for one in collect(place, "tiny")}


def test_a_folder_for_each_student(tmp_path: Path) -> None:
    for name in ("li", "wang"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "tiny.ipynb").write_bytes(NOTEBOOK)
    (tmp_path / "zhao").mkdir()
    (tmp_path / "zhao" / "tiny (1).ipynb").write_bytes(NOTEBOOK)
    assert students(tmp_path) == {"li": "", "wang": "", "zhao": ""}


def test_the_layout_of_nbgrader(tmp_path: Path) -> None:
    place = tmp_path / "li" / "tiny"
    place.mkdir(parents=True)
    (place / "tiny.ipynb").write_bytes(NOTEBOOK)
    (place / "scratch.ipynb").write_bytes(b"{}")
    (found,) = collect(tmp_path, "tiny")
    assert (found.student, found.content) == ("li", NOTEBOOK)


def test_the_archive_of_moodle(tmp_path: Path) -> None:
    members = {
        "Li Wei_12345_assignsubmission_file_/tiny.ipynb": NOTEBOOK,
        "王芳_12346_assignsubmission_file_/tiny.ipynb": NOTEBOOK,
        "Zhao_12347_assignsubmission_file_tiny.ipynb": NOTEBOOK,
    }
    found = collect(archive(tmp_path / "moodle.zip", members), "tiny")
    assert [(one.student, one.external_id) for one in found] == [
        ("Li-Wei", "12345"),
        ("Zhao", "12347"),
        ("王芳", "12346"),
    ]


def test_the_archive_of_canvas(tmp_path: Path) -> None:
    members = {
        "liwei_12345_67890_tiny.ipynb": NOTEBOOK,
        "wangfang_LATE_12346_67891_tiny-2.ipynb": NOTEBOOK,
    }
    found = collect(archive(tmp_path / "canvas.zip", members), "tiny")
    assert [(one.student, one.external_id) for one in found] == [
        ("liwei", "12345"),
        ("wangfang", "12346"),
    ]


def test_an_archive_in_the_archive(tmp_path: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as out:
        out.writestr("folder/tiny.ipynb", NOTEBOOK)
    members = {"li/work.zip": inner.getvalue(), "wang/work.zip": b"PK no"}
    assert students(archive(tmp_path / "all.zip", members)) == {
        "li": "",
        "wang": "a damaged archive",
    }


def test_paths_out_of_the_archive_are_refused(tmp_path: Path) -> None:
    members = {
        "../../evil/tiny.ipynb": NOTEBOOK,
        "/etc/tiny.ipynb": NOTEBOOK,
        "li/tiny.ipynb": NOTEBOOK,
    }
    found = students(archive(tmp_path / "all.zip", members))
    assert found == {
        "evil": "a path that leads out of the archive",
        "etc": "a path that leads out of the archive",
        "li": "",
    }
    assert [one.name for one in tmp_path.iterdir()] == ["all.zip"]


def test_links_in_an_archive_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("li/tiny.ipynb")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as out:
        out.writestr(link, "/etc/passwd")
    assert students(tmp_path / "all.zip") == {"li": "a link instead of a file"}


def test_links_in_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "li").mkdir()
    (tmp_path / "li" / "tiny.ipynb").symlink_to("/etc/passwd")
    assert students(tmp_path) == {"li": "a link instead of a file"}


def test_an_archive_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "SIZE_LIMIT", 1000)
    bomb = {"li/tiny.ipynb": b"0" * 5000, "wang/tiny.ipynb": NOTEBOOK}
    with zipfile.ZipFile(tmp_path / "all.zip", "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in bomb.items():
            out.writestr(name, content)
    assert students(tmp_path / "all.zip") == {"li": "the file has 0 MB", "wang": ""}
    monkeypatch.setattr(intake, "ARCHIVE_BYTES", 100)
    with pytest.raises(ValueError, match="more than a class"):
        collect(tmp_path / "all.zip", "tiny")


def test_two_files_of_one_student_are_refused_by_name(tmp_path: Path) -> None:
    members = {"li/tiny.ipynb": NOTEBOOK, "li/copy.ipynb": NOTEBOOK}
    found = students(archive(tmp_path / "all.zip", members))
    assert found == {"li": "handed in more than once"}


def test_what_is_no_place_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder or archive"):
        collect(tmp_path / "nowhere", "tiny")
    with pytest.raises(FileNotFoundError, match="holds no submission"):
        collect(tmp_path, "tiny")
    (tmp_path / "a.txt").write_text("hello")
    with pytest.raises(ValueError, match="neither a folder nor a zip"):
        collect(tmp_path / "a.txt", "tiny")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        ("客户".encode("gb18030"), "UTF-8"),
        (b"[1]", "no notebook"),
        (b'{"cells": [{"cell_type": "code"}], "metadata": {}, "nbformat": 4}', "no notebook"),
        (json.dumps(new_notebook()).encode().replace(b"[]", b"[" + b"1," * 3 + b"1]"), "no note"),
    ],
)
def test_what_is_no_notebook_is_said(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_notebook(content)


def test_a_notebook_with_a_byte_order_mark_is_read() -> None:
    assert read_notebook(b"\xef\xbb\xbf" + NOTEBOOK).cells == []
