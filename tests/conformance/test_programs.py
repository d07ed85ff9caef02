"""Programs behave in a cell, byte for byte, as they do outside: output, errors, exit code, signal."""

from __future__ import annotations

import asyncio

import pytest
from corpus import LANGUAGES, LIMITS, Sample, bare, behaviour, samples, workplace

pytestmark = [pytest.mark.anyio, pytest.mark.requires_isolation]

MINIMUM = 300
EACH = 45


def of(*languages):
    return [
        pytest.param(
            sample,
            id=f"{sample.language}-{sample.name}",
            marks=pytest.mark.requires_toolchain(language),
        )
        for language in languages
        for sample in samples(language)
    ]


def test_the_corpus_is_whole():
    counts = {language: len(samples(language)) for language in LANGUAGES}
    assert sum(counts.values()) >= MINIMUM
    assert min(counts.values()) >= EACH


def seen(result):
    return behaviour(result.stdout, result.stderr, result.outcome.exit_code, result.outcome.signal)


async def in_cell(engine, program, sample: Sample):
    result = await engine.execute(program, sample.stdin, sample.args, LIMITS)
    assert not result.truncated
    assert result.outcome.kind in ("exited", "signalled"), result.outcome
    return seen(result)


async def in_waiting_runtime(engine, sample: Sample):
    """Run once so that the runtime with these limits is known, and then in one that waited."""
    program = await engine.prepare(sample.source, sample.language)
    for _ in range(20):  # others that were used of late may have to be old enough to make room
        await engine.parking.settled()
        hits = engine.parking.hits
        inside = await in_cell(engine, program, sample)
        if engine.parking.hits > hits:
            break
        await asyncio.sleep(0.5)
    else:
        pytest.fail(f"no runtime waited: {engine.parking.last_failure}")
    program.close()
    return inside


@pytest.mark.parametrize("sample", of("python", "javascript"))
async def test_interpreted(engine, furnished, sample, tmp_path):
    language = engine.registry.get(sample.language)
    work, entry = workplace(tmp_path, language, sample.source)
    step = language.run_step(entry, sample.args, LIMITS)
    program = await engine.prepare(sample.source, sample.language)
    outside, inside = await asyncio.gather(
        asyncio.to_thread(bare, step, work, sample.stdin), in_cell(engine, program, sample)
    )
    program.close()
    assert inside == outside
    if step_waits(furnished, sample.language):
        assert await in_waiting_runtime(furnished, sample) == outside


def step_waits(engine, language):
    return engine.registry.get(language).definition.run.park is not None


@pytest.mark.parametrize("sample", of("cpp", "c"))
async def test_native(engine, sample, tmp_path):
    language = engine.registry.get(sample.language)
    work, entry = workplace(tmp_path, language, sample.source)
    compiling = language.compile_step({entry: sample.source}, entry, LIMITS)
    compiled, program = await asyncio.gather(
        asyncio.to_thread(bare, compiling, work, b""),
        engine.prepare(sample.source, sample.language),
    )
    assert compiled.exit_code == 0, compiled.stderr.decode()
    assert seen(program.compile) == compiled
    step = language.run_step(entry, sample.args, LIMITS, compiling)
    outside, inside = await asyncio.gather(
        asyncio.to_thread(bare, step, work, sample.stdin), in_cell(engine, program, sample)
    )
    program.close()
    assert inside == outside


@pytest.mark.parametrize("sample", of("java"))
async def test_java(engine, furnished, sample, tmp_path, java_classes):
    language = engine.registry.get("java")
    work, entry = workplace(tmp_path, language, sample.source)
    compiling = language.compile_step({entry: sample.source}, entry, LIMITS)
    program = await engine.prepare(sample.source, "java")
    assert program.ok, program.compile
    step = language.run_step(entry, sample.args, LIMITS, compiling)
    outside, inside = await asyncio.gather(
        asyncio.to_thread(bare_java, step, work, sample, java_classes, compiling.target),
        in_cell(engine, program, sample),
    )
    program.close()
    assert inside == outside
    assert await in_waiting_runtime(furnished, sample) == outside


def bare_java(step, work, sample, classes, target):
    """The plain JVM, none of Berm's flags: they must not show."""
    import dataclasses

    argv = (step.argv[0], "-cp", str(classes), target, *sample.args)
    return bare(
        dataclasses.replace(step, argv=argv, fixed=len(argv) - len(sample.args)), work, sample.stdin
    )
