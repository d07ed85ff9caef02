"""Java, C, C++ and the languages that are read by name: disguises, and names that only look alike."""

from __future__ import annotations

import pytest

from berm.analysis.examine import examine
from berm.analysis.policy import Policy

CONTEST = Policy("contest")


def refused(text: str, language: str) -> set[str]:
    analysis = CONTEST.decide(examine(text.encode(), language), language)
    return {finding.rule for finding in analysis.findings if finding.blocked}


def java(body: str, imports: str = "") -> str:
    return f"{imports}\nclass A {{ void m(Object o, String s) throws Exception {{ {body} }} }}\n"


JAVA = {
    "runtime": java('Runtime.getRuntime().exec("id");'),
    "unicode": 'class A { void m() throws Exception { \\u0052untime.getRuntime().exec("id"); } }',
    "variable": java('Runtime r = Runtime.getRuntime(); r.exec("id");'),
    "builder": java('new ProcessBuilder("id").start();'),
    "full name": java('new java.lang.ProcessBuilder("id").start();'),
    "forName": java('Class.forName("java.lang." + "Runtime").newInstance();'),
    "pieces": java('String a = "java.lang.Proc"; Class.forName(a + "essBuilder");'),
    "reversed": java(
        'Class.forName(new StringBuilder("redliuBssecorP.gnal.avaj").reverse().toString());'
    ),
    "characters": java(
        "Class.forName(new String(new char[]{106,97,118,97,46,110,101,116,46,85,82,76}));"
    ),
    "unknown class": java("Class.forName(s).newInstance();"),
    "reflection": java('o.getClass().getMethod("exec", String.class).invoke(o, "id");'),
    "star": java('new Socket("h", 1);', "import java.net.*;"),
    "method reference": java(
        "java.util.function.Supplier<Runtime> r = Runtime::getRuntime; r.get().exec(s);"
    ),
    "script": java('new javax.script.ScriptEngineManager().getEngineByName("js").eval(s);'),
    "native": "class A { native void f(); }",
    "file": java('new java.util.Scanner(new java.io.File("/etc/" + "passwd"));'),
}


@pytest.mark.parametrize("name", JAVA)
def test_java_disguises(name):
    assert refused(JAVA[name], "java")


@pytest.mark.parametrize(
    "text",
    [
        java("System.out.println(Runtime.getRuntime().availableProcessors());"),
        java('Class.forName("java.util.ArrayList"); System.out.println(o.getClass().getName());'),
        "class Process { void exec() {} }\nclass Socket {}\nclass A { void m() { new Socket(); new Process().exec(); } }",
        java("Thread t = new Thread(() -> {}); t.start(); t.join();"),
        java(
            'new java.io.File("in.txt"); System.exit(0);', "import java.util.*;\nimport java.io.*;"
        ),
    ],
)
def test_honest_java_is_left_alone(text):
    assert refused(text, "java") == set()


C = {
    "call": '#include <stdlib.h>\nint main() { system("id"); }',
    "macro": '#define S system\nint main() { S("id"); }',
    "macro of a macro": '#define A B\n#define B system\nint main() { A("id"); }',
    "pasted": '#define J(a, b) a##b\nint main() { J(sys, tem)("id"); }',
    "pasted twice": '#define J2(a, b) a##b\n#define J(a, b) J2(a, b)\nint main() { J(po, pen)("id", "r"); }',
    "pointer": 'int main() { int (*f)(const char*) = system; f("id"); }',
    "parenthesized": 'int main() { (system)("id"); }',
    "global scope": 'int main() { ::system("id"); }',
    "std": 'int main() { std::system("id"); }',
    "declared by hand": 'extern int system(const char*);\nint main() { system("id"); }',
    "cut line": 'int main() { sys\\\ntem("id"); }',
    "assembly": 'int main() { asm("syscall"); }',
    "assembly in a macro": '#define X __asm__ volatile("int $0x80")\nint main() { X; }',
    "incbin": 'asm(".incbin \\"/etc/passwd\\"");\nint main() {}',
    "raw call": "#include <sys/syscall.h>\nint main() { syscall(59, 0, 0, 0); }",
    "data": "const int main[] = { 1, 2 };",
    "include": '#include "/etc/passwd"\nint main() {}',
    "include by macro": '#define F "/etc/passwd"\n#include F\nint main() {}',
    "fork bomb": "int main() { for (;;) fork(); }",
    "trigraphs": "??=include <sys/socket.h>\nint main() ??< return 0; ??>",
    "digraphs": "%:include <sys/socket.h>\nint main() <% return 0; %>",
    "pasted to the rest": '#define F(...) sys##__VA_ARGS__\nint main() { F(tem)("id"); }',
    "linked as another": 'int f(const char*) __attribute__((alias("system")));\nint main() { f("id"); }',
    "array as code": 'char c[] = "\\x48";\nint main() { ((void (*)())c)(); }',
    "text as code": 'const char* c = "\\x48";\nint main() { int (*f)() = (int (*)())c; f(); }',
    "array as code by its type": "typedef int (*F)();\nint c[] = {1};\nint main() { ((F)(void*)c)(); }",
    "array as code in C++": "unsigned char c[] = {1};\nint main() { reinterpret_cast<void (*)()>(&c[0])(); }",
}


@pytest.mark.parametrize("name", C)
def test_c_disguises(name):
    assert refused(C[name], "cpp")


@pytest.mark.parametrize(
    "text",
    [
        "#include <bits/stdc++.h>\nusing namespace std;\nint main() { auto f = bind(plus<int>(), 1, 2); cout << f(); }",
        "struct Sys { int system(int x) { return x; } int kill(int x) { return system(x); } };\nint main() { Sys s; s.system(1); }",
        "int fork(int x) { return x; }\nint main() { return fork(1); }",
        "#define EPS 1e-9 // tolerance of the system\nint main() { double e = EPS; }",
        'int main() { const char* s = "system(id)"; /* fork() */ return s[0]; }',
        'int main() { asm volatile("" ::: "memory"); }',
        "int f(int x) { return x; }\nvoid* t[] = {(void*)f};\nint main() { ((int (*)(int))t[0])(1); }",
        'bool less(int a, int b) { return a < b; }\nint main() { bool (*by)(int, int) = less; by(1, 2); puts("%:d <% ??!"); }',
        '#pragma GCC optimize("O3")\n#include <unistd.h>\nint main() { auto clone = [](int x) { return x; }; clone(1); }',
    ],
)
def test_honest_cpp_is_left_alone(text):
    assert refused(text, "cpp") == set()


@pytest.mark.parametrize(
    ("language", "text"),
    [
        (
            "go",
            'package main\nimport (\n x "os/exec"\n)\nfunc main() { c := x.Command; c("id").Run() }',
        ),
        ("rust", 'use std::{process::{self, Command as C}};\nfn main() { C::new("id"); }'),
        ("rust", 'fn main() { std::process::Command::new("id"); }'),
        ("csharp", 'class A { static void Main() { System.Diagnostics.Process.Start("id"); } }'),
        ("php", "<?php `id`;"),
        ("php", "<?php $_GET['f']('id'); include $_GET['x'];"),
        ("ruby", "`id`"),
        ("ruby", "method(:system).call('id')"),
        ("bash", "cat < /dev/tcp/10.0.0.1/80"),
        ("bash", "x=id; $x"),
        ("kotlin", 'fun main() { ProcessBuilder("id").start() }'),
    ],
)
def test_other_languages(language, text):
    assert refused(text, language)
