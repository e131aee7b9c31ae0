"""What runs inside the sandbox: a submission's cells, and answers to questions about its values.

Started by `crmlib.course.exercises.sandbox`. Nothing in here knows a test, a solution or a grade.
Two phases keep what the hidden tests ask a secret. First every cell runs and its output is
recorded; where a test will look, the process forks and the copy waits, holding the values of that
moment. Only then do questions reach the copies; what the submission prints by then is thrown away.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from crmlib.course.exercises.wire import WireError, pack, receive, send, unpack

#: Seconds a copy gets beyond its soft limit before it is killed.
GRACE = 2.0
#: How many times its limit of processor time a cell may last.
PATIENCE = 5.0


class TooLong(BaseException):
    """A cell's time is up. No Exception, so that `except Exception` in a cell does not eat it."""


class Output:
    """Text that a cell prints, up to a limit."""

    encoding = "utf-8"

    def __init__(self, limit: int) -> None:
        self.parts: list[str] = []
        self.left = limit
        self.cut = False

    def write(self, text: str) -> int:
        """Keep as much of the text as there is room for."""
        text = str(text)
        if len(text) > self.left:
            self.cut = True
        if self.left > 0:
            self.parts.append(text[: self.left])
            self.left -= len(text)
        return len(text)

    def flush(self) -> None:
        """Nothing waits to be written."""

    def isatty(self) -> bool:
        """No terminal, so that nobody draws progress bars."""
        return False

    def fileno(self) -> int:
        """Raise, as a file without a number does."""
        raise OSError("the output of a cell has no file number")

    def text(self) -> str:
        """Return what was kept."""
        return "".join(self.parts) + ("\n... (cut here: too much output)" if self.cut else "")


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TooLong inside the block when its time is up, again and again.

    Counted is the time of the processor, since a busy machine is not the student's fault; who
    sleeps or waits is stopped after `PATIENCE` times as long.
    """

    def stop(_signum: int, _frame: Any) -> None:
        raise TooLong

    clocks = (
        (signal.SIGPROF, signal.ITIMER_PROF, seconds),
        (signal.SIGALRM, signal.ITIMER_REAL, seconds * PATIENCE),
    )
    for number, clock, limit in clocks:
        signal.signal(number, stop)
        signal.setitimer(clock, limit, 1)
    try:
        yield
    finally:
        for _, clock, _ in clocks:
            signal.setitimer(clock, 0)


class Notebook:
    """An IPython shell that runs cells and keeps their outputs as the notebook format has them."""

    def __init__(self, output_limit: int) -> None:
        from IPython.core.displayhook import CapturingDisplayHook
        from IPython.core.displaypub import CapturingDisplayPublisher
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config

        config = Config()
        config.HistoryManager.enabled = False
        config.InteractiveShell.colors = "nocolor"
        InteractiveShell.display_pub_class = CapturingDisplayPublisher  # type: ignore[assignment]
        self.shell = InteractiveShell.instance(config=config)
        self.pub: Any = self.shell.display_pub
        for name in ("showtraceback", "showsyntaxerror"):
            # An error is described in the answer; a traceback would only repeat it.
            setattr(self.shell, name, lambda *_args, **_kwargs: None)
        self.output_limit = output_limit
        self._hook: Any = CapturingDisplayHook

    def run(self, code: str, seconds: float) -> dict[str, Any]:
        """Run one cell: its outputs, and how it ended (``ok``, ``error`` or ``timeout``)."""
        out, err = Output(self.output_limit), Output(self.output_limit)
        shown: list[Any] = []
        self.shell.display_trap.hook = self._hook(shell=self.shell, outputs=shown)
        old_out, old_err = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = out, err
        status, error = "ok", None
        try:
            with time_limit(seconds):
                result = self.shell.run_cell(code, store_history=False, silent=False)
                failure = result.error_before_exec or result.error_in_exec
                if failure is not None:
                    status, error = "error", describe(failure)
                    if isinstance(failure, TooLong):
                        status = "timeout"
        except TooLong as late:
            status, error = "timeout", describe(late)
        finally:
            sys.stdout, sys.stderr = old_out, old_err
        outputs = self._outputs(out, err, shown)
        return {"status": status, "error": error, "outputs": outputs}

    def _outputs(self, out: Output, err: Output, shown: list[Any]) -> list[Any]:
        outputs = []
        for name, text in (("stdout", out.text()), ("stderr", err.text())):
            if text.strip():
                outputs.append({"kind": "text", "name": name, "text": text})
        published, self.pub.outputs = list(self.pub.outputs), []
        for item in [*published, *shown]:
            data = item.get("data", {}) if isinstance(item, dict) else {}
            result, picture = data.get("text/plain"), data.get("image/png")
            if isinstance(picture, str | bytes) and len(picture) <= self.output_limit * 20:
                image = picture if isinstance(picture, str) else _base64(picture)
                outputs.append({"kind": "image", "png": image})
            elif isinstance(result, str):
                shortened = result[: self.output_limit]
                outputs.append({"kind": "text", "name": "result", "text": shortened})
        return outputs + [{"kind": "image", "png": image} for image in figures()]


def figures() -> list[str]:
    """Return the open figures as PNG, and close them, as a notebook does after each cell."""
    if "matplotlib.pyplot" not in sys.modules:
        return []
    import io

    from matplotlib import pyplot as plt

    pictures = []
    for number in plt.get_fignums()[:10]:
        buffer = io.BytesIO()
        try:
            plt.figure(number).savefig(buffer, format="png", dpi=72)
        except Exception:  # a figure that cannot be drawn is no output
            continue
        pictures.append(_base64(buffer.getvalue()))
    plt.close("all")
    return pictures


def _base64(data: bytes) -> str:
    import base64

    return base64.b64encode(data).decode()


def describe(error: BaseException) -> dict[str, str]:
    """Return an exception's name, message and the line it came from."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if "ipython" in f.filename]
    name = "TimeoutError" if isinstance(error, TooLong) else type(error).__name__
    try:
        message = str(error)
    except BaseException:  # a submission's own exception may do anything
        message = ""
    return {
        "name": name[:100],
        "message": message[:1000] if name != "TimeoutError" else "the time for this cell is up",
        "line": str(lines[-1]) if lines else "",
    }


class Copy:
    """The process as it was at one moment, waiting to be asked."""

    def __init__(self, shell: Any) -> None:
        ask_read, self.ask = os.pipe()
        self.answer, answer_write = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(self.ask)
            os.close(self.answer)
            try:
                serve(shell.user_ns, os.fdopen(ask_read, "rb"), os.fdopen(answer_write, "wb"))
            finally:
                os._exit(0)
        os.close(ask_read)
        os.close(answer_write)
        self._in, self._out = os.fdopen(self.answer, "rb"), os.fdopen(self.ask, "wb")

    def relay(self, question: dict[str, Any]) -> Any:
        """Pass a question on; a copy that does not answer in time is killed."""
        try:
            send(self._out, question)
            ready, _, _ = select.select([self._in], [], [], question["seconds"] * PATIENCE + GRACE)
            if ready:
                return receive(self._in)
        except (OSError, EOFError, WireError):
            return {"error": {"name": "Stopped", "message": "the notebook's process ended"}}
        with contextlib.suppress(OSError):
            os.kill(self.pid, signal.SIGKILL)
        return {"error": {"name": "TimeoutError", "message": "it took too long"}}


def serve(names: dict[str, Any], asked: BinaryIO, answers: BinaryIO) -> None:
    """Answer questions about the values until nobody asks any more."""
    handles: list[Any] = []

    def keep(value: Any) -> int:
        handles.append(value)
        return len(handles) - 1

    sys.stdout = sys.stderr = Output(0)
    while True:
        try:
            question = receive(asked)
        except EOFError:
            return
        try:
            with time_limit(question["seconds"]):
                reply = {"value": pack(_answer(question, names, handles), keep)}
        except BaseException as error:  # whatever the submission's code raises
            reply = {"error": describe(error)}
        try:
            send(answers, reply)
        except WireError as error:
            send(answers, {"error": describe(error)})


def _answer(question: dict[str, Any], names: dict[str, Any], handles: list[Any]) -> Any:
    def value(data: Any) -> Any:
        return unpack(data, lambda number, _kind: handles[number])

    if question["op"] == "name":
        return names[question["name"]]
    target = handles[question["handle"]]
    if question["op"] == "attribute":
        return getattr(target, question["name"])
    return target(*value(question["args"]), **value(question["kwargs"]))


def main() -> None:
    """Run the cells that arrive on standard input; answer on the file number in argv."""
    asked: BinaryIO = os.fdopen(os.dup(0), "rb")
    answers: BinaryIO = os.fdopen(int(sys.argv[1]), "wb")
    empty = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(empty, number)
    sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115 - for the whole life
    start = receive(asked)
    notebook = Notebook(start["output_limit"])
    copies: list[Copy] = []

    def answer(to: dict[str, Any], reply: dict[str, Any]) -> None:
        # The number of the order comes back, so that what a submission writes to the line itself
        # is not taken for the answer to the next order.
        send(answers, {**reply, "order": to["order"]})

    answer(start, {"ready": time.monotonic()})
    while True:
        try:
            order = receive(asked)
        except EOFError:
            return
        if order["op"] == "run":
            answer(order, notebook.run(order["code"], order["seconds"]))
        elif order["op"] == "freeze":
            copies.append(Copy(notebook.shell))
            answer(order, {"copy": len(copies) - 1})
        elif order["op"] == "branch":
            pid = os.fork()
            if pid:  # wait until the branch is done, then go on from here as if it never was
                os.waitpid(pid, 0)
                answer(order, {"branch": "left"})
            else:
                answer(order, {"branch": "entered"})
        elif order["op"] == "leave":
            os._exit(0)
        else:
            answer(order, copies[order["copy"]].relay(order))


if __name__ == "__main__":
    main()
