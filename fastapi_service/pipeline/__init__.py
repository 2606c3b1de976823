"""What stands behind the gateway: backlog of the queues, health of the parts."""
