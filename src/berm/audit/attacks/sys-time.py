# id = "sys-time"
# title = "set the clock: clock_settime, settimeofday, adjtimex, clock_adjtime"
# guarantee = "privileges"
# layers = ["capabilities", "seccomp"]
# source = ["surface: time setting"]
# bare = "root"
# notes = "It sets the time that it is, and a frequency that is already set."
import ctypes
import time

from attack import Tally, syscall

tally = Tally()


def now():
    value = time.time_ns()
    return (ctypes.c_long * 2)(value // 10**9, value % 10**9)


def now_us():
    value = time.time_ns()
    return (ctypes.c_long * 2)(value // 10**9, value % 10**9 // 1000)


tally.attempt("clock_settime", lambda: syscall("clock_settime", 0, ctypes.byref(now())))
tally.attempt("settimeofday", lambda: syscall("settimeofday", ctypes.byref(now_us()), None))
timex = (ctypes.c_long * 32)()
syscall_read = None
try:
    syscall("adjtimex", ctypes.byref(timex))
except OSError:
    pass
timex[0] = 0x0002  # ADJ_FREQUENCY with the value just read
tally.attempt("adjtimex", lambda: syscall("adjtimex", ctypes.byref(timex)))
timex[0] = 0x0002
tally.attempt("clock_adjtime", lambda: syscall("clock_adjtime", 0, ctypes.byref(timex)))
tally.finish()
