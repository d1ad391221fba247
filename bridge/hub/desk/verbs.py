"""Every command that there is, in the order in which people are shown them."""

from bridge.hub.desk.help import HELP
from bridge.hub.desk.join import JOIN
from bridge.hub.desk.leave import LEAVE
from bridge.hub.desk.login import LOGIN
from bridge.hub.desk.logout import LOGOUT
from bridge.hub.desk.status import STATUS

COMMANDS = (HELP, LOGIN, LOGOUT, STATUS, JOIN, LEAVE)
