#!/bin/sh
# Run by the nginx image before nginx starts: /etc/nginx/tls/current becomes the folder of the certificate to show,
# Let's Encrypt's for DOMAIN once certbot has got one, else a self-signed one that is made here. A watch in the
# background looks for changes and has nginx load them: open connections stay with the old processes until they end.
set -eu
umask 077
tls=/etc/nginx/tls
own=$tls/self-signed
domain=${DOMAIN:-}
live=/etc/letsencrypt/live/$domain
days=800
renew_within_sec=2592000
say() { echo "certificate: $*"; }

case $domain in *[!A-Za-z0-9.-]*) say "DOMAIN=$domain is no host name" >&2; exit 1 ;; esac

make_self_signed() {
  names=DNS:localhost,IP:127.0.0.1${domain:+,DNS:$domain}
  if [ -s "$own/fullchain.pem" ] && [ "$(cat "$own/names" 2>/dev/null)" = "$names" ] &&
    openssl x509 -in "$own/fullchain.pem" -noout -checkend "$renew_within_sec" >/dev/null; then return 0; fi
  command -v openssl >/dev/null || { say "there is no openssl in this image to make one with" >&2; return 1; }
  rm -rf "$own.new"
  mkdir -p "$own.new"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days "$days" -sha256 \
    -subj "/CN=${domain:-localhost}" -addext "subjectAltName=$names" -addext "extendedKeyUsage=serverAuth" \
    -keyout "$own.new/privkey.pem" -out "$own.new/fullchain.pem" 2>/dev/null
  printf '%s' "$names" > "$own.new/names"
  rm -rf "$own"
  mv "$own.new" "$own"
  say "made a self-signed one for $names: browsers will warn once"
}

choose() { # points /etc/nginx/tls/current at the right folder
  if [ -n "$domain" ] && [ -s "$live/fullchain.pem" ] && [ -s "$live/privkey.pem" ]; then folder=$live; else
    make_self_signed || return 1
    folder=$own
  fi
  if [ "$(readlink "$tls/current" 2>/dev/null)" = "$folder" ]; then return 0; fi
  ln -sfn "$folder" "$tls/current.new"
  mv -T "$tls/current.new" "$tls/current"
  say "using $folder"
}

shown() { cksum "$tls/current/fullchain.pem" "$tls/current/privkey.pem" 2>/dev/null || true; }

watch() {
  loaded=$(shown)
  while sleep "${CERTIFICATE_CHECK_SEC:-60}"; do
    choose || continue
    now=$(shown)
    if [ "$now" != "$loaded" ] && nginx -t -q && nginx -s reload; then
      loaded=$now
      say "loaded the new one"
    fi
  done
}

choose
watch </dev/null &
