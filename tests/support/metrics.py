"""Reads a `/metrics` page as Prometheus would."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from harness.processes import ROOT
from tests.support.http_requests import request


@dataclass(frozen=True)
class Scrape:
    """What one look has found."""

    metrics: tuple[Metric, ...]

    def value(self, name: str, **labels: str) -> float:
        """The one sample called `name` with exactly these labels. Raises AssertionError where there is none."""
        found = self._samples(name, labels)
        assert len(found) == 1, f"{name}{labels}: {found}"
        return found[0]

    def count(self, name: str, **labels: str) -> float:
        """The same, and 0 where there is none yet."""
        return sum(self._samples(name, labels))

    def _samples(self, name: str, labels: Mapping[str, str]) -> list[float]:
        samples = (sample for metric in self.metrics for sample in metric.samples)
        return [float(sample.value) for sample in samples if sample.name == name and sample.labels == labels]

    def labels(self, name: str, label: str) -> set[str]:
        """The values that `label` has in the samples called `name`."""
        return {s.labels[label] for metric in self.metrics for s in metric.samples if s.name == name}

    @property
    def names(self) -> set[str]:
        """The metrics' names, of counters as their samples are called."""
        return {metric.name + ("_total" if metric.type == "counter" else "") for metric in self.metrics}


def scrape(url: str, headers: Mapping[str, str] | None = None) -> Scrape:
    """Look at `url`'s /metrics."""
    answer = request(url, "/metrics", headers=headers)
    assert answer.status == 200, answer.text
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return Scrape(tuple(text_string_to_metric_families(answer.text)))


def documented(section: str) -> dict[str, tuple[str, frozenset[str]]]:
    """The metrics that docs/monitoring.md names under the heading `section`: type and labels by name."""
    text = (ROOT / "docs" / "monitoring.md").read_text(encoding="utf-8")
    part = re.split(r"^##+ ", text.split(f"\n### {section}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", part, re.MULTILINE)
    return {name: (kind, frozenset(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}


def exposed(found: Scrape) -> dict[str, tuple[str, frozenset[str]]]:
    """The same of what a service shows. A metric that has no sample yet has no labels yet either."""
    inner = {"le"}  # of histograms
    return {
        metric.name + ("_total" if metric.type == "counter" else ""): (
            metric.type,
            frozenset({label for sample in metric.samples for label in sample.labels} - inner),
        )
        for metric in found.metrics
    }
