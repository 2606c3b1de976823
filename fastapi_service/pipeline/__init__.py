"""What stands behind the gateway: a snapshot of it, and by that the backlog and the health."""
