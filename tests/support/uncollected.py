"""Measuring what a step costs, in a process that has run thousands of tests."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage is collected meanwhile: going through all that other tests have left takes longer than the step."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
