"""Numbers for Prometheus: registry is what all have in common, worker what workers have, server their /metrics."""
