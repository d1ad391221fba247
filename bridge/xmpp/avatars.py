"""Pictures in stanzas: the hash in presences (XEP-0153), the photo of a card (XEP-0054, 0292), personal events
(XEP-0084). Pure."""

import base64

from bridge.hub.facades import Picture
from bridge.xmpp import text

METADATA, DATA = "urn:xmpp:avatar:metadata", "urn:xmpp:avatar:data"
_TYPE = "image/png"


def update(sha1: str | None) -> str:
    """XEP-0153 #publish: of somebody whose picture has this hash; empty: they have none; None: not known yet."""
    photo = "" if sha1 is None else f"<photo>{sha1}</photo>" if sha1 else "<photo/>"
    return f'<x xmlns="vcard-temp:x:update">{photo}</x>'


def photo(picture: Picture | None) -> str:
    """XEP-0054 #dtd: of a card."""
    return "" if picture is None else f"<PHOTO><TYPE>{_TYPE}</TYPE><BINVAL>{_encoded(picture)}</BINVAL></PHOTO>"


def photo_uri(picture: Picture | None) -> str:
    """RFC 6351, as XEP-0292 #self-iq-retrieval has it."""
    return "" if picture is None else f"<photo><uri>data:{_TYPE};base64,{_encoded(picture)}</uri></photo>"


def metadata(picture: Picture | None) -> str:
    """The item of XEP-0084 #process-pubmeta; without a picture that of #pub-disable."""
    if picture is None:
        return f'<item id="current"><metadata xmlns="{METADATA}"/></item>'
    return (
        f'<item id="{picture.sha1}"><metadata xmlns="{METADATA}"><info id="{picture.sha1}" type="{_TYPE}" '
        f'bytes="{len(picture.data)}" width="{picture.width}" height="{picture.height}"/></metadata></item>'
    )


def data(picture: Picture) -> str:
    """The item of XEP-0084 #process-pubdata."""
    return f'<item id="{picture.sha1}"><data xmlns="{DATA}">{_encoded(picture)}</data></item>'


def event(contact: str, user: str, picture: Picture | None) -> str:
    """What subscribers are told when it changes (XEP-0084 #process-subnotify)."""
    return (
        f'<message type="headline" from="{text.attribute(contact)}" to="{text.attribute(user)}">'
        f'<event xmlns="http://jabber.org/protocol/pubsub#event"><items node="{METADATA}">{metadata(picture)}</items>'
        "</event></message>"
    )


def _encoded(picture: Picture) -> str:
    return base64.b64encode(picture.data).decode()
