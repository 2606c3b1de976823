"""Files, as OpenAI's API takes them: api is the door, form, options and store take one in, jobs hands it on, following
waits for it, and answers says what was heard."""
