"""One's own private chats, through a bot that one has connected with one's account (Telegram Business).

The account here is the person's own, not the bot's: the people whom they talk to are contacts, what they write here is
said as themselves, and what they write in a Telegram app appears here as their own. The bot is the way there:
`connection` knows whether it is open, and what it may be used for; `speaking` says everything on behalf of the account;
`updates` reads what is told of it. Whoever writes to the bot itself is not heard: its own chats are another flow's.

Telegram lets a bot write only in chats in which the other person has written within 24 hours, and tells it nothing of
reactions, nor of what others have read. Others can connect their accounts with the same bot: that is none of ours.

Source: https://core.telegram.org/bots/api#businessconnection, #businessbotrights, #business_message,
https://core.telegram.org/api/bots/connected-business-bots.
"""
