"""A model's numbers: where they come from, the forms they are in, and in which precision they compute."""
