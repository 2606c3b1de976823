-- Records where an utterance ends, before its task is sent. Refuses a connection that was taken over.
-- KEYS: 1 session hash, 2 queue, 3 done marker, 4 its audio for partials. ARGV: 1 epoch, 2 start, 3 end, 4 longest queue
-- Returns 1, or 0 when the utterance has ended already, or -1 when the session is another connection's (or gone), or -2 when the queue is full.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then return -1 end
redis.call('DEL', KEYS[4])
if redis.call('EXISTS', KEYS[3]) == 1 then return 0 end
if redis.call('LLEN', KEYS[2]) >= tonumber(ARGV[4]) then return -2 end
redis.call('HSET', KEYS[1], 'cut_start', ARGV[2], 'cut_end', ARGV[3])
return 1
