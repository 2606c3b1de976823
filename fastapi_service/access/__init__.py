"""Who comes in: guard is the door of every route; tokens, login, origins, attempts, refusals, drain, proxy."""
