"""Every command that there is, in the order in which people are shown them."""

from bridge.hub.desk.administration import ACCOUNTS, ANNOUNCE, DEAD, USERS
from bridge.hub.desk.block import BLOCK
from bridge.hub.desk.contacts import CONTACTS
from bridge.hub.desk.create import CREATE
from bridge.hub.desk.help import HELP
from bridge.hub.desk.invite import INVITE
from bridge.hub.desk.join import JOIN
from bridge.hub.desk.leave import LEAVE
from bridge.hub.desk.linking import LINK, LINKS, UNLINK
from bridge.hub.desk.login import LOGIN
from bridge.hub.desk.logout import LOGOUT
from bridge.hub.desk.optout import OPTOUT
from bridge.hub.desk.report import REPORT
from bridge.hub.desk.search import SEARCH
from bridge.hub.desk.settings import SETTINGS_COMMAND
from bridge.hub.desk.status import STATUS

COMMANDS = (
    HELP, LOGIN, LOGOUT, STATUS, SEARCH, CONTACTS, JOIN, LEAVE, CREATE, INVITE, LINK, UNLINK, LINKS, SETTINGS_COMMAND,
    BLOCK, REPORT, OPTOUT, USERS, ACCOUNTS, DEAD, ANNOUNCE,
)  # fmt: skip
