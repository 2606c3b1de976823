-- Moves a message that a worker has taken into Celery's record of what is being worked on.
-- KEYS: 1 list of taken messages, 2 unacked, 3 unacked_index, 4 queue.
-- ARGV: 1 delivery tag, 2 now (s), 3 exchange, 4 routing key
-- Returns 1 more than there are left in the queue, or 0 when it is not among the taken ones: it was given back.
for _, message in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  if string.find(message, ARGV[1], 1, true) then
    local record = '[' .. message .. ',' .. cjson.encode(ARGV[3]) .. ',' .. cjson.encode(ARGV[4]) .. ']'
    redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
    redis.call('HSET', KEYS[2], ARGV[1], record)
    redis.call('LREM', KEYS[1], 1, message)
    return 1 + redis.call('LLEN', KEYS[4])
  end
end
return 0
