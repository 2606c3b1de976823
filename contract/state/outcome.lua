-- Ends one utterance, exactly once, whichever service does it.
-- KEYS: 1 done marker, 2 session hash, 3 session's outcome stream, 4 outcome stream of all, 5 and 6 counters of
--       tries, 7 stream of what was given up
-- ARGV: 1 event as a JSON object without seq, 2 session TTL (s), 3 session stream's bound, 4 stream's bound,
--       5 channel, 6 record of an utterance that is given up, else empty, 7 that stream's bound, 8 its TTL (s)
-- Returns the sequence number, or 0 when the utterance had ended before.
if not redis.call('SET', KEYS[1], '1', 'NX', 'EX', ARGV[2]) then
  return 0
end
local seq = redis.call('HINCRBY', KEYS[2], 'seq', 1)
local event = '{"seq":' .. seq .. ',' .. string.sub(ARGV[1], 2)
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[3], seq .. '-0', 'event', event)
redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[4], '*', 'event', event)
redis.call('EXPIRE', KEYS[2], ARGV[2])
redis.call('EXPIRE', KEYS[3], ARGV[2])
redis.call('EXPIRE', KEYS[4], ARGV[2])
redis.call('DEL', KEYS[5], KEYS[6])
if ARGV[6] ~= '' then
  redis.call('XADD', KEYS[7], 'MAXLEN', '~', ARGV[7], '*', 'utterance', ARGV[6])
  redis.call('EXPIRE', KEYS[7], ARGV[8])
end
redis.call('PUBLISH', ARGV[5], event)
return seq
