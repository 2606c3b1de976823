"""Files, as OpenAI's API takes them: api, form, options, store, jobs, formats, openapi, errors."""
