"""docs/clients.md names the programs of this folder, the versions whose code their tests follow, and what there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from contract.upload_settings import UploadSettings
from fastapi_service.access.origins import Origins
from fastapi_service.settings import GatewaySettings
from harness.processes import ROOT
from tests.clients.conftest import ORIGINS
from tests.clients.wire import TRANSCRIPTIONS

DOCUMENT = (ROOT / "docs" / "clients.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+)\n((?:(?!## ).*\n)*)", DOCUMENT, re.MULTILINE))
OTHERS = {"test_document.py"}
MODULES = sorted(path for path in Path(__file__).parent.glob("test_*.py") if path.name not in OTHERS)
NAMES = {"home_assistant": "Home Assistant", "librechat": "LibreChat", "n8n": "n8n", "obsidian": "Obsidian"}
NAMES |= {"open_webui": "open-webui", "openai": "OpenAI's clients", "subtitle_edit": "Subtitle Edit"}
OURS = {name.upper() for name in {*GatewaySettings.model_fields, *UploadSettings.model_fields}}
ELSEWHERE = ("AUDIO_", "OPENAI_", "STT_", "WYOMING_", "WHISPER_LANGUAGE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS")
NO_SETTINGS = ("SERVER", "GET", "POST", "DOMAIN")


def test_every_program_has_a_section_and_a_module() -> None:
    assert set(SECTIONS) == set(NAMES.values())
    assert {path.stem.removeprefix("test_") for path in MODULES} == set(NAMES)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_the_version_is_that_of_the_test(path: Path) -> None:
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    section = SECTIONS[NAMES[path.stem.removeprefix("test_")]]
    versions = re.findall(r"\b\d+\.\d+\.\d+\b", told)
    assert versions, "which version it follows"
    assert [version for version in versions if version not in section] == []
    assert "*Checked:*" in section


def test_the_origins_are_those_that_are_tried() -> None:
    (listed,) = re.findall(r"^ALLOWED_ORIGINS=(.+)$", DOCUMENT, re.MULTILINE)
    assert tuple(listed.split(",")) == ORIGINS
    Origins(listed)


def test_settings_and_addresses_exist() -> None:
    named = set(re.findall(r"`([A-Z][A-Z_]+)\b", DOCUMENT))
    assert {name for name in named if not name.startswith((*ELSEWHERE, *NO_SETTINGS))} - OURS == set()
    assert f"SERVER{TRANSCRIPTIONS}" in DOCUMENT
    (limit,) = re.findall(r"`LOGIN_FAILURES_PER_MIN` \((\d+)\)", DOCUMENT)
    assert int(limit) == GatewaySettings.model_fields["login_failures_per_min"].default
