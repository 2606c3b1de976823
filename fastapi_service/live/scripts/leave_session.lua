-- Lets a session in which nothing was said be evicted first: its connection is gone.
-- KEYS: 1 session hash, 2 sorted set of sessions. ARGV: 1 epoch, 2 session, 3 the last use to pretend (ms)
local fields = redis.call('HMGET', KEYS[1], 'epoch', 'position', 'seq', 'cut_end')
if fields[1] == ARGV[1] and fields[2] == '0' and fields[3] == '0' and not fields[4] then
  redis.call('ZADD', KEYS[2], 'XX', ARGV[3], ARGV[2])
end
return 1
