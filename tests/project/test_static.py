"""Style, types and floors: what can be seen without running the code."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent


def run(*command):
    """Run a tool of this environment and return its exit status and what it printed."""
    tool = shutil.which(command[0], path=str(BIN)) or shutil.which(command[0])
    if tool is None:
        pytest.fail(f"{command[0]} is missing from the environment (extra: dev)")
    done = subprocess.run(
        [tool, *command[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("lint-imports", "--no-cache"),
        ("codespell",),
        ("sp-repo-review", "."),
        ("zizmor", "--offline", "--quiet", ".github"),
    ],
    ids=lambda command: " ".join(command[:2]),
)
def test_the_tool_has_nothing_to_say(command):
    status, printed = run(*command)
    assert status == 0, printed


def test_an_import_upwards_is_noticed(tmp_path):
    # The contract itself is under test: a copy with a planted upward import must fail.
    shutil.copytree(ROOT / "crmlib", tmp_path / "crmlib")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    low = tmp_path / "crmlib" / "plots" / "style.py"
    low.write_text(low.read_text() + "\nfrom crmlib import course\n")
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command as c; c()",
            "--no-cache",
        ],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path), "PATH": "", "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode != 0
    assert "crmlib.plots.style -> crmlib.course" in done.stdout.replace("\n", " ")


def test_every_python_file_is_read_by_the_linter():
    shown = run("ruff", "check", "--show-files")[1].splitlines()
    read = {Path(line).relative_to(ROOT).as_posix() for line in shown if line.endswith(".py")}
    there = [
        path.relative_to(ROOT).as_posix()
        for top in ("book", "benchmarks", "crmlib", "tests")
        for path in (ROOT / top).rglob("*.py")
        if "_build" not in path.parts
    ]
    assert set(there) <= read
    assert len(there) > 300
