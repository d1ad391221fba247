"""Rooms elsewhere (XEP-0045): existing ones, on any server, in which our people are occupants under their own JIDs.

One occupant, the gateway itself, listens: only its copies of what is said count (`hearing.py`); those that our other
occupants get are parsed and dropped, at some 10 µs each (`scripts/bench copies`). People come in when they first speak,
at most so many at a time; who has said nothing for longest leaves (`people.py`). What one of us says has arrived when
the room shows it to the listener: no fence is needed. After any break the occupant asks whether it is still in
(XEP-0410), and what was missed is read from the room's archive, else from its history, else people are told that
something is missing (`missed.py`): so what was tried is known to have arrived, or not, before it is tried again.

A message has two names: the room's (XEP-0359), by which it is answered and taken back, and its author's, by which it is
corrected (`Authored.alias`). Where the room gives none, we do (`naming.py`). Who speaks is known by occupant id
(XEP-0421), else by nick; real JIDs are not looked at.
"""
