-- Takes a file to work on it. KEYS: 1 its hash. ARGV: 1 who takes it, 2 now (ms), 3 how long one is held unheard (ms), 4 TTL (s)
-- Returns how often it was taken without progress, 0 when it has ended or is gone, -1 when another is on it.
local state, holder, touched = unpack(redis.call('HMGET', KEYS[1], 'state', 'holder', 'touched'))
if state ~= 'waiting' and state ~= 'working' then return 0 end
if holder and holder ~= ARGV[1] and tonumber(ARGV[2]) - tonumber(touched) < tonumber(ARGV[3]) then return -1 end
redis.call('HSET', KEYS[1], 'state', 'working', 'holder', ARGV[1], 'touched', ARGV[2])
redis.call('EXPIRE', KEYS[1], ARGV[4])
local tries = redis.call('HINCRBY', KEYS[1], 'tries', 1)
if tries < 1 then  -- it was given back after progress, and that try was not counted
  redis.call('HSET', KEYS[1], 'tries', 1)
  return 1
end
return tries
