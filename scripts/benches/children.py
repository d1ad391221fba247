"""Processes that a bench starts: modules of this package, told what to do by a JSON argument."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any


async def asked(module: str, order: Mapping[str, Any], seconds: float) -> dict[str, Any]:
    """Run to its end; the JSON on its last line. Raises RuntimeError, TimeoutError."""
    async with _process(module, order) as process:
        output, _ = await asyncio.wait_for(process.communicate(), seconds)
        if process.returncode:
            raise RuntimeError(f"{module} ended with {process.returncode}")
    found: dict[str, Any] = json.loads(output.splitlines()[-1])
    return found


@asynccontextmanager
async def running(module: str, order: Mapping[str, Any]) -> AsyncIterator[int]:
    """Its pid, once it has said `ready`; ended with the block."""
    async with _process(module, order) as process:
        assert process.stdout is not None
        if await asyncio.wait_for(process.stdout.readline(), 30) != b"ready\n":
            raise RuntimeError(f"{module} did not start")
        yield process.pid


@asynccontextmanager
async def _process(module: str, order: Mapping[str, Any]) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"scripts.benches.{module}", json.dumps(order), stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
