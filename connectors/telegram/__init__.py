"""The Telegram connector: people's own bots, through the Bot API.

A session (`session`) asks for updates again and again (`polling`), or is called with them (`webhook`); each is read
alone (`updates`: where it happened is `placing`, who is there `attending`, what is said `content`, `text`). It speaks
by one request for each part (`sending`, `parts`), as fast as bots may (`limits`). Topics are threads (`topics`) or
rooms of their own (`forums`, `entering`).
What usually goes wrong with bots is kept from happening in one place each:

* an update is confirmed to Telegram when it is in the journal, not before: `polling`, `webhook`;
* no two programs read one bot, and no webhook stands in the way: `receiving`;
* one that cannot be understood is one dead letter, and what we do not know yet is a line: `updates`, `content`;
* numbers of updates that begin anew after a quiet week: `polling`;
* Telegram's limits are kept for each chat alone, and a penalty of one chat holds up no other: `limits`;
* formatting that Telegram refuses costs the formatting, not the message: `sending`;
* no address with the token in it leaves this package, nor does it come into the log: `api`;
* who answers a message before we know its number waits until we do: `underway`;
* of several bots in a group one answers a command: `asked`;
* an answer that is lost leaves it open what has happened, so that is what is raised: `api`.

The Bot API has no key that would make a request count once, and shows a bot nothing of its own doings: so `tried` is
durable before each call, and `on_unknown` says what then (`Capabilities.repeats`). Of python-telegram-bot we use the
HTTP, and not the objects, which refuse whole batches for one field.
"""

from connectors.telegram.connector import TelegramConnector

__all__ = ["TelegramConnector"]
