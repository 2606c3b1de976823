#!/bin/sh
# Writes the Redis password to /secrets, for the services (redis_password) and for Redis (redis.conf): REDIS_PASSWORD
# if it is set, else a random one, made once. The volume is mounted nowhere else, so both files may be read by all there.
set -eu
umask 022
password=${REDIS_PASSWORD:-}
if [ -z "$password" ] && [ -s /secrets/redis_password ] && [ ! -e /secrets/chosen ]; then
  exit 0
fi
if [ -n "$password" ]; then
  : > /secrets/chosen
else
  rm -f /secrets/chosen
  password=$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')
fi
escaped=$(printf '%s' "$password" | sed 's/[\\"]/\\&/g')
printf 'requirepass "%s"\n' "$escaped" > /secrets/redis.conf.new
printf '%s\n' "$password" > /secrets/redis_password.new
mv /secrets/redis.conf.new /secrets/redis.conf
mv /secrets/redis_password.new /secrets/redis_password
echo "wrote the Redis password"
