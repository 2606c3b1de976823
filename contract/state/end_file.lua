-- Ends a file, once. What is done is kept; of another only why it ended, and the same content may come again.
-- KEYS: 1 its hash, 2 files in work, 3 kept files, 4 its segments, 5 its content's id
-- ARGV: 1 id, 2 state, 3 HTTP status, 4 code, 5 message, 6 samples in all, 7 now (ms), 8 TTL (s)
-- Returns 1, or 0 when it had ended before or is gone.
redis.call('ZREM', KEYS[2], ARGV[1])
local state = redis.call('HGET', KEYS[1], 'state')
if state ~= 'waiting' and state ~= 'working' then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[2], 'status', ARGV[3], 'code', ARGV[4], 'message', ARGV[5])
redis.call('EXPIRE', KEYS[1], ARGV[8])
if ARGV[2] == 'done' then
  redis.call('HSET', KEYS[1], 'total', ARGV[6], 'done', ARGV[6])
  redis.call('EXPIRE', KEYS[4], ARGV[8])
  redis.call('EXPIRE', KEYS[5], ARGV[8])
  redis.call('ZADD', KEYS[3], ARGV[7], ARGV[1])
  redis.call('EXPIRE', KEYS[3], ARGV[8])
else
  redis.call('DEL', KEYS[4])
  if redis.call('GET', KEYS[5]) == ARGV[1] then redis.call('DEL', KEYS[5]) end
end
return 1
