"""A certificate authority of this test's own, made by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path

KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


class Authority:
    """`file`: its certificate, as those who trust it have it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self.file = folder / "ca.pem"
        self._key = folder / "ca.key"
        _openssl("req", "-x509", *KEY, "-days", "2", "-subj", "/CN=An authority of a test", "-addext",
                 "keyUsage=critical,keyCertSign", "-keyout", self._key, "-out", self.file)  # fmt: skip

    def issue(self, names: str) -> tuple[Path, Path]:
        """A server's certificate and key for `names` (`DNS:localhost,IP:127.0.0.1`)."""
        certificate, key, asked = (self._folder / f"server.{kind}" for kind in ("pem", "key", "csr"))
        extensions = self._folder / "extensions"
        extensions.write_text(f"subjectAltName={names}\nextendedKeyUsage=serverAuth\n", encoding="utf-8")
        _openssl("req", *KEY, "-subj", "/CN=server", "-keyout", key, "-out", asked)
        _openssl("x509", "-req", "-in", asked, "-CA", self.file, "-CAkey", self._key, "-CAcreateserial", "-days", "2",
                 "-extfile", extensions, "-out", certificate)  # fmt: skip
        return certificate, key


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
