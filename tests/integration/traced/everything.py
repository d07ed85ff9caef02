"""Use what programs use of CPython and its library; print one line for each: ok, or what was refused.

argv[1] is a directory to write in. Run by test_profile_kernel.py, bare, traced and under the filters.
"""

import asyncio
import concurrent.futures
import ctypes
import decimal
import faulthandler
import fcntl
import hashlib
import json
import mmap
import multiprocessing
import os
import pathlib
import platform
import queue
import random
import resource
import select
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile

WORK = pathlib.Path(sys.argv[1])
USES = []


def use(function):
    USES.append(function)
    return function


def square(number):
    return number * number


@use
def threads():
    results = queue.Queue()
    workers = [threading.Thread(target=lambda n=n: results.put(square(n))) for n in range(4)]
    [one.start() for one in workers]
    [one.join() for one in workers]
    lock = threading.Lock()
    assert lock.acquire() and not lock.acquire(timeout=0.01)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert list(pool.map(square, [1, 2])) == [1, 4]
    assert sorted(results.queue) == [0, 1, 4, 9]


@use
def deep_recursion_in_a_thread():
    def deep(n):
        return n and deep(n - 1)

    sys.setrecursionlimit(60000)
    threading.stack_size(256 << 20)
    one = threading.Thread(target=deep, args=(20000,))
    one.start()
    one.join()
    threading.stack_size(0)


@use
def event_loop():
    async def main():
        await asyncio.sleep(0.001)
        assert await asyncio.to_thread(square, 3) == 9
        server_side, client_side = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=server_side)
        client_side.send(b"hello")
        assert await reader.read(5) == b"hello"
        writer.close()
        client_side.close()

    asyncio.run(main())


@use
def files():
    with tempfile.TemporaryDirectory(dir=WORK) as name:
        folder = pathlib.Path(name)
        (folder / "a").write_text("abc")
        (folder / "a").rename(folder / "b")
        (folder / "l").symlink_to("b")
        (folder / "h").hardlink_to(folder / "b")
        assert os.readlink(folder / "l") == "b"
        shutil.copyfile(folder / "b", folder / "c")
        with open(folder / "c", "r+b") as file:
            file.truncate(2)
            os.fsync(file.fileno())
            os.fdatasync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
            os.fstatvfs(file.fileno())
            fcntl.lockf(file, fcntl.LOCK_EX)
        with open(folder / "c", "r+b") as file, mmap.mmap(file.fileno(), 0) as area:
            area[0] = 65
            area.flush()
        assert os.access(folder, os.W_OK) and shutil.disk_usage(folder).total
        folder_fd = os.open(folder, os.O_RDONLY)
        os.mkdir("d", dir_fd=folder_fd)
        os.rename("d", "e", src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
        os.symlink("e", "m", dir_fd=folder_fd)
        assert os.readlink("m", dir_fd=folder_fd) == "e"
        os.link("b", "n", src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
        os.access("n", os.R_OK, dir_fd=folder_fd, effective_ids=True)
        os.close(folder_fd)
        (folder / "e").rmdir()
        assert sorted(one for _, _, names in os.walk(folder) for one in names)
        os.umask(0o22)
        with zipfile.ZipFile(folder / "z", "w") as archive:
            archive.write(folder / "b", "b")
        old = os.getcwd()
        os.chdir(folder)
        os.listdir(".")
        os.chdir(old)
        os.truncate(folder / "b", 1)


@use
def modes_and_times():
    (WORK / "mode").write_text("x")
    os.chmod(WORK / "mode", 0o600)
    fd = os.open(WORK / "mode", os.O_RDONLY)
    os.fchmod(fd, 0o600)
    os.close(fd)
    os.utime(WORK / "mode")
    shutil.copy2(WORK / "mode", WORK / "mode2")
    folder = os.open(WORK, os.O_RDONLY)
    os.chmod("mode", 0o600, dir_fd=folder)
    os.close(folder)


@use
def database():
    with sqlite3.connect(WORK / "x.db") as connection:
        connection.execute("create table t(a)")
        connection.executemany("insert into t values (?)", [(n,) for n in range(100)])
        assert connection.execute("select sum(a) from t").fetchone() == (4950,)
    connection.close()


@use
def waiting():
    left, right = socket.socketpair()
    left.send(b"x")
    assert select.select([right], [], [], 0)[0]
    poll = select.poll()
    poll.register(right, select.POLLIN)
    assert poll.poll(0)
    with select.epoll() as epoll:
        epoll.register(right, select.EPOLLIN)
        assert epoll.poll(0)
    right.recvmsg(1)
    left.sendmsg([b"y"])
    left.getsockname(), left.getpeername(), left.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)
    left.shutdown(socket.SHUT_RDWR)
    left.close()
    right.close()
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    os.writev(writer, [b"a", b"b"])
    assert os.readv(reader, [bytearray(2)]) == 2
    os.dup2(reader, writer, inheritable=False)
    os.dup(reader)
    os.closerange(reader, writer + 1)


@use
def signals():
    seen = []
    signal.signal(signal.SIGALRM, lambda *_: seen.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.005)
    signal.getitimer(signal.ITIMER_REAL)
    signal.pause()
    signal.alarm(0)
    faulthandler.enable()
    signal.signal(signal.SIGUSR1, lambda *_: seen.append(2))
    signal.raise_signal(signal.SIGUSR1)
    os.kill(os.getpid(), signal.SIGUSR1)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    signal.raise_signal(signal.SIGUSR1)
    assert signal.sigpending() == {signal.SIGUSR1}
    assert signal.sigwait([signal.SIGUSR1]) == signal.SIGUSR1
    assert seen == [1, 2, 2]


@use
def time_and_identity():
    time.time(), time.monotonic(), time.process_time(), time.thread_time(), time.sleep(0.001)
    (
        os.times(),
        os.getloadavg(),
        os.uname(),
        os.cpu_count(),
        os.sched_getaffinity(0),
        os.sched_yield(),
    )
    os.getpid(), os.getppid(), os.getuid(), os.geteuid(), os.getgid(), os.getegid(), os.getgroups()
    resource.getrusage(resource.RUSAGE_SELF)
    resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_STACK, resource.getrlimit(resource.RLIMIT_STACK))
    os.getpriority(os.PRIO_PROCESS, 0)
    os.nice(1)
    platform.platform()


@use
def chance_and_digests():
    random.seed()
    os.urandom(8), uuid.uuid4(), hashlib.sha256(b"x").hexdigest(), json.dumps([1])
    decimal.getcontext().prec = 1000
    decimal.Decimal(2).sqrt()
    bytearray(64 << 20)


@use
def native_calls():
    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(square)
    assert callback(3) == 9
    ctypes.CDLL(None).getpid()


@use
def shared_anonymous_memory():
    mmap.mmap(-1, 4096).close()


@use
def a_child_process():
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        # The session may be led from outside of this pid namespace (CI in a container): its number is 0 then.
        os._exit(3 if os.getpgid(0) == os.getpgrp() and os.getsid(0) >= 0 else 4)
    assert os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT).si_status == 3
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3


@use
def a_shell():
    done = subprocess.run(["/bin/sh", "-c", "echo hi | cat; exit 3"], capture_output=True)
    assert (done.stdout, done.returncode) == (b"hi\n", 3)
    sleeper = subprocess.Popen(["/bin/sleep", "60"], start_new_session=True)
    sleeper.terminate()
    assert sleeper.wait() == -signal.SIGTERM


@use
def worker_processes():
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(2, context) as pool:
        assert list(pool.map(square, [1, 2])) == [1, 4]


@use
def a_network_connection():
    socket.socket().close()


@use
def memory_without_a_file():
    os.close(os.memfd_create("x"))


@use
def a_namespace():
    if ctypes.CDLL(None, use_errno=True).unshare(0x10000000) != 0:
        raise OSError(ctypes.get_errno(), "")


@use
def tracing():
    if ctypes.CDLL(None, use_errno=True).ptrace(0, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "")


if __name__ == "__main__":
    for one in USES:
        if one.__name__ in sys.argv[2:]:
            continue
        try:
            one()
        except OSError as err:
            print(one.__name__, err.errno, flush=True)
        else:
            print(one.__name__, "ok", flush=True)
