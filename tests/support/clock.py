"""The time as it is."""

import time


class RealClock:
    """Implements `bridge.contract.Clock`."""

    def time(self) -> float:
        return time.time()
