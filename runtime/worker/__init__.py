"""A worker process around its tasks: the shell, the count of tries, heartbeat and health check, and its cores."""
