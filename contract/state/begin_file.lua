-- Begins the work on an uploaded file, or finds that the same one is known: in work, or done and kept.
-- KEYS: 1 content's id, 2 files in work, 3 the new file's hash, 4 its wanted marker
-- ARGV: 1 id, 2 job as JSON, 3 now (ms), 4 TTL (s), 5 most files, 6 TTL of wanted (s),
--       7 and 8 patterns of a file's hash and of its wanted marker, with {} for its id
-- Returns {id, 1} for a new one, {id, 0} for a known one, {} when no place is free.
local known = redis.call('GET', KEYS[1])
if known then
  local state = redis.call('HGET', (string.gsub(ARGV[7], '{}', known)), 'state')
  if state == 'waiting' or state == 'working' or state == 'done' then
    redis.call('SET', (string.gsub(ARGV[8], '{}', known)), '1', 'EX', ARGV[6])
    return {known, 0}
  end
end
if redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[5]) then return {} end
redis.call('HSET', KEYS[3], 'job', ARGV[2], 'state', 'waiting', 'done', 0, 'total', 0, 'touched', ARGV[3])
redis.call('EXPIRE', KEYS[3], ARGV[4])
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[4])
redis.call('SET', KEYS[4], '1', 'EX', ARGV[6])
redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return {ARGV[1], 1}
