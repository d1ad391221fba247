"""Whether all is well with the homeserver that the configuration names; people's own may be anywhere."""

from collections.abc import Sequence

from bridge.contract import ConnectorError, Finding, Workspace

_SECONDS = 15.0
_LARGEST = 1024 * 1024
_KEY = "homeserver"


async def homeserver(workspace: Workspace) -> Sequence[Finding]:
    """Client-server API #api-versions."""
    url = workspace.options.get(_KEY)
    if not url:
        return ()
    where = f"{url.rstrip('/')}/_matrix/client/versions"
    try:
        answer = await workspace.http.request("GET", where, timeout=_SECONDS, limit=_LARGEST, trusted=True)
    except ConnectorError as error:
        return [Finding(error.text, _KEY)]
    if answer.status != 200 or b'"versions"' not in answer.body:
        return [Finding(f"{url} is no Matrix homeserver: it answers {answer.status}.", _KEY)]
    return ()
