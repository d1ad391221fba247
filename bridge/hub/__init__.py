"""The path between networks, and what is kept on it. ARCHITECTURE.md has the path; here is what stands on it. Names of
files without a folder are of this one.

Hosted rooms
------------

A room of somebody's account and the room on the gateway's domain that shows it are a link of two chats, made when the
room is first seen (`hosting.py`); everybody whose account sees it in the same scope shares it. The hosted room does
not reflect by itself, so an event of its own people owes it a delivery, too: that is the echo, in the order of the
archive (table `archive`), also after a crash.

* people of a room, and their nicks: `occupants.py`; asked for when somebody first enters; kept in `occupants`, as
  last seen
* name, subject, who has entered: `hosting.py`, `rooms.py`; kept in `chats`, `attendance`
* changes of those: `Outcome.news`: told after the commit, before what is said later; never replayed
* rooms as XMPP sees them, while somebody is in: `xmpp/hosted/`; kept in memory
* what comes after a long outage (6 h): `backlogs.py`: archived and counted, not shown; one line when it has ended;
  kept in `backlogs`, `accounts.caught_up`
* who has not entered: who is meant is told in the transaction of the message (`absent.py`); when one was last there and
  was told last is kept in `visits`; apps that ask hear of all that is said (`xmpp/hosted/activity.py`)
* what one may read: from when one's account was in the room (`chat_accounts.since`), though another account that was
  behind tells later what is older (`passing.told_too`); of before what that account was
  shown when its user read so far back (`history.py`): an event is in the archive once, below what was there, with a
  place that is not its number; `sights` tells who was shown which places, `reaches` where each reads on, `strays` keeps
  edits and reactions until their message comes; what is too old goes, the oldest places first: `retention.py`

Somebody who enters is offered what is said meanwhile, reads the history, and then hears what was not in it
(`xmpp/hosted/room.py`, `offer`): nothing is missed or comes twice. The address of a room is its alias if that means
it when it is first seen, else a short name; it stays.

Direct chats
------------

What one of our users writes in a direct chat is owed to its network alone. Another of ours, whom it is with, gets it
when the network has taken it (`passing.py`); who was not there then, when their own account reports it. A hosted room
shows at once what its people say, and takes back what its network refuses.

A chat is a direct one for all our users or a room for all. When others come into it, or are invited, or its user
takes it off the network's list of direct chats, it becomes a room (`conversion.py`), for good: the users' chats on
XMPP leave its link, each user is told once in the old chat and invited to the room, what waits there is refused to
its author when its turn comes, and what is written there next opens a new direct chat. The room shows and quotes
nothing of before.

Files
-----

An event names a file by a reference of its network; nothing is fetched before it is wanted. Performing a part that
holds one, the hub has the chat's own session publish it (`Files.published`, then `perform`): that session brings it
here (`File.kept`: the source's `open_media` → `data/media`, with its true size, hash and type), gives it to its
network, and returns what it is called there. That is durable before the message is sent, so a retry says the same. A
chat waits 30 s for a file at most; then, or when either side refuses, a line takes its place
(`fallback.without_files`), durable before it is said (table `file_lines`). A picture gets a thumbnail on its way (a
third of that time, else it goes without); one of more than 200 million pixels is a file that apps only save.

* bytes on our disk: quota, age, one transfer for all who wait: `files.py`, `bringing.py`; tables `media`,
  `publications`
* what a file is by its bytes: `sniffing.py`
* XMPP: upload service, else our own store; how stanzas show files, and hide them: `xmpp/upload.py`, `files.py`,
  `sealed.py`
* our own store: signed links, anew at each rendering: `web/media.py`
* Matrix: content repository and events; files encrypted with the key in their event: `connectors/matrix/media.py`,
  `sealed.py`

Pictures of people and rooms
----------------------------

A contact, an occupant and a room name their picture by a reference (`Contact.avatar`, `ChatSeen.avatar`), which with
the scope that it comes from is an `Avatar`. `avatars.py` fetches each once, when somebody may see it (contacts who
are subscribed to, rooms that somebody is in, whoever speaks first), two at a time, and keeps a small PNG under its
hash (`data/avatars`, table `avatars`). Until it is there presences say that it is not known yet; then they are told
again. `bridge/converter.py` decodes pictures, in a process with limits of its own (`pictures.py`); nothing else does.

What a user shows at home (`PresenceChanged.contact.avatar`) becomes the picture of their accounts, made small, once per
change, if they want that (`own_pictures.py`, table `own_pictures`): only of those that show none, or one that was set
so (`SetPicture`).

Signs of life
-------------

Who writes, who has read how far and who is there never enters the journal and is never replayed. A session reports it
as an event; `signs.py` looks up what it means beside the writer (`store/signs.py`), the latest of each thing, and
puts it into the `Post` of each account that shows it (`posts.py`): at most once a second for one thing, five times a
second for one chat, and forgotten when it cannot be shown. Only how far a user has read waits for their account, the
latest of each chat, also over a restart (`waiting.py`, table `read_marks`).

* who writes: ends by itself after two minutes, or with what is said: `typists.py`
* how far: forwards only; told to authors who asked (`Authored.marks`), in rooms to all: `marks.py`
* who shows it: the person's own account, at home the gateway: `speakers.py`
* how people are, for each user; until their network says, they are there while the account is connected:
  `appearances.py`
* which apps of users are there, as they show it to contacts and gateways, never to rooms: `xmpp/apps.py`
* what those apps can do, asked once for each version: who has none that knows reactions reads them in words:
  `xmpp/abilities.py`
* what users have read in another app of their network: a marker in their name, in rooms XEP-0490: `xmpp/showing.py`
* what they have read in rooms with apps that tell only their own server: asked by privilege: `xmpp/own_reading.py`

A sign from an account that is not in the chat is ignored; a private mark reaches its own user's apps only. In rooms
of more than 200 people nobody's signs are shown on XMPP.
"""
