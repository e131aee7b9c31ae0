"""Submissions that want to harm: what each tries, and what may come of it at most."""

import copy
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from nbformat.v4 import new_code_cell

from tests.exercises.tiny import RIGHT, answered

#: Points the tests of the tiny assignment give.
FULL = 6.0


@dataclass(frozen=True)
class Attack:
    """A submission and its fate.

    `cells` are put before the first answer; `rest` says whether the honest answers follow.
    """

    cells: str
    score: float
    rest: bool = True
    note: str = ""


#: Code run before honest answers, or instead of them; the score it must end with.
CODE = {
    "infinite-loop": Attack("while True:\n    pass", FULL),
    "loop-deaf-to-signals": Attack(
        "import signal\nfor one in (signal.SIGALRM, signal.SIGPROF):\n"
        "    signal.signal(one, signal.SIG_IGN)\nwhile True:\n    pass",
        FULL,
        note="did not stop",
    ),
    "loop-that-eats-exceptions": Attack(
        "while True:\n    try:\n        pass\n    except BaseException:\n        pass", FULL
    ),
    "sleeper": Attack("import time\ntime.sleep(10**6)", FULL, note="its time was up"),
    "fork-bomb": Attack("import os\nwhile True:\n    os.fork()", FULL, note="Cell"),
    "thread-bomb": Attack(
        "import threading, time\nfor _ in range(5000):\n"
        "    threading.Thread(target=time.sleep, args=(10**6,), daemon=True).start()\n"
        "time.sleep(60)",
        FULL,
        note="Cell",
    ),
    "memory-bomb": Attack("hoard = [bytearray(10**8) for _ in range(1000)]\nhoard", FULL),
    "disk-bomb": Attack(
        "for i in range(1000):\n    open(f'file{i}', 'wb').write(b'x' * 10**8)", FULL
    ),
    "disk-bomb-in-tmp": Attack(
        "for i in range(1000):\n    open(f'/tmp/file{i}', 'wb').write(b'x' * 10**8)", FULL
    ),
    "gigabyte-of-output": Attack("for _ in range(1000):\n    print('x' * 10**6)", FULL),
    "raw-output": Attack("import os\nfor _ in range(100):\n    os.write(1, b'x' * 10**6)", FULL),
    "kernel-exit": Attack("import os\nos._exit(0)", FULL, note="ended the process"),
    "killed-by-itself": Attack("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", FULL),
    "killed-init": Attack("import os, signal\nos.kill(1, signal.SIGKILL)\nos.kill(-1, 9)", FULL),
    "sys-exit": Attack("import sys\nsys.exit(0)", FULL),
    "segmentation-fault": Attack("import ctypes\nctypes.string_at(0)", FULL, note="ended"),
    "deep-recursion": Attack("def f(n):\n    return f(n + 1)\nf(0)", FULL),
    "network-call": Attack(
        "import socket\nsocket.create_connection(('192.0.2.1', 80), 1)\nstolen = True", FULL
    ),
    "listens": Attack(
        "import socket\ns = socket.socket()\ns.connect(('127.0.0.1', 22))\nprint('CONNECTED')", FULL
    ),
    "writes-outside": Attack("open('/usr/evil', 'w').write('x')", FULL),
    "tampers-with-home": Attack(
        "import os, pathlib\np = pathlib.Path.home()\n(p / '.bashrc').write_text('evil')\n"
        "(p / '.ipython/profile_default/startup').mkdir(parents=True, exist_ok=True)\n"
        "(p / '.ipython/profile_default/startup/evil.py').write_text('1/0')",
        FULL,
    ),
    "sitecustomize": Attack(
        "import sys, pathlib\nfor p in sys.path:\n    try:\n"
        "        pathlib.Path(p, 'sitecustomize.py').write_text('raise SystemExit')\n"
        "    except OSError:\n        pass",
        FULL,
    ),
    "rewrites-crmlib": Attack(
        "import crmlib, pathlib\npathlib.Path(crmlib.__file__).write_text('evil')", FULL
    ),
    "code-left-running": Attack(
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(10**6)", FULL
    ),
    "daemon-thread": Attack(
        "import threading, time\n"
        "threading.Thread(target=lambda: time.sleep(10**6), daemon=False).start()",
        FULL,
    ),
    "writes-to-the-line": Attack(
        "import os\nfor i in range(3, 64):\n    try:\n        os.write(i, b'\\0\\0\\0\\2{}')\n"
        "    except OSError:\n        pass",
        FULL,
        note="Cell",
    ),
    "closes-all-files": Attack("import os\nos.closerange(3, 500)", FULL, note="ended"),
    "patches-print-and-exec": Attack(
        "import builtins\nbuiltins.abs = lambda x: 0\nbuiltins.isinstance = lambda *a: True\n"
        "builtins.AssertionError = ZeroDivisionError\n",
        0.0,
        rest=False,
    ),
    "patches-numpy-and-pandas": Attack(
        "np.abs = lambda x: 0\npd.Series.mean = lambda s: 0.0\nrate = lost.mean()\n"
        "def yearly(m):\n    return np.abs(m)",
        1.0,
        rest=False,
    ),
    "patches-the-grader": Attack(
        "import crmlib.course.exercises.referee as r\nimport crmlib.course.exercises.wire as w\n"
        "r.judge = lambda *a: r.Verdict('x', 3, 3)\nr.expected = lambda n: 0.5\n"
        "w.pack = lambda *a: True\nrate = 0.5\ndef yearly(m):\n    return 0",
        1.0,
        rest=False,
    ),
    "lies-in-comparisons": Attack(
        "class Liar(float):\n    def __sub__(self, other): return Liar(0)\n"
        "    def __rsub__(self, other): return Liar(0)\n    def __abs__(self): return Liar(0)\n"
        "    def __lt__(self, other): return True\n    def __le__(self, other): return True\n"
        "    def __eq__(self, other): return True\n"
        "rate = Liar(0.9)\ndef yearly(m):\n    return Liar(0)",
        1.0,
        rest=False,
    ),
    "object-equal-to-all": Attack(
        "class All:\n    __class__ = float\n"
        "    def __getattr__(self, name): return lambda *a: self\n"
        "    def __eq__(self, other): return True\n    def __lt__(self, other): return True\n"
        "rate = All()\ndef yearly(m):\n    return All()",
        0.0,
        rest=False,
    ),
    "pickle": Attack(
        "class Evil:\n    def __reduce__(self):\n"
        "        return (__import__('os').system, ('touch /tmp/evil',))\n"
        "rate = Evil()\ndef yearly(m):\n    return Evil()",
        0.0,
        rest=False,
    ),
    "huge-value": Attack(
        "rate = [0.5] * (6 * 10**6)\ndef yearly(m):\n    return rate", 0.0, rest=False
    ),
    "deep-value": Attack(
        "rate = []\nfor _ in range(10**4):\n    rate = [rate]\ndef yearly(m):\n    return rate",
        0.0,
        rest=False,
    ),
    "asks-back-for-ever": Attack(
        "rate = 0.2\ndef yearly(m):\n    while True:\n        pass", 0.0, rest=False
    ),
    "dies-when-asked": Attack(
        "import os\nrate = 0.2\ndef yearly(m):\n    os._exit(0)", 0.0, rest=False
    ),
    "reads-everything": Attack(
        "import glob, os, pathlib\nloot = []\n"
        "for root, dirs, files in os.walk('/'):\n"
        "    dirs[:] = [d for d in dirs if d not in ('proc', 'sys', 'usr', 'dev', 'site-packages')"
        " and not d.startswith('python3')]\n"
        "    for f in files:\n"
        "        if f.endswith(('.ipynb', '.db', '.json', '.seed-secret', '.toml')):\n"
        "            try:\n                loot.append(pathlib.Path(root, f).read_text())\n"
        "            except Exception:\n                pass\n"
        "print(''.join(loot)[-15000:])\nprint(dict(os.environ))\n"
        "print([open(f'/proc/{p}/environ').read() for p in os.listdir('/proc') if p.isdigit()])",
        FULL,
    ),
    "searches-the-driver": Attack(
        "import sys, gc\nf = sys._getframe()\nout = []\nwhile f:\n"
        "    out.append(str(f.f_locals)[:5000])\n    f = f.f_back\nprint(out)\n"
        "print([str(o)[:500] for o in gc.get_objects() if 'Survival multiplies' in str(o)][:5])",
        FULL,
    ),
}

#: Code that logs what hidden tests send, and prints it in a later cell.
EXFILTRATION = (
    "import os\nseen = []\ndef yearly(m):\n    seen.append(m)\n"
    "    print('GOT', m)\n    open('/tmp/seen', 'a').write(repr(m))\n"
    "    raise ValueError(f'GOT {m!r}')\n"
)


def hand_in(folder: Path, blank: Any) -> dict[str, float | None]:
    """Write every submission into `folder`; return the score each must end with (None: refused)."""
    right = answered(blank, **RIGHT)
    fate: dict[str, float | None] = {}

    def save(student: str, notebook: Any, score: float | None) -> Path:
        place = folder / student / "tiny.ipynb"
        place.parent.mkdir(parents=True)
        place.write_text(json.dumps(notebook), encoding="utf-8")
        fate[student] = score
        return place

    save("honest-before", right, FULL)
    for name, attack in CODE.items():
        if attack.rest:
            base = copy.deepcopy(right)
            base.cells.insert(2, new_code_cell(attack.cells, id=f"attack-{len(name)}"))
        else:
            base = answered(blank, rate=attack.cells, yearly=attack.cells)
        save(name, base, attack.score)

    spy = answered(right, yearly=EXFILTRATION)
    spy.cells.append(new_code_cell("print('SEEN', seen)\n!cat /tmp/seen", id="spy"))
    save("exfiltration", spy, 3.0)

    no_tests = copy.deepcopy(right)
    no_tests.cells = [c for c in no_tests.cells if "test" not in str(c.metadata)]
    save("deleted-tests", no_tests, FULL)
    twice = answered(blank)
    twice.cells = [*twice.cells, *copy.deepcopy(right.cells)]
    save("duplicated-cells", twice, 0.0)
    easy = answered(blank, test_rate="assert True", test_yearly="pass", test_yearly_values="6")
    save("rewritten-tests", easy, 0.0)
    rich = copy.deepcopy(blank)
    for one in rich.cells:
        if one.metadata.get("nbgrader", {}).get("grade"):
            one.metadata["nbgrader"]["points"] = 1e9
    save("edited-points", rich, 0.0)
    unmarked = copy.deepcopy(right)
    for one in unmarked.cells:
        one.metadata = nbformat.NotebookNode()
    save("no-metadata", unmarked, FULL)  # its cells run as the student's own; tests are put back
    swapped = copy.deepcopy(blank)
    for one in swapped.cells:
        mark = one.metadata.get("nbgrader", {})
        if mark:
            mark["grade"], mark["solution"] = False, True
    save("answers-instead-of-tests", swapped, 0.0)
    reverse = copy.deepcopy(right)
    reverse.cells = reverse.cells[::-1]
    save("cells-upside-down", reverse, FULL)
    own_data = answered(
        right, set_up="import pandas as pd\nimport numpy as np\nlost = pd.Series([True])"
    )
    save("own-data", own_data, FULL)
    forged = copy.deepcopy(blank)
    forged.metadata["graded"] = {"score": 6}
    save("forged-result", forged, 0.0)
    (folder / "forged-result" / "graded.json").write_text('{"verdicts": [{"score": 6}]}')

    raw = {
        "bad-json": b'{"cells": [',
        "no-notebook": b'{"a": 1}',
        "a-list": b"[1, 2]",
        "wrong-encoding": '{"cells": "客户"}'.encode("gb18030"),
        "empty-file": b"",
        "only-spaces": b"  \n",
        "deep-json": b"[" * 100_000,
        "binary": bytes(range(256)) * 100,
        "cells-that-are-none": b'{"cells": [1], "metadata": {}, "nbformat": 4}',
        "old-format": b'{"worksheets": [], "metadata": {}, "nbformat": 3, "nbformat_minor": 0}',
    }
    for name, content in raw.items():
        (folder / name).mkdir()
        (folder / name / "tiny.ipynb").write_bytes(content)
        fate[name] = None
    fate["old-format"] = 0.0  # an old notebook without a cell is a notebook
    (folder / "nothing").mkdir()
    (folder / "huge-file").mkdir()
    with (folder / "huge-file" / "tiny.ipynb").open("wb") as huge:
        huge.truncate(50_000_000)
    (folder / "link").mkdir()
    (folder / "link" / "tiny.ipynb").symlink_to(folder / "honest-before" / "tiny.ipynb")
    (folder / "linked-folder").symlink_to(folder / "honest-before")
    fate |= dict.fromkeys(["nothing", "huge-file", "link", "linked-folder"])
    save("zz-honest-after", right, FULL)
    return fate
