"""The operator's account on Matrix: an appservice, which speaks for people who have none there.

The registration (`registration`) says who we are, to the homeserver and to us. The homeserver calls us with what has
happened (`inbox`, `fence`; `gaps`: what it has forgotten), and a session (`session`) tells that and speaks, as whoever
it is (`faces`), in the rooms that our own user is in (`attendance`, `doors`).
"""
