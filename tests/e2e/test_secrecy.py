"""Nobody's words and no secrets in logs, metrics, health or the database's plain part."""

from tests.conftest import ANY_SERVER, COMPONENTS
from tests.support import folk
from tests.support.commands import execute, log_in
from tests.support.folk import Person
from tests.support.gateway import MATRIX, Gateway
from tests.support.matrix_client import MatrixClient
from tests.support.synapse import Synapse
from tests.support.xmpp_client import XmppClient, receipt_of

pytestmark = ANY_SERVER
MARK = "a-mark-that-stands-nowhere-else"


async def test_a_log_at_debug_level_tells_no_words_and_no_secrets(
    gateway: Gateway, synapse: Synapse, romeo: Person, juliet: Person, app: XmppClient, element: MatrixClient
) -> None:
    wrong = await log_in(app, gateway.jid, synapse.url, romeo.name, f"wrong {MARK}")
    assert wrong.status == "executing"
    app.message(gateway.jid, f"login {MARK}", receipt=False)
    await app.text_from(gateway.jid)
    await folk.connect(romeo, app, gateway, synapse)
    id = app.message(juliet.at(gateway), f"out {MARK}")
    event = await element.text(f"out {MARK}")
    await app.expect(lambda s: receipt_of(s) == id, again=True)
    await element.send(event["room_id"], f"back {MARK}")
    await app.text_from(juliet.at(gateway))
    bounced = app.message(f"nobody-at-all%localhost@{gateway.jid}", f"bounced {MARK}")
    await app.expect(lambda s: s.get("id") == bounced and s.get("type") == "error", again=True)
    await execute(app, gateway.jid, "status")
    assert gateway.stop() == 0

    shown = gateway.log
    kept = b"".join(path.read_bytes() for path in gateway.folder.glob("landbridge.db*"))
    assert "debug" in shown
    assert MARK not in shown
    for secret in (folk.PASSWORD, COMPONENTS[MATRIX], "syt_"):  # Synapse's tokens begin so
        assert secret not in shown, secret
    assert folk.PASSWORD.encode() not in kept
    assert b"syt_" not in kept
