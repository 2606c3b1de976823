"""What every service runs on.

    broker         Celery on Redis: the app, taking and giving back tasks, batches, what is kept out of logs
    worker         the shell of a Celery worker, tries, heartbeat and health check, and how many cores to use
    logs           one format for all
    metrics        for Prometheus
    weights        models on this disk, and how they come here
    redis_client   clients with timeouts; redis_retry: retries; backoff: delays between them; redis_check: at the start
    dead_letters   shows what was given up: `python -m runtime.dead_letters`
    audio          captured audio: resampled, gated; wav: 16 kHz mono WAV files

Imports contract, no service, and no FastAPI.
"""
