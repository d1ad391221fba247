"""The desk: commands to a gateway, one verb a file, the same whoever asks.

We chose to write a command as one coroutine that asks, because a login reads as a straight line that way, and its
cancelling, its time-out and its end are those of a task.
"""

from bridge.hub.desk.desk import CommandDesk
from bridge.hub.desk.dialogue import Patience
from bridge.hub.desk.office import Office
from bridge.hub.desk.ports import Moving, SessionControl, Waiting

__all__ = ["CommandDesk", "Moving", "Office", "Patience", "SessionControl", "Waiting"]
