"""What the README says to type does what the README says that it does."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PROGRAMS = {
    "python": "a, b = map(int, input().split())\nprint(a + b)",
    "javascript": "const [a, b] = require('fs').readFileSync(0, 'utf8').split(/\\s+/).map(Number);"
    "\nconsole.log(a + b);",
    "java": "import java.util.Scanner;\npublic class Sum {\n  public static void main(String[] x) {\n"
    "    Scanner in = new Scanner(System.in);\n"
    "    System.out.println(in.nextLong() + in.nextLong());\n  }\n}",
    "cpp": "#include <iostream>\nint main() { long a, b; std::cin >> a >> b; std::cout << a + b; }",
    "c": '#include <stdio.h>\nint main(void) { long a, b; scanf("%ld %ld", &a, &b);'
    ' printf("%ld\\n", a + b); }',
}

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
pytestmark = [pytest.mark.requires_isolation, pytest.mark.timeout(300)]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def block_with(language: str, text: str) -> str:
    found = [block for block in blocks(language) if text in block]
    assert len(found) == 1
    return found[0]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A service started as the README's first command starts it, on a free port."""
    log = tmp_path_factory.mktemp("serve") / "log"
    with log.open("wb") as sink:
        service = subprocess.Popen(
            [sys.executable, "-c", "from berm.cli import main; main()", "serve", "--port", "0"],
            stdout=sink,
            stderr=sink,
            cwd=ROOT,
        )
    try:
        yield ready_address(service, log)
    finally:
        service.send_signal(signal.SIGTERM)
        code = service.wait(60)
    assert code == 0, log.read_text("utf-8")


def ready_address(service: subprocess.Popen, log: Path) -> str:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and service.poll() is None:
        match = re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text("utf-8", "replace"))
        if match:
            try:
                with urlopen(f"{match[0]}/health", timeout=10) as answer:
                    if json.load(answer)["status"]:
                        return match[0]
            except OSError:
                pass  # not ready yet
        time.sleep(0.1)
    pytest.fail(f"the service did not become ready:\n{log.read_text('utf-8', 'replace')}")


@needs_curl
@pytest.mark.requires_toolchain("python")
def test_the_curl_example_returns_all_passed(address):
    command = block_with("sh", "curl").replace("http://127.0.0.1:8000", address)
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["summary"]["all_passed"] is True


@needs_curl
@pytest.mark.parametrize(
    "language",
    [pytest.param(name, marks=pytest.mark.requires_toolchain(name)) for name in PROGRAMS],
)
def test_the_curl_example_in_each_language(address, language):
    body = re.search(r"-d '(.*)'$", block_with("sh", "curl"), re.DOTALL | re.MULTILINE)[1]
    request = json.loads(body) | {"language": language, "code": PROGRAMS[language]}
    command = ["curl", "-s", f"{address}/execute", "-H", "Content-Type: application/json"]
    done = subprocess.run([*command, "-d", json.dumps(request)], capture_output=True, check=True)
    assert json.loads(done.stdout)["summary"]["all_passed"] is True, done.stdout


@pytest.mark.requires_toolchain("python")
@pytest.mark.parametrize("number", range(2))
def test_the_library_examples_run(number, tmp_path):
    script = tmp_path / "example.py"
    script.write_text(blocks("python")[number], "utf-8")
    done = subprocess.run([sys.executable, script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    expected = (
        "6\n" if number == 0 else "['0', '1', '4', '9', '16', '25', '36', '49', '64', '81']\n"
    )
    assert done.stdout.startswith(expected)


@pytest.mark.requires_toolchain("python")
def test_the_command_line_example_runs(tmp_path):
    berm = Path(sys.executable).parent / "berm"
    if not berm.exists():
        pytest.skip("the command line is not installed beside this interpreter")
    script = block_with("sh", "berm run hello.py").replace(".venv/bin/berm", str(berm))
    done = subprocess.run(
        ["sh", "-e", "-c", script], capture_output=True, text=True, cwd=tmp_path, env=os.environ
    )
    assert done.stdout.startswith("hello world\n")
    assert done.returncode == 0, done.stderr


def test_the_commands_of_the_readme_exist():
    words = set(re.findall(r"\./dev (\w+)", README))
    assert words >= {"serve", "test"}
    for word in words:
        assert re.search(rf"^def {word}\(", (ROOT / "dev").read_text("utf-8"), re.MULTILINE), word
