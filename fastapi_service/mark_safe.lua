-- Moves the safe position, after the task was sent.
-- KEYS: 1 session hash. ARGV: 1 epoch, 2 position, 3 TTL (s)
-- Returns 1, or -1 when the session is another connection's (or gone).
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return -1 end
redis.call('HSET', KEYS[1], 'position', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
return 1
