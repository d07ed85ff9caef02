"""Scripts of system calls as they are written: the records, the data that they point to, and the header."""

import itertools
import resource
import struct

import pytest

from berm_cell import launch, limits, machine, protocol, script
from berm_cell.script import ANYTHING, CONFINEMENT_AT, NUMBERS, RECORD, REQUEST_AT

NAMES = {number: name for name, number in NUMBERS.items()}
AT_FDCWD = -100 & script.MASK


class Reader:
    """What an image says: its header, and its records with the text that each points to."""

    def __init__(self, image, address=REQUEST_AT):
        self.image, self.address = image, address
        self.header = script.HEADER.unpack_from(image)
        first, end = (word - address for word in self.header[5:7])
        self.records = list(RECORD.iter_unpack(image[first:end]))
        self.names = [NAMES[record[0]] for record in self.records]

    def text(self, address):
        offset = address - self.address
        return self.image[offset : self.image.index(b"\0", offset)].decode()

    def of(self, name):
        return [record for record in self.records if NAMES[record[0]] == name]

    def pointers(self, address):
        found, offset = [], address - self.address
        while (pointer := struct.unpack_from("=Q", self.image, offset)[0]) != 0:
            found.append(self.text(pointer))
            offset += 8
        return found

    def after(self, index):
        """The index of the record that is next if this one fails."""
        assert self.records[index][8] % RECORD.size == 0
        return index + self.records[index][8] // RECORD.size


def new(calls=8, address=CONFINEMENT_AT):
    it = script.Script(address, calls)
    it.begin("all")
    return it


def test_a_record_is_a_number_six_arguments_and_what_has_to_come_of_it():
    it = new()
    it.call("close", 7)
    it.call("prlimit64", 0, -1, 5, returns=0)
    it.call("openat", 1, 2, 3, 4, 5, 6, returns=9, skips=2)
    it.end()
    assert Reader(it.image(), CONFINEMENT_AT).records == [
        (NUMBERS["close"], 7, 0, 0, 0, 0, 0, ANYTHING, 0),
        (NUMBERS["prlimit64"], 0, script.MASK, 5, 0, 0, 0, 0, 0),
        (NUMBERS["openat"], 1, 2, 3, 4, 5, 6, 9, 3 * RECORD.size),
    ]


def test_the_header_tells_where_the_calls_are_and_where_errors_have_their_texts():
    it = new()
    it.call("setsid")
    it.begin("second")
    it.call("setsid")
    it.end()
    first, end = CONFINEMENT_AT + 64, CONFINEMENT_AT + 64 + 2 * RECORD.size
    texts = script.TEXTS_AT
    assert script.HEADER.unpack(it.image()[:64]) == (0, 0, 0, 0, texts, first, end, 0)
    second = script.HEADER.unpack(it.header("second", 20))
    assert second == (0, 0, 0, 0, texts, first + RECORD.size, end, 20)
    assert script.HEADER.unpack(it.header("all", end=end + 720))[6] == end + 720
    assert it.image(end=end + 720)[:64] == it.header("all", end=end + 720)
    assert it.image()[64:] == it.image(end=end + 720)[64:]


def test_a_part_ends_where_the_next_begins():
    it = new()
    it.call("setsid")
    it.begin("empty")
    it.begin("last")
    it.call("setsid")
    it.call("setsid")
    it.end()
    one = RECORD.size
    assert it.parts == {
        "all": (64, 64 + one),
        "empty": (64 + one, 64 + one),
        "last": (64 + one, 64 + 3 * one),
    }


def test_a_failure_names_the_layer_that_a_call_was_written_for():
    it = new()
    it.call("setsid")
    it.layer("uid")
    it.call("setgroups", 0, 0)
    it.call("setresuid", 1, 1, 1)
    assert it.names == [("", "setsid"), ("uid", "setgroups"), ("uid", "setresuid")]


def test_a_variable_knows_every_place_where_it_stands():
    it = new()
    it.call("setresuid", *[it.variable("uid")] * 3)
    it.call("write", 1, 2, it.variable("size"), returns=it.variable("size"))
    it.end()
    image = it.image()
    assert it.variables["uid"].places == [9, 10, 11]
    assert it.variables["size"].places == [8 + 9 + 3, 8 + 9 + 7]
    words = struct.unpack_from(f"={len(image) // 8}Q", image)
    places = [place for known in it.variables.values() for place in known.places]
    assert [words[place] for place in places] == [0] * 5


def test_calls_that_fail_go_on_at_their_label():
    it, label, other = new(), script.Label(), script.Label()
    it.call("setsid", otherwise=label)
    it.call("setsid")
    it.call("setsid", otherwise=other)
    it.call("setsid", otherwise=label)
    it.place(label)
    it.call("setsid")
    it.place(other)
    it.end()
    found = Reader(it.image(), CONFINEMENT_AT)
    assert [found.after(index) for index in (0, 2, 3)] == [4, 5, 4]
    assert [record[8] for record in found.records[1::3]] == [0, 0]


def test_data_lies_behind_the_room_for_calls_and_begins_at_a_word():
    it = new(calls=2)
    first, second = it.data(b"abc"), it.text("é")
    it.call("setsid")
    it.end()
    assert first == CONFINEMENT_AT + 64 + 2 * RECORD.size
    assert second == first + 8
    image = it.image()
    assert image[64 + RECORD.size : 64 + 2 * RECORD.size] == bytes(RECORD.size)
    assert image[first - CONFINEMENT_AT :] == b"abc".ljust(8, b"\0") + b"\xc3\xa9".ljust(8, b"\0")


def test_a_text_with_a_nul_is_no_text():
    it = new()
    with pytest.raises(ValueError, match="NUL"):
        it.text("a\0b")
    assert it.text("") + 8 == it.text("a")


def test_there_are_no_more_calls_than_were_asked_for():
    it = new(calls=2)
    it.call("setsid")
    it.call("setsid")
    with pytest.raises(ValueError, match="more calls"):
        it.call("setsid")


def test_data_and_room_are_bounded_together():
    size = script.SIZES[CONFINEMENT_AT]
    it = new(calls=0)
    room = it.room(1001)
    assert room == CONFINEMENT_AT + size - 1008
    left = size - 64 - 1008
    it.data(bytes(left))
    with pytest.raises(ValueError, match="more data"):
        it.data(b"1")
    assert it.room(8) == room - 8


def test_what_the_kernel_writes_is_no_part_of_the_image():
    it = new(calls=1)
    it.room(4096)
    it.end()
    assert len(it.image()) == 64 + RECORD.size


# --- how to become a program -------------------------------------------------------------------


def written(argv=("./main",), env=(), files=(), rlimits=(), waits=False):
    return Reader(launch.execute(argv, dict(env), files, dict(rlimits), waits=waits))


def test_a_command_without_a_slash_is_looked_for_in_its_own_path():
    def paths(name, **env):
        found = written([name], env)
        return [found.text(record[1]) for record in found.of("execve")]

    assert paths("gcc", PATH="/one:/two") == ["/one/gcc", "/two/gcc"]
    assert paths("gcc", PATH=":/two") == ["./gcc", "/two/gcc"]
    assert paths("gcc") == ["/bin/gcc", "/usr/bin/gcc"]
    assert paths("./gcc", PATH="/one") == ["./gcc"]


def test_the_program_gets_its_arguments_and_its_environment():
    found = written(["./main", "", "a b", "ü"], {"A": "1=2", "B": ""})
    (record,) = found.of("execve")
    assert found.pointers(record[2]) == ["./main", "", "a b", "ü"]
    assert found.pointers(record[3]) == ["A=1=2", "B="]


@pytest.mark.parametrize("name", ["", "A=B", "=", "A\0B"])
def test_a_name_that_no_variable_can_have_is_refused(name):
    with pytest.raises(ValueError, match="no name of a variable|NUL"):
        written(env={name: "1"})


@pytest.mark.parametrize(
    "wrong", [{"argv": ["./main", "\0"]}, {"argv": ["\0"]}, {"env": {"A": "1\0"}}]
)
def test_what_no_process_can_be_given_is_refused(wrong):
    with pytest.raises(ValueError, match="NUL"):
        written(**wrong)


def test_a_script_that_is_larger_than_its_room_is_refused():
    with pytest.raises(ValueError, match="more data"):
        written(["./main", "x" * script.SIZES[REQUEST_AT]])


def test_folders_come_before_the_files_in_them_and_once():
    files = [["d/e/f", 1, 0o644], ["a", 2, 0o755], ["d/g", 0, 0o644], ["d/e/h", 3, 0o777]]
    found = written(files=files)
    assert [found.text(record[2]) for record in found.of("mkdirat")] == ["d", "d/e"]
    opened = found.of("openat")
    assert [found.text(record[2]) for record in opened] == ["d/e/f", "a", "d/g", "d/e/h"]
    assert [record[4] for record in opened] == [0o644, 0o755, 0o644, 0o755]
    assert {record[1] for record in [*found.of("mkdirat"), *opened]} == {AT_FDCWD}
    assert found.names.index("openat") > found.names.index("mkdirat") > found.names.index("umask")


def test_the_contents_of_files_are_parts_of_one_mapping():
    found = written(files=[["a", 5, 0o644], ["empty", 0, 0o644], ["b", 7, 0o644]])
    (mapped,) = found.of("mmap")
    at = mapped[1]
    assert (mapped[2], mapped[5], mapped[7]) == (12, 6, at)
    writes = [record for record in found.of("write") if record[1] == 7]
    assert [record[2:4] + record[7:8] for record in writes] == [(at, 5, 5), (at + 5, 7, 7)]
    assert not written(files=[["empty", 0, 0o644]]).of("mmap")


@pytest.mark.parametrize("name", ["/a", "../a", "a/../b", "a//b", ""])
def test_a_file_name_that_is_not_allowed_is_refused(name):
    with pytest.raises(protocol.FrameError):
        written(files=[[name, 1, 0o644]])


def test_limits_are_the_requests_or_the_hard_one_of_this_process():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    found = written(rlimits={"nofile": 17, "core": 0})
    assert [record[2] for record in found.of("prlimit64")] == [
        limits.RLIMITS["nofile"],
        limits.RLIMITS["core"],
    ]
    offset = found.of("prlimit64")[0][3] - REQUEST_AT
    assert struct.unpack_from("=QQ", found.image, offset) == (17, 17)
    if hard != resource.RLIM_INFINITY:
        above = written(rlimits={"nofile": hard + 1})
        offset = above.of("prlimit64")[0][3] - REQUEST_AT
        assert struct.unpack_from("=QQ", above.image, offset) == (hard, hard)


def test_where_a_call_goes_on_that_is_refused():
    found = written(["gcc"], {"PATH": "/one:/two"}, [["d/f", 1, 0o644]], {"core": 0})
    executes = [index for index, name in enumerate(found.names) if name == "execve"]
    assert executes[1] == executes[0] + 1
    cannot_start = executes[1] + 1
    cannot_be_started = cannot_start + 4
    assert found.after(executes[0]) == executes[1]
    assert found.after(executes[1]) == cannot_start
    for index, name in enumerate(found.names[: executes[0]]):
        if name in ("dup3", "mkdirat", "mmap", "openat", "write", "prlimit64"):
            assert found.after(index) == cannot_be_started, name
    for at, reason in (
        (cannot_start, "berm: cannot start gcc: "),
        (cannot_be_started, "berm: the program cannot be started: "),
    ):
        assert found.names[at : at + 4] == ["write", "writev", "write", "exit_group"]
        _write, _descriptor, address, size = found.records[at][:4]
        offset = address - REQUEST_AT
        assert found.image[offset : offset + size].decode() == reason
        assert found.records[at + 1][1:4] == (2, REQUEST_AT + script.ERROR_TEXT, 1)
        assert found.records[at + 3][1] == launch.REFUSED
    assert len(found.records) == cannot_be_started + 4


def test_a_runtime_that_waits_is_told_its_descriptor():
    found = written(waits=True)
    (record,) = found.of("execve")
    assert found.pointers(record[2]) == ["./main", str(launch.CONTROL)]
    assert [row[1:4] for row in found.of("dup3")] == [
        (3, 0, 0),
        (4, 1, 0),
        (5, 2, 0),
        (6, launch.CONTROL, 0),
    ]


def test_a_loader_reads_the_other_script_over_itself_and_goes_on_in_its_second_call():
    image = launch.execute(["./main"], {}, (), {})
    loader = launch.loader(image, 4)
    header = script.HEADER.unpack_from(loader)
    assert header[5:7] == (REQUEST_AT + 64, script.HEADER.unpack_from(image)[6])
    assert len(loader) == 64 + RECORD.size
    (record,) = RECORD.iter_unpack(loader[64:])
    assert record[:5] == (NUMBERS["pread64"], 7, REQUEST_AT, len(image), 0)
    assert record[7:] == (len(image), 0)
    assert Reader(image).names[0] == "umask", "what the loader stands in the place of"


def test_no_script_reaches_into_another():
    spans = sorted((at, at + size) for at, size in script.SIZES.items())
    spans += [(script.CODE_AT, script.CODE_AT + len(machine.IMAGE))]
    spans.sort()
    assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))
    assert script.REQUEST_AT + script.SIZES[REQUEST_AT] <= 0x1100000000
