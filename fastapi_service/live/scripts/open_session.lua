-- Opens or resumes a session, as its newest connection.
-- KEYS: 1 session hash, 2 sorted set of sessions.
-- ARGV: 1 '1' to create it, 2 oldest position the client holds or -1, 3 TTL (s), 4 now (ms), 5 session
-- Returns nil when it is unknown, else {epoch, position, seq, recorded end or -1}.
if ARGV[1] == '1' then
  redis.call('HSET', KEYS[1], 'position', 0, 'seq', 0, 'epoch', 0)
elseif redis.call('HEXISTS', KEYS[1], 'epoch') == 0 then
  return false
end
local epoch = redis.call('HINCRBY', KEYS[1], 'epoch', 1)
local fields = redis.call('HMGET', KEYS[1], 'position', 'seq', 'cut_end')
local position, seq, cut_end = tonumber(fields[1]), tonumber(fields[2]), tonumber(fields[3] or -1)
local held = tonumber(ARGV[2])
if held < 0 and cut_end > position then
  position = cut_end -- the audio of the cut is gone from the client; what comes next is new speech
elseif held > position then
  position = held -- older audio is gone from the client as well
end
if cut_end <= position then cut_end = -1 end
redis.call('HSET', KEYS[1], 'position', position)
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('ZADD', KEYS[2], ARGV[4], ARGV[5])
redis.call('EXPIRE', KEYS[2], ARGV[3])
return {epoch, position, seq, cut_end}
