#!/usr/bin/env bash
# WhisperTextAnalyzer on Azure, from nothing. Needs the Azure CLI, logged in (`az login`). deploy/README.md explains.
#   deploy/azure.sh up       a VM with ports 80 and 443 open, the containers on it, a Let's Encrypt certificate
#   deploy/azure.sh worker   one more VM that adds STT workers, on the first one's private network
#   deploy/azure.sh status   what runs on the first VM
#   deploy/azure.sh down     deletes all of it
# Settings are environment variables:
set -euo pipefail
cd "$(dirname "$0")"
NAME=${NAME:-whispertextanalyzer}               # of the resource group, the VMs, and with LABEL of the page's address
LABEL=${LABEL:-$NAME-$(id -un | tr -cd 'a-z0-9')}  # the page is at https://LABEL.LOCATION.cloudapp.azure.com
LOCATION=${LOCATION:-koreacentral}
SIZE=${SIZE:-Standard_B2ms}                     # 2 cores, 8 GB: enough for WHISPER_MODEL=base
REPOSITORY=${REPOSITORY:-$(git remote get-url origin 2>/dev/null || true)}  # an address that the VM can clone
REF=${REF:-main}                                # branch or tag
ENV_FILE=${ENV_FILE:-}                          # further lines for .env on the first VM
SSH_FROM=${SSH_FROM:-}                          # your address, to open port 22 for it alone; closed otherwise
WORKERS=${WORKERS:-1}                           # STT workers on the second VM
address=10.20.0.10                              # of the first VM in the private network
domain=$LABEL.$LOCATION.cloudapp.azure.com

die() { echo "$*" >&2; exit 1; }

custom_data() { # .env content, options of docker compose -> a file for --custom-data
  [ -n "$REPOSITORY" ] || die "Set REPOSITORY to an address that the VM can clone, for example https://github.com/you/WhisperTextAnalyzer.git"
  local file
  file=$(mktemp)
  sed -e "s|@REPOSITORY@|$REPOSITORY|; s|@REF@|$REF|; s|@COMPOSE@|$2|; s|@ENV@|$(printf '%s\n' "$1" | base64 -w0)|" \
    -e '/^# /d' cloud-init.yaml > "$file"
  echo "$file"
}

on_first_vm() { # runs a script there; prints what it wrote
  az vm run-command invoke -g "$NAME" -n "$NAME" --command-id RunShellScript --scripts "$1" \
    --query 'value[0].message' -o tsv | sed -n '/^\[stdout\]/,/^\[stderr\]/p' | sed '1d;$d'
}

make_vm() { # name, security group, public address, private address, custom data, further options
  local vm=$1 nsg=$2 public=$3 private=$4 data=$5
  shift 5
  az vm create -g "$NAME" -n "$vm" -l "$LOCATION" --image Ubuntu2404 --size "$SIZE" --os-disk-size-gb 64 \
    --admin-username azureuser --generate-ssh-keys --vnet-name "$NAME-net" --subnet inside --nsg "$nsg" \
    --public-ip-address "$public" --private-ip-address "$private" --custom-data "$data" "$@" -o none
  rm -f "$data"
}

up() {
  local env data
  env="DOMAIN=$domain"$'\n'"COMPOSE_PROFILES=letsencrypt"
  if [ -n "$ENV_FILE" ]; then env+=$'\n'$(cat "$ENV_FILE"); fi
  data=$(custom_data "$env" "")
  az group create -n "$NAME" -l "$LOCATION" -o none
  az network vnet create -g "$NAME" -n "$NAME-net" -l "$LOCATION" --address-prefixes 10.20.0.0/24 \
    --subnet-name inside --subnet-prefixes 10.20.0.0/24 -o none
  az network nsg create -g "$NAME" -n "$NAME-web" -l "$LOCATION" -o none
  az network nsg rule create -g "$NAME" --nsg-name "$NAME-web" -n web --priority 100 --direction Inbound \
    --access Allow --protocol Tcp --destination-port-ranges 80 443 -o none
  if [ -n "$SSH_FROM" ]; then
    az network nsg rule create -g "$NAME" --nsg-name "$NAME-web" -n ssh --priority 110 --direction Inbound \
      --access Allow --protocol Tcp --source-address-prefixes "$SSH_FROM" --destination-port-ranges 22 -o none
  fi
  az network public-ip create -g "$NAME" -n "$NAME-ip" -l "$LOCATION" --sku Standard --allocation-method Static \
    --dns-name "$LABEL" --idle-timeout 30 -o none
  make_vm "$NAME" "$NAME-web" "$NAME-ip" "$address" "$data"
  echo "The VM is up. It now installs Docker, builds the images and fetches the models: ten minutes or so."
  for _ in $(seq 120); do
    if curl -fsSk -m 10 "https://$domain/readyz" 2>/dev/null; then
      echo
      echo "Ready: https://$domain (a certificate that browsers trust follows within a minute)"
      return
    fi
    sleep 15
  done
  die "https://$domain is not ready after 30 minutes. Look: deploy/azure.sh status"
}

worker() {
  local password data number vm
  # Redis is published on the private network from now on; the password is the random one of the first start.
  on_first_vm "cd /opt/whispertextanalyzer && sed -i '/^COMPOSE_FILE=/d; /^REDIS_BIND=/d' .env &&
    printf 'COMPOSE_FILE=docker-compose.yml:docker-compose.dev.yml\nREDIS_BIND=$address\n' >> .env &&
    docker compose up -d >/dev/null 2>&1"
  password=$(on_first_vm "cd /opt/whispertextanalyzer && docker compose exec -T redis cat /secrets/redis_password")
  [ -n "$password" ] || die "The first VM gave no password. Is it ready? deploy/azure.sh status"
  number=$(az vm list -g "$NAME" --query 'length(@)' -o tsv)
  vm=$NAME-worker-$number
  # No rules: nothing comes in from outside. The public address is the way out, for the model.
  az network nsg create -g "$NAME" -n "$vm" -l "$LOCATION" -o none
  data=$(custom_data "REDIS_HOST=$address"$'\n'"REDIS_PASSWORD=$password" "-f docker-compose.worker.yml")
  sed -i "s|up --build -d|up --build -d --scale stt_worker=$WORKERS|" "$data"
  make_vm "$vm" "$vm" "$vm-ip" "10.20.0.$((10 + number))" "$data" --public-ip-sku Standard
  echo "$vm joins in some minutes; see stt_workers in https://$domain/readyz"
}

status() {
  on_first_vm "cloud-init status; tail -n 20 /var/log/cloud-init-output.log; cd /opt/whispertextanalyzer && docker compose ps -a && docker compose logs --tail 15"
}

down() {
  az group delete -n "$NAME"
}

case ${1:-} in
  up | worker | status | down) "$1" ;;
  *) die "$(sed -n '2,7s/^# //p' azure.sh)" ;;
esac
