"""The operator's bot: users who have no bot of their own talk by it with people whom they have invited.

Telegram knows one chat of the bot with each person. Whoever has followed invitations of several users talks with all of
them there; for the hub each of these is a chat of its own, of the user's own account: a *guest* (`bridge.contract.
Guests`), whose session (`guest`) goes through the operator's (`connecting`).

* What people say to the bot alone is read at the *door* (`door`): commands, buttons (`commands`, `words`), and
  messages, each of which is passed to the session of the one user whom it is for.
* Whom a message is for is decided when it comes, and noted (`friends`, `trail`): an edit, a reaction or a reply goes
  where its message went, also after a crash that has Telegram say everything once more.
* An update is confirmed to Telegram when every session to which something of it was passed has it in the journal.
* Invitations (`invitations`) are for one person and one week.
"""
