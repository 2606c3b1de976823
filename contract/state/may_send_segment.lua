-- A file's segment is sent only while little waits for speech recognition and few of them have no outcome.
-- KEYS: 1 the speech queue, 2 outstanding segments of all files, named by their done markers
-- ARGV: 1 the segment's done marker, 2 how many may be outstanding, 3 now (ms), 4 a segment is forgotten after so long
-- (ms), 5 how many tasks may wait in the queue before it
-- Returns 1 when it may be sent.
for _, marker in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if redis.call('EXISTS', marker) == 1 then redis.call('ZREM', KEYS[2], marker) end
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', tonumber(ARGV[3]) - tonumber(ARGV[4]))
if redis.call('LLEN', KEYS[1]) > tonumber(ARGV[5]) then return 0 end
if not redis.call('ZSCORE', KEYS[2], ARGV[1]) and redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return 1
