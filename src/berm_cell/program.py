"""The program's process: park confined, take one request, become the program.

An exec'd runtime is simple: unpack, lower the limits, ``execve``. A warm interpreter runs the
program in-process as ``__main__``, as ``python3 main.py`` would: same module dictionary, same
tracebacks, same exit codes, same order of endings (threads, atexit, finalizers, flush). What
CPython's own ``Py_RunMain`` and ``Py_FinalizeEx`` do is named beside each step.

The program's module frame is the bottom of the stack (:mod:`berm_cell.stack`).
"""

import _signal  # pyright: ignore[reportMissingImports]
import gc
import importlib.machinery
import os
import signal
import sys
import types

from berm_cell import _syscalls as sys_
from berm_cell import limits, protocol, rehearsal, steps


def park(cell, order, hold):
    """Confine this process, say so, and wait for the one request.

    Args:
        cell: the plan's ``cell`` object.
        order: the host's for this cell (:class:`berm_cell.cells.Order`).
        hold: what confines it (:class:`berm_cell.confinement.Confinement`).

    Returns the request with its descriptors already in place as 0, 1, 2. Ends the process when
    the host goes away or a layer fails.
    """
    try:
        hold.confine()
        if cell["in_process"]:
            _adopt_threading()
            sys.path[0] = os.getcwd()
            _settle(order.rehearses)
    except (OSError, steps.StepFailed) as failure:
        return _fail(hold, failure)
    return _hear(cell, hold)


def be_forked(cell, hold):
    """In a template: get as far as a program's process does without a program, and be forked from there.

    Returns the request in a program's process, as :func:`park` does; never in the template's own.
    """
    _settle(False)
    sys_.before_fork()
    try:
        rehearses = hold.be_forked()
    except steps.StepFailed as failure:
        if failure.step == "template":  # nobody asks any more
            os._exit(0)
        sys_.after_fork()
        return _fail(hold, failure)
    sys_.after_fork()
    try:
        _adopt_threading()
        sys.path[0] = os.getcwd()
        if rehearses:
            _settle(True)
    except OSError as failure:
        return _fail(hold, failure)
    return _hear(cell, hold)


def _settle(rehearses):
    """Be, in all but the program, what ``python3 main.py`` is before it reads its file."""
    gc.enable()
    if rehearses:
        _rehearse()
    gc.freeze()  # what the launcher made is not to be found by gc.get_objects()
    # After it: what is frozen is never collected, and with it nothing that the program leaves in there.
    sys.modules["__main__"] = types.ModuleType("__main__")


def _hear(cell, hold):
    """Be parked, and take the request."""
    try:
        data, fds = hold.park()
        if not data and not fds:
            return _vanish()
        if data[:1] == b"{":
            return _take(hold, protocol.parse(data), fds)
        if not cell["in_process"]:
            hold.execute()
            return _vanish()
        return protocol.parse(hold.furnish())
    except (OSError, protocol.FrameError, steps.StepFailed) as failure:
        return _fail(hold, failure)


def _fail(hold, failure):
    """Tell the warden what could not be done, and be no more."""
    if not isinstance(failure, steps.StepFailed):
        failure = steps.StepFailed("park", failure)
    try:
        hold.tell(protocol.pack(failure.frame()))
    except (OSError, protocol.FrameError):
        pass
    return _vanish()


def _vanish():
    """End this process, whatever is left of who should hear of it.

    Not by an exit: that asks the warden once the filter is in force, and with the warden gone, and
    its end of the conversation still in this process's hands, nobody would ever answer.
    """
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("unreachable")


def _take(hold, request, fds):
    """Get ready for a canary."""
    hold.close()
    for target, fd in enumerate(fds):
        os.dup2(fd, target)
    protocol.close_all(fds)
    limits.set_rlimits(request["rlimits"])
    return request


_after_fork = []
"""What threading wants to be called after each fork of the program's, as ``os.register_at_fork`` had it."""


def import_threading():
    """Import threading without having its hook run in every cell.

    After a fork it makes its locks anew and forgets other threads. A fork server has none; but
    looking for them writes to 140 pages, each of which the kernel then has to copy.
    """
    if "threading" in sys.modules:
        return
    register = os.register_at_fork
    os.register_at_fork = lambda **hooks: _after_fork.append(hooks)
    try:
        __import__("threading")
    finally:
        os.register_at_fork = register


def _adopt_threading():
    """Catch up on what threading's hook would have done in this process."""
    threading = sys.modules.get("threading")
    if threading is None or not _after_fork:
        return
    for hooks in _after_fork:
        os.register_at_fork(**hooks)
    threading.main_thread()._set_native_id()


# --- in-process Python -----------------------------------------------------------------------


def load(request):
    """Make ``__main__`` of the request and compile the program.

    Args:
        request: ``entry`` is the file, ``args`` its arguments, ``names`` those of all files,
            ``env`` its environment if it has another one than the fork server, else None.

    Returns ``(code, namespace)``; a program that does not compile ends here, as it would
    outside: its SyntaxError on stderr and exit code 1.
    """
    if request["env"] is not None:  # usually it is the one of the fork server
        os.environ.clear()
        os.environ.update(request["env"])
    if request.get("terminal"):  # create_stdio: what is a terminal is line-buffered
        for stream in (sys.stdin, sys.stdout):
            stream.reconfigure(line_buffering=True)  # pyright: ignore[reportAttributeAccessIssue]
    entry = request["entry"]
    path = sys.path[0] + "/" + entry if sys.version_info >= (3, 9) else entry
    _forget_shadowed(request["names"])
    sys.argv = [entry] + [str(arg) for arg in request["args"]]
    if hasattr(sys, "orig_argv"):
        sys.orig_argv = ["python3"] + sys.argv
    if "/" in entry:
        sys.path[0] = os.path.dirname(os.path.abspath(entry))
    namespace = sys.modules["__main__"].__dict__
    try:
        source = _describe(namespace, entry, path)
    except OSError as error:
        message = "%s: can't open file %r: [Errno %d] %s\n"
        sys.stderr.write(message % (sys.executable, path, error.errno, error.strerror))
        sys.stderr.flush()
        os._exit(2)
    _signal.signal(_signal.SIGINT, _signal.default_int_handler)
    try:
        return compile(source, path, "exec", 0, True), namespace
    except BaseException as error:
        error.__traceback__ = None
        finish(error.with_traceback(None))
        raise AssertionError("unreachable") from error


def _describe(namespace, entry, path):
    """Give a module's namespace what the interpreter gives ``__main__``; returns the source."""
    namespace["__annotations__"] = {}
    namespace["__builtins__"] = sys.modules["builtins"]
    namespace["__cached__"] = None
    namespace["__file__"] = path
    namespace["__loader__"] = importlib.machinery.SourceFileLoader("__main__", path)
    fd = os.open(entry, os.O_RDONLY | os.O_CLOEXEC)
    try:
        parts = []
        while True:
            part = os.read(fd, 1 << 16)
            if not part:
                return b"".join(parts)
            parts.append(part)
    finally:
        os.close(fd)


def _rehearse():
    """Take the page faults of a typical run before there is a request to wait for them.

    A page of the fork server that is written to is copied; nearly every run writes to the same
    few hundred (reference counts, allocator pools, the compiler's and the interpreter's state),
    so that a parked cell can have its copies already. It costs a third of a cell: one that a program
    waits for goes without, and so does every cell whose fork copied those pages (:mod:`berm_cell.hot`).
    This goes the way of a run: a request with a file, a program that computes, prints and reads, and
    its end.
    """
    request = protocol.parse(protocol.pack(rehearsal.REQUEST))
    limits.set_rlimits(rehearsal.RLIMITS)
    name = request["entry"]
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    os.write(fd, rehearsal.TYPICAL)
    os.close(fd)
    module = types.ModuleType("__rehearsal__")
    namespace = module.__dict__
    source = _describe(namespace, name, sys.path[0] + "/" + name)
    os.unlink(name)
    exec(compile(source, name, "exec", 0, True), namespace)
    del module, namespace
    _flush()
    gc.collect()


def _forget_shadowed(names):
    """A file of the submission wins over a preloaded module of its name, as sys.path[0] does."""
    for name in names:
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
