"""Partials: worker transcribes what is still being spoken; model_lock lets finals go first."""
