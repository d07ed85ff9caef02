"""Traces of the real service at a real receiver of OTLP: one trace from the request to the run, and nothing of users in it."""

from __future__ import annotations

import http.server
import subprocess
import sys
import threading

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

pytestmark = [pytest.mark.requires_isolation, pytest.mark.timeout(200)]

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
SECRETS = ("a_private_name", "a-private-input", "a-private-query", "a-private-user")


class Collector:
    """Keeps the spans that it is sent, by name, and all bytes."""

    def __init__(self):
        self.spans = {}
        self.bytes = b""
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                data = self.rfile.read(int(self.headers["content-length"]))
                outer.bytes += data
                for resource in ExportTraceServiceRequest.FromString(data).resource_spans:
                    for scope in resource.scope_spans:
                        for span in scope.spans:
                            outer.spans.setdefault(span.name, []).append(span)
                self.send_response(200)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1/traces"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self):
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def collector():
    made = Collector()
    yield made
    made.close()


def values(span):
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in span.attributes}


def test_one_trace_goes_from_the_request_to_the_run(serve, collector):
    service = serve(
        BERM_SERVE_WARM="python", BERM_TRACING_ENDPOINT=collector.url, OTEL_BSP_SCHEDULE_DELAY="200"
    ).ready()  # fmt: skip
    with service.client() as client:
        answer = client.post(
            "/v1/submissions?x=a-private-query",
            json={
                "language": "python", "code": "a_private_name = input()", "user_id": "a-private-user",
                "test_cases": [{"input": "a-private-input", "expected_output": ""}],
            },
            headers={"traceparent": PARENT, "user-agent": "a-private-user"},
        )  # fmt: skip
        submission = answer.json()["id"]
        found = client.get(f"/v1/submissions/{submission}", params={"wait": 30}).json()
        assert found["verdict"] == "AC"
        assert client.get("/v1/a-private-query").status_code == 404
    service.stop()  # which sends what waits
    (request,) = collector.spans["POST /v1/submissions"]
    (judge,) = collector.spans["judge"]
    run = [one for one in collector.spans["run"] if one.trace_id == judge.trace_id][-1]
    assert request.trace_id.hex() == judge.trace_id.hex() == PARENT.split("-")[1]
    assert request.parent_span_id.hex() == PARENT.split("-")[2]
    assert judge.parent_span_id == request.span_id
    assert run.parent_span_id == judge.span_id
    assert values(request)["http.response.status_code"] == 202
    assert values(judge) == {"berm.submission": submission, "berm.attempt": 1, "berm.verdict": "AC"}
    assert values(run)["berm.outcome"] == "exited"
    assert values(run)["berm.cpu_seconds"] > 0
    assert "other other" in collector.spans
    for secret in SECRETS:
        assert secret.encode() not in collector.bytes
    assert PARENT.split("-")[1] in service.logged()


def test_a_service_without_the_extra_says_what_to_install():
    code = (
        "import sys\n"
        "sys.modules['opentelemetry.sdk'] = None\n"
        "from berm.cli import main\n"
        "sys.argv = ['berm', 'serve', '--port=0']\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": "/usr/bin:/bin", "BERM_TRACING_ENDPOINT": "http://127.0.0.1:1/v1/traces",
             "BERM_STORE_URL": "sqlite:////dev/null/none"},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 78, done.stderr
    assert "pip install 'berm[otel]'" in done.stderr


@pytest.mark.parametrize(
    "url", ["localhost:4318", "ftp://a/", "http://user:pass@127.0.0.1/", "http://8.8.8.8/v1/traces"]
)
def test_wrong_endpoints(url):
    from berm.errors import ConfigError
    from berm.service.tracing import TracingSettings

    with pytest.raises(ConfigError, match="endpoint") as refused:
        TracingSettings.load({"endpoint": url}, {})
    assert "user:pass" not in str(refused.value)
