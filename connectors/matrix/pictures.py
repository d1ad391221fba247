"""The picture of one's own account. Source: client-server API #get_matrixclientv3profileuseridkeyname,
#put_matrixclientv3profileuseridkeyname."""

from bridge.contract import ContactId, Reason, Receipt, Refused, SetPicture
from connectors.matrix import fields
from connectors.matrix.api import Api, path
from connectors.matrix.media import uri_of


async def show(api: Api, me: ContactId, action: SetPicture) -> Receipt:
    """Raises the four errors; `Refused` when the user has chosen another picture."""
    where = path("profile", me, "avatar_url")
    wanted, ours = uri_of(action.picture), {uri_of(one) for one in action.before}
    try:
        now = fields.string((await api.get(where)).get("avatar_url"))
    except Refused as refusal:
        if refusal.reason is not Reason.NOT_FOUND:
            raise
        now = ""  # homeservers say so of whom they know no picture
    if now == wanted:
        return Receipt()
    if now and now not in ours:
        raise Refused("The account has a picture that its user has chosen.")
    await api.put(where, {"avatar_url": wanted})
    return Receipt()
