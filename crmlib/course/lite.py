"""The book's pages in a JupyterLite site: run in the browser alone, nothing installed.

The site brings the notebooks and crmlib's own wheel. Python itself comes compiled for browsers, as
Pyodide: from a tarball given here, or from Pyodide's own address at each reader's first visit. What
crmlib needs (NumPy, pandas, scikit-learn and so on) always comes from there. So this is the one
edition that asks the internet, and its first page says so.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from crmlib import __version__
from crmlib._checks import optional
from crmlib.course._cleanroom import build_wheel
from crmlib.course.notebooks import write_notebooks
from crmlib.course.publish import BookError, find_root

_README = """\
# Run the pages in this browser

Open a notebook on the left and run its first cell: it installs crmlib {version} from this site.

- **What is asked of the internet:** {asked} Nothing you write leaves this computer: notebooks you
  change are kept in this browser.
- **What does not run here:** cells that use lifelines, pgmpy or jieba, data that ship in a Python
  package, and data whose address does not answer a browser. Download the notebook and run it in
  JupyterLab for those.
- The first start takes a minute; later ones are quicker. Very large cells may run out of memory.
"""
_FROM_SITE = (
    "Python itself lies on this site; NumPy, pandas and the like come from the network that "
    "distributes Pyodide and from the Python Package Index when the first cell runs, data from the "
    "addresses their sheets name."
)
_FROM_CDN = (
    "Python, NumPy, pandas and the like (about 50 MB, once) come from the network that distributes "
    "Pyodide and from the Python Package Index when a notebook opens and its first cell runs, data "
    "from the addresses their sheets name."
)


def build_lite(
    root: Path | str | None = None,
    output: Path | str | None = None,
    *,
    pyodide: Path | str | None = None,
    wheels: Iterable[Path | str] = (),
) -> Path:
    """Build a JupyterLite site with every notebook and crmlib's wheel.

    Parameters
    ----------
    root : path, optional
        The checkout; found from the current folder by default.
    output : path, optional
        Folder of the site, replaced if it holds one; ``book/_build/lite`` by default.
    pyodide : path, optional
        A tarball of Pyodide (as ``npm pack pyodide`` fetches it) or a folder with its files, to
        be put on the site; by default readers get Pyodide from its own address.
    wheels : iterable of path
        Further wheels of pure Python to put on the site.

    Returns
    -------
    pathlib.Path
        The site's ``index.html``. It must be served: a browser runs no kernel from ``file:``.

    Raises
    ------
    BookError
        If the folder holds something else, Pyodide is not found or of another version, or the
        site does not build.

    Examples
    --------
    It needs a checkout and a minute: ``build_lite(output="lite")`` is the page to serve.
    """
    optional("jupyterlite_core", "lite")
    wanted = optional("jupyterlite_pyodide_kernel.constants", "lite").PYODIDE_VERSION
    root = find_root(root)
    output = Path(output).resolve() if output else root / "book" / "_build" / "lite"
    if output.exists() and any(output.iterdir()) and not (output / "jupyter-lite.json").is_file():
        raise BookError(f"{output} is no JupyterLite site: name an empty folder, or none yet.")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".lite-") as temporary:
        room = Path(temporary)
        contents = room / "contents"
        write_notebooks(root, contents, requirement=f"crmlib=={__version__}")
        asked = _FROM_SITE if pyodide else _FROM_CDN
        readme = _README.format(version=__version__, asked=asked)
        (contents / "README.md").write_text(readme, encoding="utf-8")
        lite = room / "lite"
        lite.mkdir()
        if pyodide:
            _put_pyodide(Path(pyodide), lite / "static" / "pyodide", wanted)
        command = [sys.executable, "-m", "jupyterlite_core", "build", "--no-sourcemaps"]
        command += ["--lite-dir", str(lite), "--contents", str(contents)]
        for wheel in (build_wheel(root, room), *wheels):
            command += ["--piplite-wheels", str(Path(wheel).resolve())]
        command += ["--output-dir", str(room / "site")]
        done = subprocess.run(command, cwd=lite, capture_output=True, text=True, check=False)
        if done.returncode or not (room / "site" / "jupyter-lite.json").is_file():
            raise BookError(
                f"The JupyterLite site did not build.\n{(done.stdout + done.stderr)[-3000:]}"
            )
        if output.exists():
            shutil.rmtree(output)
        (room / "site").replace(output)
    return output / "index.html"


def _put_pyodide(source: Path, target: Path, wanted: str) -> None:
    """Copy Pyodide's files, which a tarball holds in a folder named package or pyodide."""
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.is_file():
        unpacked = target.with_name("unpacked")
        with tarfile.open(source) as archive:
            archive.extractall(unpacked, filter="data")
        (top,) = (path for path in unpacked.iterdir() if path.is_dir())
        shutil.move(top, target)
        unpacked.rmdir()
    else:
        raise BookError(f"There is no Pyodide at {source}: npm pack pyodide@{wanted} fetches it.")
    package = target / "package.json"
    about = json.loads(package.read_text(encoding="utf-8")) if package.is_file() else {}
    if about.get("version") != wanted or not (target / "pyodide.mjs").is_file():
        raise BookError(
            f"{source} does not hold Pyodide {wanted}, which this JupyterLite needs: "
            f"npm pack pyodide@{wanted} fetches it."
        )
