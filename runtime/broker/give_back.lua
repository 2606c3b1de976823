-- Gives messages back to their queue that were taken and never recorded, as the next to be taken.
-- KEYS: 1 list of taken messages, 2 queue. ARGV: digests of those that were there a while ago
-- Returns the digests of those that are there now and stay.
local overdue, stay = {}, {}
for _, digest in ipairs(ARGV) do overdue[digest] = true end
for _, message in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local digest = redis.sha1hex(message)
  if overdue[digest] then
    redis.call('LREM', KEYS[1], 1, message)
    redis.call('RPUSH', KEYS[2], message)
  else
    table.insert(stay, digest)
  end
end
return stay
