"""What the gateway is compared with: a bare echo component, as slixmpp's own documentation writes one."""

import asyncio
import json
import sys

from slixmpp import ComponentXMPP, Message


class Echo(ComponentXMPP):
    """Says what is said to it."""

    def __init__(self, domain: str, secret: str, port: int) -> None:
        super().__init__(domain, secret, "127.0.0.1", port)  # type: ignore[no-untyped-call]
        self.register_plugin("xep_0030")
        self.register_plugin("xep_0199")
        self.add_event_handler("session_start", lambda _: print("ready", flush=True))
        self.add_event_handler("message", self.say_again)

    def say_again(self, message: Message) -> None:
        if message["type"] in ("chat", "normal"):
            message.reply(message["body"]).send()  # type: ignore[no-untyped-call]


async def main(order: dict[str, str | int]) -> None:
    echo = Echo(str(order["domain"]), str(order["secret"]), int(order["port"]))
    echo.connect()
    await echo.disconnected


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
