#!/bin/sh
# Gets a Let's Encrypt certificate for DOMAIN through nginx's webroot, then renews it in time, for ever. nginx looks
# for the files by itself (nginx/certificate.sh). Failed attempts are an hour apart: the authority allows five an hour.
set -eu
: "${DOMAIN:?Set DOMAIN in .env to the name that leads to this machine.}"
renew_every_sec=43200
retry_after_sec=${CERTBOT_RETRY_SEC:-3600}
trap 'exit 0' TERM INT

set -- certonly --webroot --webroot-path /var/www/acme --domain "$DOMAIN" --cert-name "$DOMAIN" \
  --keep-until-expiring --non-interactive --agree-tos
if [ -n "${CERTBOT_EMAIL:-}" ]; then set -- "$@" --email "$CERTBOT_EMAIL"; else set -- "$@" --register-unsafely-without-email; fi
if [ -n "${CERTBOT_STAGING:-}" ]; then set -- "$@" --staging; fi

while :; do
  if certbot "$@"; then pause=$renew_every_sec; else
    pause=$retry_after_sec
    echo "no certificate for $DOMAIN yet: does the name lead to this machine, and is port 80 open? Again in $pause s" >&2
  fi
  sleep "$pause" &
  wait $!
done
