"""What a worker process has: a heartbeat, a health check, exit codes, and its cores."""
