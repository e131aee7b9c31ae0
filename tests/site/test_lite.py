"""The JupyterLite edition: its kernel boots without a network and imports crmlib from the site.

Needs the extra `lite`, and a folder named in CRMLIB_PYODIDE that holds what `npm pack pyodide`
fetches, unpacked, with the pure-Python wheels its kernel starts with beside it: micropip, ipython,
jedi, packaging and their requirements in the versions of pyodide-lock.json, and comm.
"""

import functools
import hashlib
import json
import os
import re
import shutil
import socket
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from crmlib import __version__
from crmlib.course import BookError, build_lite

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.book, pytest.mark.browser]

CODE = """%pip install --quiet --no-deps crmlib
import math, sys, crmlib
print("entropy", round(-sum(p * math.log2(p) for p in (9 / 14, 5 / 14)), 3), sys.platform)
print("crmlib", crmlib.__version__)
try:
    crmlib.churn
except ModuleNotFoundError as error:
    print("needs", error.name)
"""


@pytest.fixture(scope="module")
def lite(tmp_path_factory):
    """The address of a served JupyterLite site that has everything it starts with."""
    pytest.importorskip("jupyterlite_core", reason='needs pip install "crmlib[lite]"')
    pytest.importorskip("jupyterlite_pyodide_kernel", reason='needs pip install "crmlib[lite]"')
    if "CRMLIB_PYODIDE" not in os.environ:
        pytest.skip("no Pyodide: name a folder in CRMLIB_PYODIDE (see the top of this file)")
    folder = tmp_path_factory.mktemp("lite")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    pyodide = shutil.copytree(os.environ["CRMLIB_PYODIDE"], folder / "pyodide")
    name_the_wheels(pyodide, address)
    index = build_lite(ROOT, folder / "site", pyodide=pyodide, wheels=pyodide.glob("comm-*.whl"))
    handler = functools.partial(Quiet, directory=index.parent)
    port = int(address.rpartition(":")[2])
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield index.parent, address
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, *args):
        """Say nothing."""


def name_the_wheels(pyodide, address):
    """Have Pyodide's lock name the wheels that are here, in place of its own builds of them."""
    lock = json.loads((pyodide / "pyodide-lock.json").read_text())
    for wheel in pyodide.glob("*.whl"):
        name, version = re.match(r"(.+?)-(\d[^-]*)-", wheel.name).groups()
        package = lock["packages"].get(name.lower().replace("_", "-"))
        if package and package["version"] == version:
            package["file_name"] = f"{address}/static/pyodide/{wheel.name}"
            package["sha256"] = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (pyodide / "pyodide-lock.json").write_text(json.dumps(lock))


def test_the_kernel_boots_and_imports_crmlib_and_nothing_is_asked_elsewhere(lite, browser):
    _, address = lite
    asked = []
    context = browser.new_context()
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.set_default_timeout(300_000)
    page.goto(f"{address}/repl/index.html?kernel=python")
    page.locator(".jp-CodeConsole-input .cm-content").click()
    page.keyboard.insert_text(CODE)
    page.keyboard.press("Shift+Enter")
    output = page.locator(".jp-OutputArea-output")
    output.get_by_text("entropy").wait_for()
    page.get_by_text("needs numpy").wait_for()
    told = output.all_inner_texts()
    assert "\n".join(told).split("\n")[:2] == ["entropy 0.94 emscripten", f"crmlib {__version__}"]
    elsewhere = [url for url in asked if not url.startswith((address, "data:", "blob:"))]
    assert elsewhere == []
    context.close()


def test_the_site_holds_the_notebooks_and_its_first_page_says_what_it_asks_for(lite):
    site, _ = lite
    notebooks = list((site / "files").rglob("*.ipynb"))
    assert len(notebooks) >= len(list(ROOT.glob("chapters/*/*.md")))
    assert f'\\"crmlib=={__version__}\\"' in notebooks[0].read_text(encoding="utf-8")
    assert "the network that distributes Pyodide" in (site / "files" / "README.md").read_text(
        encoding="utf-8"
    )


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    pytest.importorskip("jupyterlite_pyodide_kernel", reason='needs pip install "crmlib[lite]"')
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(BookError, match="no JupyterLite site"):
        build_lite(ROOT, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_another_pyodide_is_refused(tmp_path):
    pytest.importorskip("jupyterlite_pyodide_kernel", reason='needs pip install "crmlib[lite]"')
    (tmp_path / "pyodide").mkdir()
    (tmp_path / "pyodide" / "package.json").write_text('{"version": "0.1.0"}')
    with pytest.raises(BookError, match="npm pack pyodide@"):
        build_lite(ROOT, tmp_path / "site", pyodide=tmp_path / "pyodide")
    assert not (tmp_path / "site").exists()
