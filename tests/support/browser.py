"""Debian's Chromium, driven by playwright; playwright's own browsers are not needed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, async_playwright

from tests.support.artefacts import SCREENSHOTS

_CHROMIUM = "/usr/bin/chromium"
# As root there is no sandbox; a container's /dev/shm may be too small.
_FLAGS = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]


@asynccontextmanager
async def browser_page(seconds: float = 20) -> AsyncIterator[Page]:
    """An empty page of a new browser; whatever one waits for on it may take `seconds`."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        try:
            page = await browser.new_page()
            page.set_default_timeout(seconds * 1000)
            try:
                yield page
            except BaseException:
                await screenshot(page, "failed")
                raise
        finally:
            await browser.close()


async def screenshot(page: Page, name: str) -> None:
    """What the page shows now is kept."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=SCREENSHOTS / f"{name}.png")
