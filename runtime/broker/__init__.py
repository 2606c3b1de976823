"""Celery on Redis without loss: app and sending, delivery, recovery, refusal, renewal, batch, privacy, queue_age."""
