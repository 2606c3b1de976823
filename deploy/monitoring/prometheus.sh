#!/bin/sh
# Starts Prometheus with the gateway's token, the first where there are several, in a file that it reads.
set -eu
token=${ACCESS_TOKEN:-}
if [ -z "$token" ] && [ -n "${ACCESS_TOKEN_FILE:-}" ]; then token=$(cat "$ACCESS_TOKEN_FILE"); fi
umask 077
printf '%s' "${token:-none}" | tr ',\r' '\n\n' | sed 's/^ *//; s/ *$//' | grep -m 1 . > "${TOKEN_FILE:-/tmp/access_token}"
unset ACCESS_TOKEN token
exec "${PROMETHEUS:-/bin/prometheus}" --config.file="${CONFIG:-/monitoring/prometheus.yml}" "$@"
