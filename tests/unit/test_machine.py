"""The machine code and the Python that read scripts do the same, and the listing is what the bytes are."""

import errno
import json
import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from berm_cell import machine, script

HELPER = Path(__file__).parent / "machine_process.py"
SOURCE = Path(machine.__file__).parents[1]
NO_SUCH = "Bad file descriptor"
WRONG = "the kernel did not do all of it"

needs_x86_64 = pytest.mark.skipif(not script.IS_X86_64, reason="the machine code is of x86-64")


@pytest.fixture(params=["code", "python"])
def made(request):
    """``made(case)``: what came of a script in a process of its own, by each of the two readers."""

    def run(case, *arguments):
        words = [sys.executable, str(HELPER), request.param, case, *map(json.dumps, arguments)]
        env = {**os.environ, "PYTHONPATH": str(SOURCE)}
        done = subprocess.run(words, env=env, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done
        by_code, found = json.loads(done.stdout)
        if request.param == "code" and not by_code:
            pytest.skip("not x86-64, or memory that was written to may not be executed here")
        assert by_code == (request.param == "code")
        return found

    return run


def test_the_last_call_tells_its_result(made):
    first, second, both, parent = made("results")
    assert first == {"returned": 0o022, "result": 0o022, "stopped": 1, "umask": 0o077}
    assert second == {"returned": parent, "result": parent, "stopped": 2, "umask": 0o022}
    assert both == {"returned": parent, "result": parent, "stopped": 2, "umask": 0o077}


def test_a_part_without_a_call_does_nothing(made):
    assert made("nothing") == {"returned": 0, "result": 0, "stopped": 0, "umask": 0o022}


def test_a_call_that_returns_what_it_has_to_is_followed_by_the_next(made):
    found = made("right_result")
    assert found == {"returned": 0o077, "result": 0o077, "stopped": 2, "umask": 0o070}


def test_another_result_than_it_has_to_be_ends_the_script_there(made):
    assert made("wrong_result") == {
        "failed": ["second", 0, "umask: not what it has to return"],
        "result": 0,
        "stopped": 1,
        "text": WRONG,
        "umask": 0o070,
    }


def test_another_result_can_be_gone_on_from_as_an_error_can(made):
    found = made("wrong_result_that_is_no_failure")
    assert found == {"returned": 0, "result": 0, "stopped": 2, "text": WRONG, "umask": 0o070}


def test_a_call_that_fails_ends_the_script_and_names_its_layer(made):
    assert made("failing") == {
        "failed": ["second", errno.EBADF, f"close: {NO_SUCH}"],
        "result": -errno.EBADF,
        "stopped": 1,
        "text": NO_SUCH,
        "umask": 0o077,
    }


def test_a_call_that_fails_skips_as_many_as_it_says(made):
    found = made("skipping")
    assert found == {
        "returned": 0o022,
        "result": 0o022,
        "stopped": 4,
        "text": NO_SUCH,
        "umask": 3,
    }


def test_a_call_that_may_fail_is_followed_by_the_next(made):
    found = made("going_on")
    assert (found["returned"], found["stopped"], found["umask"]) == (0o022, 2, 0o077)


def test_the_last_call_may_fail_too(made):
    found = made("skipping_the_end")
    assert (found["result"], found["stopped"], found["text"]) == (-errno.EBADF, 2, NO_SUCH)
    assert "failed" not in found


def test_a_call_that_fails_goes_on_at_its_label(made):
    found = made("labelled")
    assert (found["returned"], found["stopped"], found["umask"]) == (0o001, 4, 0o070)


def test_a_call_goes_back_to_its_label_until_it_does_what_it_has_to(made):
    found, third = made("going_back")
    assert (found["returned"], found["stopped"], found["umask"]) == (third, 2, 0o077)


def test_variables_have_the_values_that_they_were_given(made):
    found = made("variables")
    assert (found["stopped"], found["umask"]) == (2, 0o055)
    assert "failed" not in found


def test_all_six_arguments_arrive_and_a_result_of_more_than_32_bits_returns(made):
    found, content = made("six_arguments")
    assert (found["result"], content) == (0x1200000000, "second page")


def test_the_text_of_the_last_error_can_be_written(made):
    found, written = made("error_text")
    assert written == NO_SUCH + WRONG
    assert "failed" not in found


@pytest.mark.parametrize("error", [1, 13, 133, 134, 4095])
def test_an_error_has_its_text_if_it_has_one(made, error):
    found = made("answered", error)
    if found.get("failed", ["", 0])[0] == "first" and found["stopped"] < 2:
        pytest.skip(f"no system call filter can be had here: {found['failed'][2]}")
    assert found["failed"][:2] == ["first", error]
    assert found["result"] == -error
    assert found["text"] == (os.strerror(error) if error < 134 else WRONG)


@pytest.mark.parametrize("large", [False, True])
def test_a_program_that_is_not_there_is_told(made, large):
    assert made("request", large) == f"berm: cannot start ./none: {os.strerror(errno.ENOENT)}\n"


# --- what the bytes are --------------------------------------------------------------------------


def listing():
    """The listing of the docstring as a source for the assembler, without its remarks."""
    start = 4
    remarks = start + len("launch: mov   edi, 3                ")
    after = (machine.__doc__ or "").partition("::\n\n")[2]
    lines = [line[start:remarks] for line in after.splitlines() if line.startswith(" " * start)]
    text = "\n".join(lines)
    for name in ("CONFINEMENT_AT", "REQUEST_AT"):
        text = text.replace(name, f"{getattr(script, name):#x}")
    return ".intel_syntax noprefix\n" + text + "\n"


@needs_x86_64
def test_the_listing_is_what_the_bytes_are(tmp_path):
    if not (shutil.which("as") and shutil.which("objcopy")):
        pytest.skip("no assembler is installed (Debian has it in binutils)")
    source, made, plain = (tmp_path / name for name in ("code.s", "code.o", "code"))
    source.write_text(listing())
    subprocess.run(["as", "--64", "-o", made, source], check=True)
    subprocess.run(["objcopy", "-O", "binary", "-j", ".text", made, plain], check=True)
    assert plain.read_bytes().hex() == (machine._LAUNCH + machine._RUN).hex()


def test_the_listing_names_the_sizes_that_scripts_have():
    assert f"{script.SIZES[script.CONFINEMENT_AT]:#x}" in listing()
    assert listing().count("syscall") == 5
    assert f"edx, {machine._ERRORS}\n" in re.sub(" +\n", "\n", listing())


def test_the_image_is_an_executable_of_a_file_and_of_memory_for_scripts():
    image = machine.IMAGE
    assert image[:7] == b"\x7fELF\x02\x01\x01"
    kind, processor, _, entry, programs = struct.unpack_from("<HHIQQ", image, 16)
    size, count = struct.unpack_from("<HH", image, 54)
    assert (kind, processor, programs, size, count) == (2, 62, 64, 56, 3)
    rows = [struct.unpack_from("<IIQQQQQQ", image, programs + 56 * n) for n in range(count)]
    code, memory, stack = rows
    assert code[:6] == (1, 5, 0, script.CODE_AT, script.CODE_AT, len(image))
    assert memory[:6] == (1, 6, 0, script.CONFINEMENT_AT, script.CONFINEMENT_AT, 0)
    assert memory[6] == sum(script.SIZES.values())
    assert stack[:2] == (0x6474E551, 6), "no stack that can be executed"
    assert programs + 56 * count <= script.TEXTS_AT - script.CODE_AT
    offset = entry - script.CODE_AT
    assert image[offset:] == machine._LAUNCH + machine._RUN


def test_the_image_has_the_texts_of_errors():
    def text(number):
        offset = script.TEXTS_AT - script.CODE_AT + 64 * number
        size = struct.unpack_from("=Q", machine.IMAGE, offset + 56)[0]
        return machine.IMAGE[offset : offset + size].decode()

    assert text(0) == WRONG
    assert [text(number) for number in range(1, 134)] == list(map(os.strerror, range(1, 134)))


@needs_x86_64
def test_other_tools_read_the_image(tmp_path):
    if not shutil.which("readelf"):
        pytest.skip("no readelf is installed (Debian has it in binutils)")
    path = tmp_path / "launch"
    path.write_bytes(machine.IMAGE)
    words = ["readelf", "--wide", "--file-header", "--program-headers", path]
    done = subprocess.run(words, capture_output=True, text=True, env={"LC_ALL": "C"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "EXEC (Executable file)" in done.stdout
    assert re.findall(r"LOAD .* (\w[ \w]{2}) 0x1000$", done.stdout, re.MULTILINE) == ["R E", "RW "]
