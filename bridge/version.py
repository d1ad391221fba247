"""Which Landbridge this is."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed


def version() -> str:
    """As the installed package says; "unknown" when run from a checkout that is not installed."""
    try:
        return installed("landbridge")
    except PackageNotFoundError:
        return "unknown"
