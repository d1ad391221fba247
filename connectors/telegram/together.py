"""What updates tell, and between two of them what is told beside them."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

from bridge.contract import Event


async def together(news: AsyncIterator[Event], beside: asyncio.Queue[Event]) -> AsyncGenerator[Event]:
    """Ends, and raises, as `news` does."""
    async with aclosing(news):  # type: ignore[type-var]
        coming = asyncio.ensure_future(anext(news))
        told = asyncio.ensure_future(beside.get())
        try:
            while True:
                await asyncio.wait({coming, told}, return_when=asyncio.FIRST_COMPLETED)
                if told.done():
                    event, told = told.result(), asyncio.ensure_future(beside.get())
                    yield event
                    continue
                try:
                    event = coming.result()
                except StopAsyncIteration:
                    return
                yield event
                coming = asyncio.ensure_future(anext(news))
        finally:
            coming.cancel()
            told.cancel()
            await asyncio.gather(coming, told, return_exceptions=True)
