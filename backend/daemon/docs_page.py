"""The OpenAPI description as one page that needs no network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

STYLE = """
body { font: 16px/1.5 sans-serif; max-width: 56rem; margin: 2rem auto; padding: 0 1rem; color: #16161a; background: #fff }
code, pre { font: 14px/1.4 monospace; background: #f2f2f5; border-radius: 4px } pre { padding: .7rem; overflow: auto }
h2 { margin-top: 2.2rem; border-bottom: 1px solid #ccc } h3 code { padding: .15rem .4rem } dt { font-weight: bold }
"""


def docs_page(description: Mapping[str, Any]) -> str:
    """HTML of an OpenAPI description: routes with their examples, then the messages."""
    return "\n".join(_page(description))


def _page(description: Mapping[str, Any]) -> Iterator[str]:
    info = description["info"]
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(info["title"])}</title>'
    yield f"<style>{STYLE}</style></head><body><h1>{escape(info['title'])} {escape(info['version'])}</h1>"
    yield f'<p>{escape(info["description"])} Machine-readable: <a href="/openapi.json">/openapi.json</a>.</p>'
    yield "<h2>Routes</h2>"
    for path, methods in description["paths"].items():
        for method, route in methods.items():
            yield from _route(method, path, route)
    yield "<h2>Messages</h2>"
    for name, schema in description.get("components", {}).get("schemas", {}).items():
        yield f"<h3>{escape(name)}</h3><p>{escape(schema.get('description', ''))}</p>{_json(schema.get('properties', {}))}"
    yield "</body></html>"


def _route(method: str, path: str, route: Mapping[str, Any]) -> Iterator[str]:
    yield f"<h3><code>{method.upper()} {escape(path)}</code></h3><p>{escape(route.get('description', ''))}</p>"
    for parameter in route.get("parameters", []):
        yield f"<p>{escape(parameter['in'])}: <code>{escape(parameter['name'])}</code></p>"
    for kind, content in route.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body: <code>{escape(kind)}</code></p>"
        for example in content.get("examples", {}).values():
            yield f"<p>{escape(example['summary'])}</p>{_json(example['value'])}"


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=1))}</pre>"
