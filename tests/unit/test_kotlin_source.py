"""Which class the JVM is asked to start for a Kotlin file."""

from __future__ import annotations

import pytest

from berm.languages.kotlin_source import main_class


@pytest.mark.parametrize(
    ("source", "entry", "name"),
    [
        (b"fun main() {}", "main.kt", "MainKt"),
        (b"", "solve.kt", "SolveKt"),
        (b"package a.b\nfun main() {}", "x/main.kt", "a.b.MainKt"),
        (b"// package no\n/* package no\n */ package `in`.yes;", "main.kt", "in.yes.MainKt"),
        (b'@file:JvmName("Start")\npackage p', "main.kt", "p.Start"),
        (b'// @file:JvmName("No")\n', "two-words.kt", "Two_wordsKt"),
        (b"\xff\xfe", "main.kt", "MainKt"),
    ],
)
def test_main_class(source, entry, name):
    assert main_class(source, entry) == name
