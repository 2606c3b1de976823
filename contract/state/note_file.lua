-- Writes fields down in an uploaded file's hash, unless it is gone: one that was deleted must not come back in part.
-- KEYS: 1 file's hash
-- ARGV: 1 TTL (s), then field, value, field, value ...
-- Returns 1, or 0 where the file is gone.
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('EXPIRE', KEYS[1], ARGV[1])
return 1
