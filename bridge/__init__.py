"""Landbridge: a gateway between XMPP and other chat networks.

XMPP is a network like the others, so there is one path, and it is a straight line:

    network A                     bridge                            network B, C, …
    session.events ──► one transaction ──► journal ──► lanes ──► session.perform
                       resolve, judge,     events,     in order      │
                       event, deliveries   deliveries                ▼
          ▲                   │                                   Receipt
          └── journaled ──────┘      answer to the author ◄── copies kept, delivery done

* An *event* is a fact from a network, an *action* a wish to one; both are frozen dataclasses of `bridge.contract`.
* Nothing is acknowledged before it is in the *journal* (`bridge.store`): the event, and one *delivery* for every other
  chat of its *link*. A personal chat is a link of two chats, a community one of many.
* A *lane* (`bridge.hub.lane`) performs the deliveries of one chat in order, with retry, and closes each by the
  network's receipt. After a crash it goes on where the journal stands; actions carry the same *key* as before.
* `bridge.xmpp` is the XMPP session, one file per feature, and the only place that knows slixmpp; `connectors` hold the
  others. Neither knows the other: XMPP asks the hub through the narrow protocols of `bridge.hub.facades`.
* `bridge.web` serves health and metrics, `bridge.cli` the commands, `bridge.app` puts everything together.
* `bridge.testing` is a network in memory and the suite that every connector passes.

Imports point one way, and a test holds that:

    cli ──► app ──► web, xmpp ──► hub ──► store ──► contract ◄── connectors, testing

`ARCHITECTURE.md` has the path, the crash table and where to find things on one page.
"""
