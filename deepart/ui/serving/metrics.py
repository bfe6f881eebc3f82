"""The numbers of a page in the format of Prometheus, by its own client library."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from deepart.cache import Studio
from deepart.registry import REGISTRY
from deepart.ui.serving.watch import Done, Watch

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """Counters of one page; several pages in a process keep their own."""

    def __init__(self, watch: Watch, studio: Studio) -> None:
        """The counters begin at nothing, and hear of each request from now on."""
        self._registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)  # resident memory and CPU seconds, where the system tells them
        self._requests = Counter(
            "deepart_requests", "Requests that have ended", ["endpoint", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "deepart_request_seconds", "Seconds from the turn of a request to its end", ["endpoint"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._waited = Histogram(
            "deepart_queue_wait_seconds", "Seconds that a request waited for its turn", buckets=_SECONDS,
            registry=registry,
        )  # fmt: skip
        self._loads = Counter("deepart_model_loads", "Models loaded", ["task", "model"], registry=registry)
        self._load_seconds = Histogram(
            "deepart_model_load_seconds", "Seconds to load a model", buckets=_SECONDS, registry=registry
        )
        for name, words, value in (
            ("deepart_queue_length", "Events that wait for their turn", lambda: watch.waiting),
            ("deepart_requests_running", "Requests that are being worked on", lambda: watch.running),
            ("deepart_models", "Models that are loaded", lambda: len(studio.loaded)),
            ("deepart_models_bytes", "Bytes of the weights of these models", lambda: sum(studio.loaded.values())),
        ):
            Gauge(name, words, registry=registry).set_function(value)
        watch.tell(self.note)

    def note(self, done: Done) -> None:
        """Count a request."""
        self._requests.labels(done.endpoint, done.outcome).inc()
        if done.outcome not in ("full", "limited"):  # these took no work
            self._seconds.labels(done.endpoint).observe(done.seconds)
            self._waited.observe(done.waited)

    def note_load(self, task: str, name: str, seconds: float) -> None:
        """Count a model that was loaded; names that visitors have chosen are told as "other"."""
        self._loads.labels(task, name if (task, name) in REGISTRY else "other").inc()
        self._load_seconds.observe(seconds)

    def text(self) -> bytes:
        """Return all numbers as Prometheus reads them."""
        return generate_latest(self._registry)
