"""How Telegram says no.

Source: https://core.telegram.org/bots/api#making-requests, #responseparameters.
"""

from typing import Any


class No(Exception):
    """A request that is refused."""

    def __init__(self, status: int, description: str, **parameters: Any) -> None:
        super().__init__(description)
        self.status = status
        self.body = {"ok": False, "error_code": status, "description": description}
        if parameters:
            self.body["parameters"] = parameters


def bad(text: str, **parameters: Any) -> No:
    return No(400, f"Bad Request: {text}", **parameters)
