"""Celery on Redis without loss: app, delivery, recovery, refusal, renewal, batch, privacy, queue_age."""
