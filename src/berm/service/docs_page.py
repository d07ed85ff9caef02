"""The page at ``/docs``, written from the OpenAPI document. No script, nothing loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1.5rem; }
h1 { margin-bottom: 0; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
code, pre { font: 14px/1.45 ui-monospace, monospace; }
pre { background: var(--soft); border-radius: 6px; overflow-x: auto; padding: .8rem; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .6rem .35rem 0; text-align: left;
  vertical-align: top; }
.scroll { overflow-x: auto; } .method { font-weight: 700; } .soft { opacity: .75; }
details { margin: .6rem 0; } summary { cursor: pointer; }
"""

_DIGEST: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
STYLE_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors 'none'; base-uri 'none';"
    " form-action 'none'"
)
"""The page's Content-Security-Policy: its own style sheet, and nothing else."""


def render(document: Mapping[str, Any]) -> str:
    """Return the page for an OpenAPI document."""
    info = document["info"]
    return "\n".join(
        [
            "<!doctype html>",
            '<html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(info['title'])} API</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(info['title'])}</h1>",
            f'<p class="soft">Version {escape(info["version"])}</p>',
            '<p><a href="/openapi.json">openapi.json</a> · <a href="/health">health</a></p>',
            f"<p>{escape(info.get('description', ''))}</p>",
            *_operations(document),
            *_models(document),
            "</body></html>",
        ]
    )


def _operations(document: Mapping[str, Any]) -> Iterator[str]:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f'<h2><span class="method">{method.upper()}</span> <code>{escape(path)}</code></h2>'
            yield f"<p><strong>{escape(operation.get('summary', ''))}.</strong>"
            yield f"{escape(operation.get('description', ''))}</p>"
            content = operation.get("requestBody", {}).get("content", {})
            for media_type, body in content.items():
                yield f"<p>Body: {_type(body['schema'])} as <code>{escape(media_type)}</code></p>"
                for example in body.get("examples", {}).values():
                    yield from _example(example["summary"], example["value"])
                    yield from _curl(path, example["value"])
            yield '<div class="scroll"><table><tr><th>Status</th><th>Body</th><th>When</th></tr>'
            examples = []
            for status, response in operation["responses"].items():
                body = response.get("content", {}).get("application/json", {})
                kind = _type(body["schema"]) if "schema" in body else ""
                when = escape(response.get("description", ""))
                yield f"<tr><td>{escape(status)}</td><td>{kind}</td><td>{when}</td></tr>"
                if "example" in body:
                    examples.append((status, body["example"]))
            yield "</table></div>"
            for status, example in examples:
                yield from _example(f"Answer {status}", example)


def _models(document: Mapping[str, Any]) -> Iterator[str]:
    yield "<h2>Objects</h2>"
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        yield f'<h3 id="{escape(name)}"><code>{escape(name)}</code></h3>'
        yield f"<p>{escape(schema.get('description', ''))}</p>"
        if "enum" in schema:
            yield f"<p>One of: {_values(schema['enum'])}</p>"
        if "properties" not in schema:
            continue
        required = schema.get("required", [])
        yield '<div class="scroll"><table><tr><th>Field</th><th>Type</th><th>Meaning</th></tr>'
        for field, details in schema["properties"].items():
            need = "" if field in required else ' <span class="soft">optional</span>'
            meaning = escape(details.get("description", ""))
            yield (
                f"<tr><td><code>{escape(field)}</code>{need}</td><td>{_type(details)}</td>"
                f"<td>{meaning}</td></tr>"
            )
        yield "</table></div>"


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}"><code>{name}</code></a>'
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(_type(option) for option in schema[key]))
    if "enum" in schema:
        return _values(schema["enum"])
    if "const" in schema:
        return _values([schema["const"]])
    kind = escape(str(schema.get("type", "any")))
    if kind == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), Mapping):
        return f"object of {_type(schema['additionalProperties'])}"
    return kind


def _values(values: list[Any]) -> str:
    return ", ".join(f"<code>{escape(json.dumps(value))}</code>" for value in values)


def _example(title: str, value: Any) -> Iterator[str]:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    yield f"<details><summary>{escape(title)}</summary><pre>{escape(text)}</pre></details>"


def _curl(path: str, value: Any) -> Iterator[str]:
    # One argument in single quotes: a quote inside it ends the argument, adds one, begins it again.
    body = json.dumps(value).replace("'", "'\\''")
    text = (
        f"curl -s http://127.0.0.1:8000{path} -H 'Content-Type: application/json' \\\n  -d '{body}'"
    )
    yield f"<details><summary>… with curl</summary><pre>{escape(text)}</pre></details>"
