#!/usr/bin/env bash
# Installs the Debian packages that the tests need, those that are missing, where that is allowed.
set -euo pipefail
declare -A packages=(
  [redis-server]=redis-server [chromium]=chromium [espeak-ng]=espeak-ng [flite]=flite [node]=nodejs [npm]=npm
  [pulseaudio]=pulseaudio [ffmpeg]=ffmpeg [prometheus]=prometheus
)
missing=()
for program in "${!packages[@]}"; do command -v "$program" >/dev/null || missing+=("${packages[$program]}"); done
[ -x /usr/sbin/nginx ] || command -v nginx >/dev/null || missing+=(nginx) # not on everybody's PATH
library() { ldconfig -p | grep -q "$1"; }
library libportaudio.so.2 || missing+=(libportaudio2)
find /usr/lib -name libasound_module_pcm_pulse.so 2>/dev/null | grep -q . || missing+=(libasound2-plugins)
command -v firefox-esr >/dev/null || command -v firefox >/dev/null || missing+=(firefox-esr)
fc-list :lang=ko 2>/dev/null | grep -q . || missing+=(fonts-nanum) # Korean on screenshots
# Human voices, and in a package of their own what they say: in /usr/share/doc, which slim systems leave out.
for language in en es fr it ru; do
  sounds=asterisk-core-sounds-$language
  compgen -G "/usr/share/asterisk/sounds/${language}_*_*/digits/1.g722" >/dev/null || missing+=("$sounds-g722")
  [ -e "/usr/share/doc/$sounds/core-sounds-$language.txt.gz" ] || missing+=("$sounds")
done
compgen -G "/usr/share/asterisk/moh/*.g722" >/dev/null || missing+=(asterisk-moh-opsound-g722) # music without words
[ ${#missing[@]} -eq 0 ] && exit 0

sudo=()
if [ "$(id -u)" -ne 0 ]; then
  if sudo -n true 2>/dev/null; then sudo=(sudo -n); else
    echo "The tests need: ${missing[*]}. Install them, for example: sudo apt-get install ${missing[*]}" >&2
    exit 1
  fi
fi
command -v apt-get >/dev/null || { echo "The tests need: ${missing[*]} (no apt-get here)." >&2; exit 1; }
echo "installing ${missing[*]}"
"${sudo[@]}" apt-get update -qq
known=()
for package in "${missing[@]}"; do
  if apt-cache show "$package" >/dev/null 2>&1; then known+=("$package"); else echo "no package $package here"; fi
done
[ ${#known[@]} -eq 0 ] && exit 0
DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends --reinstall \
  -o Dpkg::Options::="--path-include=/usr/share/doc/asterisk-core-sounds-*" "${known[@]}" >/dev/null
# The tests start a Prometheus and an nginx of their own; the packages' need not run.
for service in prometheus nginx; do
  if [[ " ${known[*]} " == *" $service "* ]] && command -v systemctl >/dev/null; then
    "${sudo[@]}" systemctl disable -q --now "$service" 2>/dev/null || true
  fi
done
