-- Tells a session what was found out about its speakers, unless somebody else has told it something meanwhile.
-- KEYS: 1 hash of the session's speakers, 2 stream of their events, 3 outcome stream of all
-- ARGV: 1 the revision that was read, 2 new state, 3 all speakers as JSON or empty for no change, 4 session TTL (s),
--       5 session stream's bound, 6 stream's bound, 7 channel, then events as JSON objects without rev
-- Returns 1, or 0 when another revision is there.
if tonumber(redis.call('HGET', KEYS[1], 'rev') or 0) ~= tonumber(ARGV[1]) then return 0 end
redis.call('HSET', KEYS[1], 'state', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 'speakers', ARGV[3]) end
local rev = tonumber(ARGV[1])
for number = 8, #ARGV do
  rev = rev + 1
  local event = '{"rev":' .. rev .. ',' .. string.sub(ARGV[number], 2)
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], rev .. '-0', 'event', event)
  redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[6], '*', 'speakers', event)
  redis.call('PUBLISH', ARGV[7], event)
end
if #ARGV < 8 then rev = rev + 1 end  -- the state alone is new: who read the old one must read again
redis.call('HSET', KEYS[1], 'rev', rev)
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
redis.call('EXPIRE', KEYS[3], ARGV[4])
return 1
