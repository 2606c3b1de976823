"""The self-signed certificate, and the change to Let's Encrypt's."""

from __future__ import annotations

import asyncio
import ssl

from contract.messages import Result
from harness.processes import wait_until
from harness.speech import Clip
from recorder_service.client.client import ConnectionState, StreamClient
from tests.compose.compose_stack import (
    DOMAIN,
    NGINX_IMAGE,
    ComposeStack,
    Outcome,
    all_read,
    apart,
    docker,
    read_outcomes,
    speak,
)


def shown(containers: ComposeStack) -> str:
    """The certificate that nginx shows, as PEM."""
    return ssl.get_server_certificate(("127.0.0.1", containers.https_port), timeout=10)


def issue(containers: ComposeStack) -> str:
    """Put a certificate where certbot puts its: a folder of archives, and links to the newest. Returns it as PEM."""
    script = f"""
        set -eu
        archive=/etc/letsencrypt/archive/{DOMAIN} live=/etc/letsencrypt/live/{DOMAIN}
        mkdir -p $archive $live
        number=$(( $(ls $archive | wc -l) / 2 + 1 ))
        openssl req -x509 -newkey rsa:2048 -nodes -days 90 -subj /CN={DOMAIN} -addext subjectAltName=DNS:{DOMAIN} \
            -keyout $archive/privkey$number.pem -out $archive/fullchain$number.pem 2>/dev/null
        chmod 600 $archive/privkey$number.pem
        chmod 700 /etc/letsencrypt/archive /etc/letsencrypt/live
        for name in privkey fullchain; do
            ln -sfn ../../archive/{DOMAIN}/$name$number.pem $live/$name.pem
        done
        cat $live/fullchain.pem
    """
    volume = f"{containers.project}_letsencrypt:/etc/letsencrypt"
    return docker("run", "--rm", "--network", "none", "-v", volume, "--entrypoint", "sh", NGINX_IMAGE, "-c", script)


def test_the_self_signed_certificate_is_kept_over_a_restart(containers: ComposeStack) -> None:
    before = shown(containers)
    containers.compose("restart", "nginx")
    containers.wait_ready()
    assert shown(containers) == before
    text = containers.exec("nginx", "openssl", "x509", "-in", "/etc/nginx/tls/current/fullchain.pem", "-noout", "-text")
    assert f"DNS:localhost, IP Address:127.0.0.1, DNS:{DOMAIN}" in text


def test_certbot_can_answer_a_challenge(containers: ComposeStack) -> None:
    folder = "/var/www/acme/.well-known/acme-challenge"
    script = f"mkdir -p {folder} && echo the-answer > {folder}/token"
    volume = f"{containers.project}_acme:/var/www/acme"
    docker("run", "--rm", "--network", "none", "-v", volume, "--entrypoint", "sh", NGINX_IMAGE, "-c", script)
    status, _, body = containers.get("/.well-known/acme-challenge/token", scheme="http")
    assert (status, body) == (200, b"the-answer\n")


def test_a_certificate_of_lets_encrypt_is_taken_over_with_no_connection_dropped(
    containers: ComposeStack, clip: Clip
) -> None:
    states: list[ConnectionState] = []
    outcomes: list[Outcome] = []

    def renew() -> None:
        issued = issue(containers)
        wait_until(lambda: shown(containers).strip() == issued.strip(), 30, "nginx shows the new certificate")

    async def stream() -> None:
        client = StreamClient(containers.ws_url, insecure=True, language="en", on_state=states.append)
        async with client:
            reading = asyncio.create_task(read_outcomes(client, outcomes))
            for _ in range(2):  # the first, and its renewal
                await asyncio.to_thread(renew)
                await speak(client, clip.pcm)
                assert await client.drain(60)
            await all_read(client, outcomes)
        await reading

    apart(stream())
    assert [state.state for state in states] == ["connected"]
    assert len(outcomes) == 2
    assert all(isinstance(outcome, Result) for outcome in outcomes)
    containers.exec("nginx", "nginx", "-t", "-q")


def test_nginx_starts_with_the_certificate_of_lets_encrypt(containers: ComposeStack) -> None:
    issued = issue(containers)
    containers.compose("restart", "nginx")
    containers.wait_ready()
    assert shown(containers).strip() == issued.strip()
    containers.exec("nginx", "nginx", "-t", "-q")
