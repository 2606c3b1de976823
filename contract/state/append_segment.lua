-- Writes down a finished segment of a file. KEYS: 1 the file's hash, 2 its segments
-- ARGV: 1 who works on it, 2 the segment's number, 3 segment as JSON, 4 its end (samples), 5 now (ms), 6 TTL (s)
-- Returns 1, or 0 when the file has ended or is another worker's.
local state, holder = unpack(redis.call('HMGET', KEYS[1], 'state', 'holder'))
if state ~= 'working' or holder ~= ARGV[1] then return 0 end
if redis.call('LLEN', KEYS[2]) ~= tonumber(ARGV[2]) then return 0 end
redis.call('RPUSH', KEYS[2], ARGV[3])
redis.call('HSET', KEYS[1], 'touched', ARGV[5], 'tries', 0)
-- one channel's segment may end before an earlier one of another
if tonumber(ARGV[4]) > tonumber(redis.call('HGET', KEYS[1], 'done') or 0) then
  redis.call('HSET', KEYS[1], 'done', ARGV[4])
end
redis.call('EXPIRE', KEYS[1], ARGV[6])
redis.call('EXPIRE', KEYS[2], ARGV[6])
return 1
