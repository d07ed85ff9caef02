"""Scripts of system calls, made in a process of their own, since each has one address.

machine_process.py code|python CASE      prints what came of it, as JSON
"""

import fcntl
import json
import os
import struct
import sys

from berm_cell import _syscalls as sys_
from berm_cell import launch, machine, script

NOTHING = 1000
"""A descriptor that is not open."""


class Made:
    """A script that is written, and how it went when it was run."""

    by_code = False

    def __init__(self):
        self.it = script.Script(script.CONFINEMENT_AT, 64)
        self.it.begin("all")
        self.it.layer("first")

    def load(self):
        self.it.end()
        if not hasattr(self, "machine"):
            self.machine = machine.Machine(self.it, machine.code())
            Made.by_code = self.machine._run != self.machine._by_python

    def run(self, *parts, **variables):
        """Run parts of it; return the header, as numbers a reader can compare, and the failure."""
        self.load()
        for name, value in variables.items():
            self.machine.set(name, value)
        found = {}
        try:
            found["returned"] = self.machine.run(*(parts or ["all"]))
        except machine.Failed as failure:
            found["failed"] = [failure.layer, failure.errno, str(failure)]
        header = script.HEADER.unpack(self.machine.take(script.CONFINEMENT_AT, script.HEADER.size))
        found["result"] = header[0] - (1 << 64) if header[0] >> 63 else header[0]
        records = header[1] - script.CONFINEMENT_AT - script.HEADER.size
        found["stopped"] = records / script.RECORD.size
        if header[2]:
            view = sys_.memory_at(header[2], header[3])
            found["text"] = bytes(view).decode()
        found["umask"] = os.umask(0o022)
        return found


def results():
    made = Made()
    made.it.call("umask", 0o077)
    made.it.begin("second")
    made.it.call("getppid")
    return [made.run("all"), made.run("second"), made.run("all", "second"), os.getppid()]


def nothing():
    made = Made()
    made.it.begin("second")
    made.it.call("umask", 0o077)
    return made.run("all")


def right_result():
    made = Made()
    made.it.call("umask", 0o077, returns=0o022)
    made.it.call("umask", 0o070, returns=0o077)
    return made.run()


def wrong_result():
    made = Made()
    made.it.call("umask", 0o077)
    made.it.layer("second")
    made.it.call("umask", 0o070, returns=0o022)
    made.it.layer("third")
    made.it.call("umask", 0o007)
    return made.run()


def wrong_result_that_is_no_failure():
    made = Made()
    made.it.call("umask", 0o070, returns=0o777, skips=1)
    made.it.call("umask", 0o007)
    return made.run()


def failing():
    made = Made()
    made.it.call("umask", 0o077)
    made.it.layer("second")
    made.it.call("close", NOTHING)
    made.it.call("umask", 0o007)
    return made.run()


def skipping():
    made = Made()
    made.it.call("close", NOTHING, skips=2)
    made.it.call("umask", 0o001)
    made.it.call("umask", 0o002)
    made.it.call("umask", 0o003)
    return made.run()


def going_on():
    made = Made()
    made.it.call("close", NOTHING, skips=0)
    made.it.call("umask", 0o077)
    return made.run()


def skipping_the_end():
    made = Made()
    made.it.call("umask", 0o077)
    made.it.call("close", NOTHING, skips=0)
    return made.run()


def labelled():
    made, label = Made(), script.Label()
    made.it.call("umask", 0o001, otherwise=label)
    made.it.call("close", NOTHING, otherwise=label)
    made.it.call("umask", 0o002)
    made.it.place(label)
    made.it.call("umask", 0o070, returns=0o001)
    return made.run()


def going_back():
    made, label = Made(), script.Label()
    made.it.place(label)
    made.it.call("umask", 0o077)
    third = os.open(".", os.O_PATH) + 3
    made.it.call(
        "openat", sys_.AT_FDCWD, made.it.text("."), os.O_PATH, returns=third, otherwise=label
    )
    return [made.run(), third]


def variables():
    made = Made()
    made.it.call("umask", made.it.variable("mask"), returns=made.it.variable("before"))
    made.it.call("openat", made.it.variable("at"), made.it.text("."), os.O_PATH)
    return made.run(mask=0o055, before=0o022, at=sys_.AT_FDCWD, nobodys=7)


def six_arguments():
    made, there = Made(), 0x1200000000
    file = os.memfd_create("file")
    os.write(file, b"-" * 4096 + b"second page")
    private_fixed_noreplace = 0x100002
    made.it.call("mmap", there, 4096, 1, private_fixed_noreplace, file, 4096, returns=there)
    found = made.run()
    return [found, bytes(sys_.memory_at(there, 11)).decode()]


def error_text():
    made = Made()
    read, write = os.pipe()
    vector = script.CONFINEMENT_AT + script.ERROR_TEXT
    made.it.call("close", NOTHING, skips=0)
    made.it.call("writev", write, vector, 1)
    made.it.call("umask", 0o022, returns=0o777, skips=0)
    made.it.call("writev", write, vector, 1)
    found = made.run()
    return [found, os.read(read, 200).decode()]


def answered(error):
    """What comes of a call that the kernel answers with an error of our choice."""
    made = Made()
    it = made.it
    rows = [(0x20, 0, 0, 0), (0x15, 0, 1, script.NUMBERS["getppid"])]
    rows += [(0x06, 0, 0, 0x00050000 | error), (0x06, 0, 0, 0x7FFF0000)]
    code = it.data(b"".join(struct.pack("=HBBI", *row) for row in rows))
    program = it.data(struct.pack("=H6xQ", len(rows), code))
    it.call("prctl", sys_.PR_SET_NO_NEW_PRIVS, 1)
    it.call("seccomp", sys_.SECCOMP_SET_MODE_FILTER, 0, program)
    it.call("getppid")
    return made.run()


def request(large=False):
    """A script of the host's that finds no program, and another after it."""
    made = Made()
    read, write = (fcntl.fcntl(fd, fcntl.F_DUPFD, 20) for fd in os.pipe())
    os.closerange(3, 20)
    os.set_blocking(read, False)
    os.dup2(write, 2)
    streams = [os.dup2(number, 3 + number) for number in range(3)]
    env = {"X": "x" * 200_000} if large else {}
    image = launch.execute(["./none"], env, (), {})
    # Up to what would end this process.
    end = script.HEADER.unpack_from(image)[6] - 5 * script.RECORD.size
    cut = script.HEADER.pack(*script.HEADER.unpack_from(image)[:6], end, 0) + image[64:]
    if large:
        held = os.memfd_create("script")
        os.write(held, cut)
        os.dup2(held, 6)
        cut = launch.loader(cut, len(streams))
    made.it.call("getppid")
    made.load()
    made.machine.put(script.REQUEST_AT, cut)
    made.machine.run_request()
    return os.read(read, 200).decode()


CASES = {
    case.__name__: case
    for case in (
        *(results, nothing, right_result, wrong_result, wrong_result_that_is_no_failure),
        *(
            failing,
            skipping,
            going_on,
            skipping_the_end,
            labelled,
            going_back,
            variables,
            six_arguments,
        ),
        *(error_text, answered, request),
    )
}


def main(reader, name, *arguments):
    os.umask(0o022)
    if reader == "python":
        sys_.IS_X86_64 = False  # as on another processor
    found = CASES[name](*map(json.loads, arguments))
    print(json.dumps([Made.by_code, found]))


if __name__ == "__main__":
    main(*sys.argv[1:])
