"""The Java scanner: file name, package and main class from source text of every shape."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from berm.languages.java_source import scan

MAIN = "public static void main(String[] args) { }"


@pytest.mark.parametrize(
    ("source", "file_name", "main_class"),
    [
        (f"public class Main {{ {MAIN} }}", "Main.java", "Main"),
        (f"public class Solution {{ {MAIN} }}", "Solution.java", "Solution"),
        (f"class A {{ }} class B {{ {MAIN} }}", "B.java", "B"),
        ("class A { } class B { }", "A.java", "A"),
        ("", "Main.java", "Main"),
        ("int x;", "Main.java", "Main"),
        (f"package a.b.c;\npublic class X {{ {MAIN} }}", "X.java", "a.b.c.X"),
        (f"package a . b ;\npublic class X {{ {MAIN} }}", "X.java", "a.b.X"),
        (f"public final class F {{ {MAIN} }}", "F.java", "F"),
        (f"final public strictfp class F {{ {MAIN} }}", "F.java", "F"),
        (
            f"public abstract class F<T extends Comparable<T>> extends G<T> implements H<T> {{ {MAIN} }}",
            "F.java",
            "F",
        ),
        (
            f"public sealed interface S permits A, B {{ {MAIN} }} final class A implements S {{ }}",
            "S.java",
            "S",
        ),
        (f"public enum E {{ ONE, TWO {{ void f() {{ }} }}; {MAIN} }}", "E.java", "E"),
        (f'public record R(int a, @Name("}}{{") List<String> b) {{ {MAIN} }}', "R.java", "R"),
        # the public type names the file, another one is started
        (f"public class Shape {{ }} class Runner {{ {MAIN} }}", "Shape.java", "Runner"),
        # comments and literals
        (
            f"// public class No {{\n/* public class Nor {{ }} */ class Yes {{ {MAIN} }}",
            "Yes.java",
            "Yes",
        ),
        (f"/** public class No */ public class Yes {{ {MAIN} }}", "Yes.java", "Yes"),
        (
            (
                "class A { String s = \"public class No { public static void main(\"; char c = '{'; char q = '\\''; }"
                f" class B {{ {MAIN} }}"
            ),
            "B.java",
            "B",
        ),
        (
            (
                'class A { String s = """\n public class No { \\""" } " "" \n"""; } '
                f"class B {{ {MAIN} }}"
            ),
            "B.java",
            "B",
        ),
        (f'class A {{ String s = "\\"}}"; }} public class B {{ {MAIN} }}', "B.java", "B"),
        # annotations, with and without arguments, before and after `public`
        (f'@SuppressWarnings({{"public", "class X"}}) public class A {{ {MAIN} }}', "A.java", "A"),
        (f"public @Deprecated class A {{ {MAIN} }}", "A.java", "A"),
        (f"@a.b.C @D(e = @F(1)) public class A {{ {MAIN} }}", "A.java", "A"),
        (f"@interface Note {{ int value() default 1; }} class A {{ {MAIN} }}", "A.java", "A"),
        (f"public @interface Note {{ }} class A {{ {MAIN} }}", "Note.java", "A"),
        (
            (
                "class A { public static void notMain() { } static int main = 1; void main(int x) { } }"
                f" class B {{ {MAIN} }}"
            ),
            "B.java",
            "B",
        ),
        # a nested class's main, or a call of main, is not the type's own
        (f"class A {{ static class Inner {{ {MAIN} }} }} class B {{ {MAIN} }}", "B.java", "B"),
        (f"class A {{ static void f() {{ B.main(null); }} }} class B {{ {MAIN} }}", "B.java", "B"),
        (f"class A {{ static int x = B.main(1); }} class B {{ {MAIN} }}", "B.java", "B"),
        (
            "class A { static public final void main(final String... a) throws Exception { } }",
            "A.java",
            "A",
        ),
        (
            "class A { @Override public static synchronized void main(String a[]) { } }",
            "A.java",
            "A",
        ),
        # imports, also static ones, and stray semicolons
        (
            f"import static java.lang.Math.*; ; import java.util.*; public class A {{ {MAIN} }}",
            "A.java",
            "A",
        ),
        # `record` and `public` as ordinary names
        (f"class A {{ int record = 1; }} class B {{ {MAIN} }}", "B.java", "B"),
        # names
        (f"public class Ünï_1$ {{ {MAIN} }}", "Ünï_1$.java", "Ünï_1$"),
        (f"public class \\u0041b {{ {MAIN} }}", "Ab.java", "Ab"),
        (f"\ufeffpublic class A {{ {MAIN} }}", "A.java", "A"),
        # broken source still gets a name
        ("public class A { void f() {", "A.java", "A"),
        ("public class", "Main.java", "Main"),
        ("public class A", "A.java", "A"),
        (
            'public class A { String s = "never closed\n; public static void main(String[] a) { } }',
            "A.java",
            "A",
        ),
        ("/* never closed public class A { }", "Main.java", "Main"),
        (f"}} }} public class A {{ {MAIN} }}", "A.java", "A"),
        ("public class A { public static void main(", "A.java", "A"),
    ],
)
def test_names(source, file_name, main_class):
    found = scan(source.encode())
    assert (found.file_name, found.main_class) == (file_name, main_class)


def test_invalid_utf8_is_scanned():
    assert scan(b"// \xff\xfe\npublic class A { }").file_name == "A.java"


@given(st.binary(max_size=400))
def test_never_fails_on_bytes(source):
    assert scan(source).file_name.endswith(".java")


@given(
    st.lists(
        st.sampled_from(
            [
                "public",
                "class",
                "{",
                "}",
                "(",
                ")",
                "@",
                ";",
                '"',
                "'",
                "/*",
                "A",
                "main",
                "static",
                "record",
                "package",
                "\\u0041",
                " ",
                "\n",
            ]
        ),
        max_size=60,
    )
)
def test_never_fails_on_tokens(words):
    assert scan("".join(words).encode()).main_class


@given(st.binary(max_size=200))
def test_file_name_is_one_component(source):
    name = scan(source).file_name
    assert "/" not in name
    assert "\0" not in name


def test_large_source_is_scanned_in_linear_time():
    # 50 KB is the service's cap; nested comments, quotes and braces must not make it quadratic.
    for piece in (b'"', b"'", b"/*", b"{", b"@", b'"""', b"class A ", b"\\", b"//", b"("):
        assert scan(piece * (50_000 // len(piece))).file_name.endswith(".java")
