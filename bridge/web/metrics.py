"""`/metrics` for Prometheus. The names are fixed (DESIGN §7) and come from one snapshot; nothing is global.

What the process uses is told under the names that Prometheus clients have for it (`process_open_fds`, …).
"""

from collections.abc import Iterator, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bridge.web.health import NetworkHealth

CONTENT_TYPE = CONTENT_TYPE_LATEST


def render(networks: Mapping[str, NetworkHealth], lag: float, tasks: int) -> bytes:
    """The text form. `lag` is the event loop's, in seconds; `tasks` how many it has."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Snapshot(networks, lag, tasks))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Snapshot(Collector):
    def __init__(self, networks: Mapping[str, NetworkHealth], lag: float, tasks: int) -> None:
        self._networks = networks
        self._lag = lag
        self._tasks = tasks

    def collect(self) -> Iterator[Metric]:
        label = ["network"]
        up = GaugeMetricFamily("landbridge_up", "Whether the network is connected and moving.", labels=label)
        messages = CounterMetricFamily(
            "landbridge_messages", "Messages from (in) and to (out) the network.", labels=["network", "direction"]
        )
        waiting = GaugeMetricFamily("landbridge_deliveries_waiting", "Deliveries owed to the network.", labels=label)
        oldest = GaugeMetricFamily(
            "landbridge_oldest_delivery_seconds", "How long the oldest delivery has waited.", labels=label
        )
        retries = CounterMetricFamily("landbridge_retries", "Deliveries tried again.", labels=label)
        failed = CounterMetricFamily(
            "landbridge_failed", "Deliveries refused or given up.", labels=["network", "reason"]
        )
        dead = GaugeMetricFamily("landbridge_dead_letters", "What is kept for the operator to look at.", labels=label)
        doubles = CounterMetricFamily(
            "landbridge_possible_duplicates", "Deliveries repeated without knowing whether they arrived.", labels=label
        )
        last = GaugeMetricFamily("landbridge_last_event_seconds", "Since the network last said anything.", labels=label)
        lag = GaugeMetricFamily("landbridge_loop_lag_seconds", "How late the event loop is.", value=self._lag)
        tasks = GaugeMetricFamily("landbridge_tasks", "Tasks of the event loop.", value=self._tasks)
        for name, one in self._networks.items():
            up.add_metric([name], float(one.connected and one.moving))
            messages.add_metric([name, "in"], one.received)
            messages.add_metric([name, "out"], one.delivered)
            waiting.add_metric([name], one.waiting)
            oldest.add_metric([name], one.oldest_seconds)
            retries.add_metric([name], one.retries)
            for reason, number in sorted(one.failed.items()):
                failed.add_metric([name, reason], number)
            dead.add_metric([name], one.dead_letters)
            doubles.add_metric([name], one.possible_duplicates)
            if one.last_event_seconds is not None:
                last.add_metric([name], one.last_event_seconds)
        yield from (up, messages, waiting, oldest, retries, failed, dead, doubles, last, lag, tasks)
