"""Whether a sentence has ended where a speaker pauses: `worker` looks, `ending` decides, `heard` keeps it;
and where one has ended inside what is said: `inside`."""
