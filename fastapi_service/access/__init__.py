"""Who comes in: guard is the door of every route; tokens, login, origins, cors, attempts, refusals, drain, proxy."""
