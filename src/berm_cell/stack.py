"""Make a program's module frame the bottom of the stack, as it is under ``python3 main.py``.

``exec`` leaves the launcher's frame below the program: ``inspect.stack()`` shows it, warnings
with a ``stacklevel`` name it, and an endless recursion ends two levels early, which its
traceback tells ("repeated 994 more times"). Both are two words of the thread state: the pointer
to the running frame, and the recursion counter. Where they stand is fixed for each minor version
(``Include/cpython/pystate.h``) and checked before use against what must stand there; anywhere
else, the program runs with the launcher's frame below it, which is all that is lost.
"""

import sys

from berm_cell import _syscalls as sys_

_WORD = 8

# Version: (word of PyThreadState with the frame or the CFrame, offset in the CFrame or None,
# byte offset of the recursion counter, its step for one more frame).
_LAYOUT = {
    (3, 8): (3, None, 32, 1),
    (3, 9): (3, None, 32, 1),
    (3, 10): (3, None, 32, 1),
    (3, 11): (7, 8, 32, -1),
    (3, 12): (7, 0, 28, -1),
    (3, 13): (9, None, 44, -1),
}
_PROBE = compile("at = counter.value", "<probe>", "exec")


class _Nothing:
    """Stands for a word that is not there: takes values and forgets them."""

    value = 0


_NOTHING = (_Nothing(), _Nothing(), 0)
_sure = []


def prepare():
    """Find out, once for all forks, where the two words are; see :func:`bottom`."""
    layout = _LAYOUT.get(sys.version_info[:2])
    # "d" and "t" are debug and free-threaded builds, with other structures.
    if layout is None or sys.maxsize < 1 << 32 or set(sys.abiflags) & {"d", "t"}:
        return
    if sys.implementation.name != "cpython":
        return
    index, inner, offset, step = layout
    state = sys_.thread_state()
    counter = sys_.int_at(state + offset)
    if _one_frame_up(counter) - counter.value == step:
        running = sys_.word_at(state + index * _WORD)
        _sure.extend((running, inner, counter, _depth(counter)))


def bottom():
    """Return ``(slot, counter, delta)``: the running frame's slot, the counter, and its difference.

    The caller sets ``slot.value`` to 0 and adds ``delta`` to ``counter.value`` in the very frame
    that executes the program, and takes both back right after; the slot belongs to the caller's
    C-level evaluation loop and is valid only there. Where the layout is not sure, setting them
    changes nothing.
    """
    if not _sure:
        return _NOTHING
    slot, inner, counter, delta = _sure
    if inner is not None:
        slot = sys_.word_at(slot.value + inner)
    known = id(sys._getframe())
    if sys.version_info >= (3, 11):
        known = sys_.word_at(known + 3 * _WORD).value
    return (slot, counter, delta) if slot.value == known else _NOTHING


def _one_frame_up(counter):
    return counter.value


def _depth(counter):
    """What one executed module costs in the counter, seen from the caller's caller's level."""
    level = counter.value
    seen = {"counter": counter}
    exec(_PROBE, seen)
    return level - seen["at"]
