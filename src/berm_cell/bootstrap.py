"""Run by the interpreter that hosts a fork server; the last lines are the program's only caller.

Run as a file, so that there is just one frame below a program that runs in-process
(:mod:`berm_cell.stack` takes even that away), and without ``-I -S`` for such programs, so that
their interpreter is the one that ``python3 main.py`` would have: with ``site``, ``exit`` and the
site packages. The environment is the cell's own, so that there is nothing to ignore in it.
Argument: the number of the descriptor on which the host speaks.
"""

import sys


def _load(directory):
    """Import the launcher from its directory, which is not on sys.path."""
    from importlib.util import module_from_spec, spec_from_file_location

    spec = spec_from_file_location(
        "berm_cell", directory + "/__init__.py", submodule_search_locations=[directory]
    )
    if spec is None or spec.loader is None:
        raise ImportError("the launcher is not in " + directory)
    package = module_from_spec(spec)
    sys.modules["berm_cell"] = package
    spec.loader.exec_module(package)  # pyright: ignore[reportAttributeAccessIssue]
    from berm_cell import server

    return server


if not sys.flags.isolated:
    sys.path[0] = ""  # the launcher's directory, until the program's takes its place
code, namespace, finish, bottom = _load(__file__.rpartition("/")[0]).serve(int(sys.argv[1]))
del _load
raised = [None]
slot, counter, delta = bottom()
saved = slot.value
try:
    counter.value += delta
    slot.value = 0
    exec(code, namespace)
except BaseException as error:
    slot.value = saved
    counter.value -= delta
    trace = error.__traceback__
    raised = [error.with_traceback(trace and trace.tb_next)]
    del trace
else:
    slot.value = saved
    counter.value -= delta
# Outside of the except block: what happens from here on is not "during the handling of" it.
namespace = code = None
finish(raised.pop())
