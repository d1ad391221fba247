"""The XMPP servers that the gateway is tested on; they are made, started and ended alike."""

from collections.abc import Mapping

from tests.support.ejabberd import Ejabberd
from tests.support.prosody import Prosody

XmppServer = Prosody | Ejabberd
SERVERS: Mapping[str, type[XmppServer]] = {"prosody": Prosody, "ejabberd": Ejabberd}
