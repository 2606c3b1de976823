"""What a worker process has: a heartbeat, a health check, and its share of the cores."""
