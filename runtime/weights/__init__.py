"""Models on this disk, and how they come here: where from (sources), the package index, the Hugging Face hub (hub),
whether a host answers (probe), whole files and locks (cache), how far a download is (progress), settings."""
