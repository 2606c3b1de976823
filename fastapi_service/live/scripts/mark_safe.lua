-- Moves the safe position, after the task was sent.
-- KEYS: 1 session hash, 2 sorted set of sessions. ARGV: 1 epoch, 2 position, 3 TTL (s), 4 now (ms), 5 session
-- Returns 1, or -1 when the session is another connection's (or gone).
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return -1 end
redis.call('HSET', KEYS[1], 'position', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return 1
