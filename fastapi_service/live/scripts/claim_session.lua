-- Makes room for one more session: forgets expired ones, and ends those that were unused for longest where there are too many.
-- KEYS: 1 sorted set of sessions. ARGV: 1 most sessions, 2 now (ms), 3 TTL (ms), 4 in use when used within (ms),
--       5 and more: patterns of the keys of a session, with {} for its id
-- Returns 1, or 0 when all of them are in use.
local now = tonumber(ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[3]))
while redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) do
  local oldest = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
  if tonumber(oldest[2]) > now - tonumber(ARGV[4]) then return 0 end
  local keys = {}
  for number = 5, #ARGV do keys[#keys + 1] = string.gsub(ARGV[number], '{}', oldest[1]) end
  redis.call('DEL', unpack(keys))
  redis.call('ZREM', KEYS[1], oldest[1])
end
return 1
