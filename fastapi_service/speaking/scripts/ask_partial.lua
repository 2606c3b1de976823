-- Asks for a partial, or about a pause, unless speech recognition has other work: the utterance's new audio and the
-- request, or neither.
-- KEYS: 1 session hash, 2 speech queue, 3 list of requests, 4 audio of the utterance
-- ARGV: 1 epoch, 2 start, 3 offset of the new audio (bytes), 4 new audio, 5 request as a JSON object without times,
--       6 to be begun within (ms), 7 to be answered within (ms), 8 longest list, 9 list's TTL (s), 10 audio's TTL (s)
-- Returns 1, or 0 when there is a backlog, or -1 when the utterance is not this connection's or is cut already, or
-- -2 when the audio before the offset is not there any more.
local session = redis.call('HMGET', KEYS[1], 'epoch', 'cut_start')
if session[1] ~= ARGV[1] then return -1 end
if session[2] and tonumber(session[2]) >= tonumber(ARGV[2]) then return -1 end
if redis.call('LLEN', KEYS[2]) > 0 or redis.call('LLEN', KEYS[3]) >= tonumber(ARGV[8]) then return 0 end
if redis.call('STRLEN', KEYS[4]) < tonumber(ARGV[3]) then return -2 end
redis.call('SETRANGE', KEYS[4], ARGV[3], ARGV[4])
redis.call('EXPIRE', KEYS[4], ARGV[10])
local time = redis.call('TIME')
local now_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local times = string.format('{"begin_by_ms":%.0f,"answer_by_ms":%.0f,', now_ms + ARGV[6], now_ms + ARGV[7])
redis.call('LPUSH', KEYS[3], times .. string.sub(ARGV[5], 2))
redis.call('EXPIRE', KEYS[3], ARGV[9])
return 1
