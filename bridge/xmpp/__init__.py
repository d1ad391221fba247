"""XMPP as a network like the others: components of XMPP servers (XEP-0114), with people's own servers as their homes.
Names of files without a folder are of this one.

Privileges
----------

What an XMPP server grants (XEP-0356) belongs to the stream over which it said so, and to its own users
(`privilege.py`). With `message`, what a chat's own user said elsewhere (`Persona.own`) is said in their name
(`carbons.py`); the copy that the server then carries to us bears a mark and ends in the dispatcher. With `iq` for
uploads, the place for a file is asked for as the user whom it is for (`upload.py`). With `roster` and `iq` one task
per stream keeps people's lists in step (`servers.py`, `roster.py`, `bookmarks.py`); table `listed` has what we put
there, so that what people remove or rename stays so, and that it goes when its account is ended, at the latest with
the next connection. Accounts that a network has revoked are not ended: their users come back. Who has ended all of
them is unsubscribed from contacts without any privilege (`farewells.py`).
"""
