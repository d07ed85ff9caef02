// Use what programs use of libstdc++ and glibc; print one line for each. argv[1] is a directory to write in.
#include <bits/stdc++.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>
using namespace std;

static void say(const char *name, bool good) { printf("%s %s\n", name, good ? "ok" : to_string(errno).c_str()); fflush(stdout); }

int main(int argc, char **argv) {
    string work = argv[1];
    {
        int sum = 0; mutex lock; vector<thread> all;
        for (int n = 0; n < 4; n++) all.emplace_back([&, n] { lock_guard<mutex> hold(lock); sum += n; });
        for (auto &one : all) one.join();
        shared_mutex shared; shared.lock_shared(); shared.unlock_shared();
        say("threads", sum == 6 && async(launch::async, [] { return 5; }).get() == 5 && thread::hardware_concurrency());
    }
    {
        ofstream(work + "/f") << "text\n"; string line; ifstream in(work + "/f"); getline(in, line);
        filesystem::rename(work + "/f", work + "/g"); filesystem::create_directory(work + "/d");
        filesystem::remove(work + "/d"); int count = 0;
        for (auto &one : filesystem::directory_iterator(work)) { (void)one; count++; }
        FILE *temporary = tmpfile(); if (temporary) fclose(temporary);
        int fd = open((work + "/g").c_str(), O_RDWR); posix_fallocate(fd, 0, 10); struct statvfs vfs; fstatvfs(fd, &vfs);
        int made = creat((work + "/made").c_str(), 0600); close(made); close(fd);
        say("files", line == "text" && count >= 1 && filesystem::current_path() != "" && made >= 0);
    }
    {
        string large(96 << 20, 'x'); vector<string> many(100000, string(100, 'y'));
        say("memory", large[5] == 'x' && many.back()[0] == 'y');
    }
    {
        auto begin = chrono::steady_clock::now(); this_thread::sleep_for(chrono::milliseconds(2)); usleep(100);
        struct timespec now; clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now); clock();
        random_device device; mt19937 twister(device());
        say("time and chance", chrono::steady_clock::now() > begin && twister() != twister());
    }
    {
        bool caught = false; try { vector<int>().at(3); } catch (const exception &) { caught = true; }
        static sig_atomic_t seen = 0; signal(SIGUSR1, [](int) { seen = 1; }); raise(SIGUSR1);
        say("exceptions and signals", caught && seen);
    }
    { int pair[2]; say("a pair of sockets", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0); }
    { int pair[2]; say("a pair of datagram sockets", socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0); }
    {
        pid_t pid = fork(); if (pid == 0) _exit(4);
        int status = 0; say("a child process", pid > 0 && waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 4);
    }
    { errno = 0; int code = system("exit 3"); say("a shell", code != -1 && WEXITSTATUS(code) == 3); }
    say("stack that grows down", mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0) != MAP_FAILED);
    say("a network connection", socket(AF_INET, SOCK_STREAM, 0) >= 0);
    fflush(stdout);
    abort();
}
