"""The program's process: park confined, take one request, become the program.

An exec'd runtime is simple: unpack, lower the limits, ``execve``. A warm interpreter runs the
program in-process as ``__main__``, as ``python3 main.py`` would: same module dictionary, same
tracebacks, same exit codes, same order of endings (threads, atexit, finalizers, flush). What
CPython's own ``Py_RunMain`` and ``Py_FinalizeEx`` do is named beside each step.

The program's module frame is the bottom of the stack (:mod:`berm_cell.stack`).
"""

import collections
import fcntl
import gc
import importlib.machinery
import json
import os
import signal
import sys
import types

from berm_cell import bundle, protocol, steps

Place = collections.namedtuple(
    "Place", "owner directories cgroup_fd keep_fds notify proc_fd parked_end"
)
"""What a program's process has from its agent; the fields are those of ``steps.confine``, and
``parked_end`` the pipe on which the agent waits for this process to be finished."""


_CONTROL = 100
"""The lowest number of the descriptor on which a runtime hears of its program."""


def park(cell, sock, place):
    """Confine this process, say so, and wait for the one request.

    Returns the request with its descriptors already in place as 0, 1, 2. Ends the process when
    the host goes away or a layer fails.
    """
    # Until there is a program, a user's signal ends the run, wherever in the launcher it arrives.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        steps.confine(cell, *place[:6])
        if cell["in_process"]:
            _rehearse()
        os.write(place.parked_end, b"p")
        os.close(place.parked_end)
        request, fds = protocol.receive_frame(sock)
        sock.close()
        if request is None:
            os._exit(0)
        _take(request, fds, "rlimits" in cell["layers"])
        return request
    except steps.StepFailed as failure:
        _tell(sock, failure.frame())
    except (OSError, protocol.FrameError, KeyError, TypeError, ValueError) as failure:
        text = "%s: %s" % (type(failure).__name__, failure)
        _tell(sock, {"op": "failed", "step": "request", "errno": 0, "text": text[:500]})
    os._exit(70)


_REHEARSAL = """
import sys
from collections import deque
class Point:
    def __init__(self, x, y): self.x, self.y = x, y
def solve(n, *, wide=True):
    found = {i: str(i) for i in range(n)}
    return sorted((v for k, v in found.items() if k % 2), key=lambda s: (len(s), s))
if __name__ == "rehearsal":
    rows = [Point(i, float(i)) for i in range(8)]
    text = " ".join(solve(16)) + f"{rows[0].x:>4} {rows[1].y:.2f}" + "%d" % 3
    try:
        numbers = [int(part) for part in text.split() if part.isdigit()] + [int("x")]
    except ValueError as error:
        deque([error]).clear()
"""


def _rehearse():
    """Take the page faults of a typical program before there is a request to wait for them.

    A page of the fork server that is written to is copied; nearly every program writes to the
    same few hundred (reference counts, allocator pools, the compiler's and the interpreter's
    state), so that a parked cell can have its copies already.
    """
    json.loads(json.dumps({"op": "run", "files": [["main.py", 20, 420]], "env": {"A": "b"}}))
    namespace = {"__name__": "rehearsal", "__builtins__": sys.modules["builtins"]}
    exec(compile(_REHEARSAL, "rehearsal", "exec", 0, True), namespace)
    namespace.clear()
    types.ModuleType("rehearsal")
    gc.collect()


def _tell(sock, frame):
    try:
        protocol.send_frame(sock, frame)
    except (OSError, protocol.FrameError):
        pass


def _take(request, fds, limited):
    for target, fd in enumerate(fds[:3]):
        os.dup2(fd, target)
    if request["files"]:
        bundle.unpack(fds[3], request["files"])
    if request.get("waits"):  # a runtime that is started before its program hears of it here
        # Not closed by exec, and far from the numbers that the program will see.
        control = fcntl.fcntl(fds[3], fcntl.F_DUPFD, _CONTROL)
        request["argv"] = [*request["argv"], str(control)]
    protocol.close_all(fds)
    if limited:
        steps.set_rlimits(request["rlimits"])


def execute(request):
    """Become the program; only returns if the kernel refuses, and then ends with 127."""
    env = {str(key): str(value) for key, value in request["env"].items()}
    argv = [str(part) for part in request["argv"]]
    for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # CPython ignores both, and exec keeps that
        signal.signal(ignored, signal.SIG_DFL)
    try:
        os.execvpe(argv[0], argv, env)
    except OSError as error:
        text = "berm: cannot start %s: %s\n" % (argv[0], error.strerror)
        os.write(2, text.encode("utf-8", "replace"))
    os._exit(127)


# --- in-process Python -----------------------------------------------------------------------


def load(request, hidden):
    """Make ``__main__`` and compile the program.

    Args:
        request: the run request; ``entry`` is the file, ``args`` its arguments.
        hidden: names of modules that must not be seen by the program.

    Returns ``(code, namespace)``; a program that does not compile ends here, as it would
    outside: its SyntaxError on stderr and exit code 1.
    """
    _set_environment(request["env"])
    if request.get("terminal"):  # create_stdio: what is a terminal is line-buffered
        for stream in (sys.stdin, sys.stdout):
            stream.reconfigure(line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue]
    entry = request["entry"]
    path = os.path.join(os.getcwd(), entry) if sys.version_info >= (3, 9) else entry
    for name in hidden:
        sys.modules.pop(name, None)
    _forget_shadowed(request["files"])
    sys.argv = [entry] + [str(arg) for arg in request["args"]]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv = ["python3"] + sys.argv
    sys.path[0] = os.path.dirname(os.path.abspath(entry))
    main = types.ModuleType("__main__")
    namespace = main.__dict__
    namespace.update(
        __annotations__={},
        __builtins__=sys.modules["builtins"],
        __cached__=None,
        __file__=path,
        __loader__=importlib.machinery.SourceFileLoader("__main__", path),
    )
    sys.modules["__main__"] = main
    try:
        with open(entry, "rb") as source:
            text = source.read()
    except OSError as error:
        message = "%s: can't open file %r: [Errno %d] %s\n"
        sys.stderr.write(message % (sys.executable, path, error.errno, error.strerror))
        sys.stderr.flush()
        os._exit(2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return compile(text, path, "exec", 0, True), namespace
    except BaseException as error:
        error.__traceback__ = None
        finish(error.with_traceback(None))
        raise AssertionError("unreachable") from error


def _set_environment(env):
    """Usually nothing to do: the fork server was started with the program's own environment."""
    if dict(os.environ) != env:
        os.environ.clear()
        os.environ.update(env)


def _forget_shadowed(files):
    """A file of the submission wins over a preloaded module of its name, as sys.path[0] does."""
    for name, _size, _mode in files:
        top = name.split("/")[0]
        if top.endswith(".py"):
            top = top[:-3]
        if top in sys.builtin_module_names or top not in sys.modules:
            continue
        for module in [m for m in sys.modules if m == top or m.startswith(top + ".")]:
            del sys.modules[module]


def finish(error):
    """End the process as CPython ends: report, threads, atexit, flush, finalizers, flush.

    Args:
        error: what the program's module raised, its traceback already without the launcher's
            own frame; None for a program that ran to its end.
    """
    code, interrupted = 0, False
    if error is not None:
        code = _report(error)
        interrupted = isinstance(error, KeyboardInterrupt)
        error = None
    threading = sys.modules.get("threading")
    if threading is not None:  # wait_for_thread_shutdown
        _quietly(threading._shutdown)
    atexit = sys.modules.get("atexit")
    if atexit is not None:  # _PyAtExit_Call
        _quietly(atexit._run_exitfuncs)
    failed = _flush()  # flush_std_files
    _finalize_modules()
    failed = _flush() or failed
    if interrupted:  # exit_sigint
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(120 if failed and code == 0 else code)


def _report(error):
    """PyErr_PrintEx: SystemExit gives the code, everything else goes to sys.excepthook."""
    if isinstance(error, SystemExit):
        return _exit_code(error)
    trace = error.__traceback__
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, trace
    second = None
    try:
        sys.excepthook(type(error), error, trace)
    except SystemExit as raised:
        return _exit_code(raised)
    except BaseException as raised:
        second = raised
    if second is not None:  # outside of the except block, so that nothing is chained to it
        second.__context__ = None if second.__context__ is error else second.__context__
        inner = second.__traceback__
        second = second.with_traceback(inner and inner.tb_next)
        sys.stderr.write("Error in sys.excepthook:\n")
        sys.__excepthook__(type(second), second, second.__traceback__)
        sys.stderr.write("\nOriginal exception was:\n")
        sys.__excepthook__(type(error), error, trace)
    return 1


def _exit_code(error):
    """_Py_HandleSystemExit."""
    code = error.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF if -(1 << 63) <= code < 1 << 63 else 255
    try:
        sys.stdout.flush()
        sys.stderr.write(str(code) + "\n")
        sys.stderr.flush()
    except Exception:
        pass
    return 1


def _quietly(function):
    """Call what reports its own errors; what it raises on top, CPython drops too."""
    try:
        function()
    except BaseException:
        pass


def _flush():
    """flush_std_files: True if standard output could not be flushed."""
    failed = False
    stdout, stderr = getattr(sys, "stdout", None), getattr(sys, "stderr", None)
    if stdout is not None and not getattr(stdout, "closed", False):
        try:
            stdout.flush()
        except Exception as error:
            failed = True
            try:
                text = "Exception ignored in: %r\n%s: %s\n"
                os.write(2, (text % (stdout, type(error).__name__, error)).encode())
            except Exception:
                pass
            sys.stdout = None
    if stderr is not None and not getattr(stderr, "closed", False):
        try:
            stderr.flush()
        except Exception:
            pass
    return failed


def _finalize_modules():
    """finalize_modules, as far as a program can see it: its objects end, cycles included."""
    for name in ("ps1", "ps2", "last_type", "last_value", "last_traceback", "last_exc"):
        sys.__dict__.pop(name, None)
    if sys.stdout is not None:
        sys.stdout = sys.__stdout__
    sys.stderr = sys.__stderr__
    sys.modules.pop("__main__", None)
    gc.collect()
