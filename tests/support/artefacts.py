"""What tests leave behind for people to look at."""

from pathlib import Path

# Of the last run; git does not have it. The end of a run says that it is there.
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
