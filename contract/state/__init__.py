"""Changes of state in Redis that must happen whole: each is a Lua script and the words around it."""
