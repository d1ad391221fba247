"""What a sender's app says of the links in a text (MSC4095, by the name that is in use before it is accepted). Pure.

Pictures are left out: to show them somebody would have to fetch them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.contract import Preview
from connectors.matrix import fields

_FIELD, _ACCEPTED = "com.beeper.linkpreviews", "m.url_previews"
_URL = ("matched_url", "matrix:matched_url")
_MOST = 5
_LONGEST_URL = 2_000  # characters


def read(content: Mapping[str, Any], text: str) -> tuple[Preview, ...]:
    """Previews of links that stand in `text`; one without any words says only that the link may be fetched."""
    found: dict[str, Preview] = {}
    listed = fields.listed(content.get(_ACCEPTED, content.get(_FIELD)))
    for raw in listed[:_MOST]:
        about = fields.mapping(raw)
        url = next((value for key in _URL if isinstance(value := about.get(key), str)), "")
        if not 0 < len(url) <= _LONGEST_URL or not url.startswith(("http://", "https://")) or url not in text:
            continue
        preview = Preview(
            fields.string(url),
            fields.line(about.get("og:title"), 300),
            fields.line(about.get("og:description"), 1_000),
            fields.line(about.get("og:site_name"), 100),
        )
        if preview.title or preview.description:
            found.setdefault(preview.url, preview)
    return tuple(found.values())


def content(previews: Sequence[Preview], body: str) -> Mapping[str, Any]:
    """The field of a content with this body."""
    listed = [_written(preview) for preview in previews if preview.url in body]
    return {_FIELD: listed} if listed else {}


def _written(preview: Preview) -> Mapping[str, str]:
    said = {
        "matched_url": preview.url, "og:url": preview.url, "og:title": preview.title,
        "og:description": preview.description, "og:site_name": preview.site,
    }  # fmt: skip
    return {name: fields.string(value) for name, value in said.items() if value}
