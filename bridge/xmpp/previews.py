"""What a sender's app says of the links in a text (XEP-0511). Pure.

Nothing is fetched, and pictures are left out: to show them somebody would have to fetch them.
"""

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from bridge.contract import Preview
from bridge.xmpp import text

_RDF, _OG = "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "https://ogp.me/ns#"
_MOST = 5
_LONGEST_URL = 2_000  # characters


def read(stanza: Iterable[Element], words: str) -> tuple[Preview, ...]:
    """Of links that stand in `words`."""
    found: dict[str, Preview] = {}
    for one in [child for child in stanza if child.tag == f"{{{_RDF}}}Description"][:_MOST]:
        url = one.get(f"{{{_RDF}}}about", "")
        if not 0 < len(url) <= _LONGEST_URL or not url.startswith(("http://", "https://")) or url not in words:
            continue
        preview = Preview(url, _line(one, "title", 300), _line(one, "description", 1_000), _line(one, "site_name", 100))
        if preview.title or preview.description:
            found.setdefault(url, preview)
    return tuple(found.values())


def write(preview: Preview) -> str:
    """XEP-0511 #inject."""
    said = (("title", preview.title), ("description", preview.description), ("site_name", preview.site))
    inside = "".join(f"<og:{name}>{text.escape(words)}</og:{name}>" for name, words in said if words)
    return (
        f'<rdf:Description xmlns:rdf="{_RDF}" xmlns:og="{_OG}" rdf:about="{text.attribute(preview.url)}">'
        f"{inside}</rdf:Description>"
    )


def _line(described: Element, name: str, longest: int) -> str:
    return " ".join((described.findtext(f"{{{_OG}}}{name}") or "").split())[:longest]
