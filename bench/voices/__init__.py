"""Human voices on official weights: measure, its ways and limits, files, tables; worker_path for files alone."""
