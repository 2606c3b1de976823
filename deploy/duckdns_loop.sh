#!/bin/sh
# Tells DuckDNS this machine's address every five minutes. The token goes to curl by its standard input, so that no
# list of processes shows it.
set -eu
: "${DUCKDNS_SUBDOMAIN:?Set DUCKDNS_SUBDOMAIN in .env: the part before .duckdns.org.}"
: "${DUCKDNS_TOKEN:?Set DUCKDNS_TOKEN in .env: it is on your page at duckdns.org.}"
trap 'exit 0' TERM INT
told=
while :; do
  answer=$(printf 'url = "%s?domains=%s&token=%s&ip="\n' "$DUCKDNS_URL" "$DUCKDNS_SUBDOMAIN" "$DUCKDNS_TOKEN" |
    curl --silent --show-error --fail --max-time 30 --config - 2>&1) || true
  case $answer in
    OK*) pause=300 ;;
    KO*) pause=300 answer="DuckDNS refuses: are DUCKDNS_SUBDOMAIN and DUCKDNS_TOKEN right?" ;;
    *) pause=60 ;;
  esac
  if [ "$answer" != "$told" ]; then echo "$DUCKDNS_SUBDOMAIN: $answer"; told=$answer; fi
  sleep "$pause" &
  wait $!
done
