"""Rooms of other networks as rooms on our own domains (XEP-0045).

* `attendance` is who of XMPP has entered which room; `room` what is known of a room while somebody is in it.
* `join` lets people in, `house` hears what they send and tells them what happens.
* `activity` tells apps that are not in a room that something was said there.
* `stanzas` writes everything that a room says, `questions` answers what is asked of it.

A user's member on the network and all his XMPP sessions are one occupant, so that somebody enters or leaves on XMPP is
nothing for the others to hear. Leaving never leaves the network's room.
"""
