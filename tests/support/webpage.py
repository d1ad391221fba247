"""What somebody does and sees with Converse.js in a browser: one of its chats, direct or a room.

Everything is done with its own buttons and fields, as a person does it.
"""

from playwright.async_api import Locator, Page

_PAGES = 20  # of an archive


async def log_in(page: Page, url: str, jid: str, password: str) -> None:
    """Open Converse.js and begin its session."""
    await page.goto(url)
    await page.fill("input[name=jid]", jid)
    await page.fill("input[name=password]", password)
    await page.press("input[name=password]", "Enter")


class ChatPage:
    """The chat that is open in `page`; `kind` is Converse's element for such chats. Whatever does not come in the time
    that the page has raises playwright's TimeoutError."""

    def __init__(self, page: Page, kind: str) -> None:
        self._page = page
        self._kind = kind
        self._here = page.locator(kind)

    async def write(self, text: str) -> None:
        field = self._here.locator(".chat-textarea")
        await field.fill(text)
        await field.press("Enter")
        await self.line(text).wait_for()

    async def command(self, text: str) -> None:
        """Write what the page itself does and does not send."""
        field = self._here.locator(".chat-textarea")
        await field.fill(text)
        await field.press("Enter")

    async def tells(self, text: str) -> None:
        """The page itself says something between the messages."""
        await self._here.locator(".chat-info, .chat-error").filter(has_text=text).last.wait_for()

    async def attach(self, name: str, mime: str, data: bytes) -> None:
        """Choose a file to send; it goes to the server's upload service (XEP-0363)."""
        field = self._here.locator("input.fileupload")
        await field.set_input_files([{"name": name, "mimeType": mime, "buffer": data}])

    async def edit(self, text: str, new: str) -> None:
        await self._choose(text, "edit")
        await self._here.locator(".chat-msg.correcting").wait_for()
        await self.write(new)

    async def reply(self, text: str, answer: str) -> None:
        await self._choose(text, "reply")
        await self._here.locator(".reply-preview").first.wait_for()
        await self.write(answer)

    async def react(self, text: str) -> str:
        """With the first that it offers; which that is."""
        await self._choose(text, "reaction")
        first = self.line(text).locator(".reaction-picker .reaction-item").first
        emoji = await first.inner_text()
        await first.click()
        await self.shows_reaction(text, emoji)
        return emoji

    async def retract(self, text: str) -> None:
        await self._choose(text, "retract")
        await self._page.locator(".modal.show button[type=submit]").click()
        await self.line(text).wait_for(state="hidden")

    def line(self, text: str) -> Locator:
        """The message of this text. What a reply quotes is beside it."""
        shown = self._page.locator(".chat-msg__text", has_text=text)
        return self._here.locator(".chat-msg", has=shown).last

    async def shows(self, text: str) -> None:
        await self.line(text).wait_for()

    async def shows_edited(self, old: str, new: str) -> None:
        await self.line(new).locator(".chat-msg__edit-modal").wait_for()
        await self.line(old).wait_for(state="hidden")

    async def shows_reply(self, to: str, text: str) -> None:
        context = self.line(text).locator(".chat-msg__reply-context", has_text=to)
        await context.wait_for()

    async def shows_reaction(self, text: str, emoji: str) -> None:
        await self.line(text).locator(".chat-msg__reaction", has_text=emoji).wait_for()

    async def shows_picture(self, name: str, width: int) -> None:
        """Not its address but itself, of this many pixels."""
        await self._here.locator(f'img[src*="{name}"]').wait_for()
        await self._page.wait_for_function(
            "([name, width]) => [...document.images].some(i => i.src.includes(name) && i.naturalWidth == width)",
            arg=[name, width],
        )

    async def scrolls_back_to(self, text: str) -> None:
        """Up, as often as the page fetches more of the archive (XEP-0313), until this is there."""
        wanted = self.line(text)
        for _ in range(_PAGES):
            before = await self._here.locator(".chat-msg").count()
            await self._here.locator(".chat-content").hover()
            await self._page.mouse.wheel(0, -100_000)
            await self._page.wait_for_function(
                "([kind, before]) => document.querySelectorAll(kind + ' .chat-msg').length > before",
                arg=[self._kind, before],
            )
            if await wanted.count():
                break
        await wanted.wait_for()

    async def scrolls_down(self) -> None:
        await self._page.mouse.wheel(0, 1_000_000)

    async def _choose(self, text: str, action: str) -> None:
        """One of what its menu offers for a message."""
        line = self.line(text)
        await line.hover()
        if not await line.locator(".dropdown-menu.show").count():  # it stays open after some choices
            await line.locator(".chat-msg__actions button").first.click()
        await line.locator(f".chat-msg__action-{action}").click()
