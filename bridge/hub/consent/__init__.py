"""Links that people make: asked for in one room by somebody who keeps order there, agreed to in the other.

| who | does |
|---|---|
| an admin of one room | `!bridge link` there, or `link` to a gateway: gets a code, good once, for 15 minutes |
| an admin of the other | `!bridge confirm CODE` there, or `link` to a gateway with the code |
| who asked | `!bridge confirm CODE` once more, if a whole room has read the code, and no other room was named |
| any admin of any room | `!bridge unlink`, or `unlink` to a gateway |
| any admin of any room | `!bridge follow`, when a room of the link was ended and named another (`ChatSeen.moved`) |

The last word is asked for because whoever reads a room reads its codes, and may keep order in a room of their own. Who
keeps order is asked of each network at that moment (`Session.rank`), of who asked and of who agrees, when the link is
made. A code is known here by a hash alone; a room has one at a time, and the last one counts.

`spoken` knows commands in rooms and keeps them there: none crosses the bridge. `commands` carries them out, a few at a
time and from nobody too many. `agreeing` has the codes and the links; `store/agreements.py` keeps them, and who did
what (`audit`).
"""
