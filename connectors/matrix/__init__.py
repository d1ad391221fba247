"""The Matrix connector.

A session (`session`) asks one question again and again (`sync`); its chats (`chats`) turn the answers into events, gaps
first (`timeline`). It speaks (`speaking`) into rooms that it knows (`rooms`) or opens (`opening`). What usually goes
wrong with clients of Matrix is kept from happening in one place each:

* a cursor moves after what it covers has been reported, and is kept by who journals that: `session.events`;
* an event that cannot be understood is one dead letter, never an exception: `events.parse`;
* a homeserver in trouble gets one request per try, and one room in trouble leaves the others alone: `connecting`,
  `patience`; one that does not wait is not asked without pause: `session.events`;
* a token that has ended is `LoggedOut`, from any request: `errors`; one that can be renewed is, once for all requests,
  and what is new is kept before it is used: `tokens`, `credentials`;
* nothing waits or tries again inside a call that somebody waits for; how long to wait is told to the lane: `errors`;
* transaction ids are the hub's keys, and where they may mean nothing any more the room is searched: `speaking`;
* gaps of limited timelines are filled, also those that the homeserver itself has to fill: `timeline`.

It is plain HTTP and not matrix-nio, which retries for ever inside a call, and takes 195 µs for an event and 45 MB; it
comes with encryption, which is what it is good at.
"""

from connectors.matrix.connector import MatrixConnector

__all__ = ["MatrixConnector"]
