"""Partials: worker transcribes what is still being spoken; requests is what it has in common with sentences;
model_lock lets finals go first."""
