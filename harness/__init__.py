"""The system's processes and speech for it, for tests, benchmarks and tools."""
