"""A Bot API server for tests, which keeps state as Telegram does, over HTTP; bots are driven by their real library.

* `state`    people, bots, chats, messages; who sees what
* `updates`  the queue of each bot, and `getUpdates`
* `methods`  what bots may ask, and how it is refused
* `business` people who connect a bot with their account, and their private chats
* `webhooks` calling those who want to be called
* `refusals` how Telegram says no
* `standing` how members stand to a chat
* `buttons`  under messages, and who taps them; `links` to bots
* `uploads`  files that bots send and get
* `limits`   how fast bots may be, and their penalties
* `faults`   answers that are lost, servers that fail
* `world`    what people do; `server` puts it all behind HTTP

Source: https://core.telegram.org/bots/api (Bot API 10.0); texts of errors as the public server writes them.
"""

from tests.support.botapi.server import BotApi
from tests.support.botapi.world import World

__all__ = ["BotApi", "World"]
