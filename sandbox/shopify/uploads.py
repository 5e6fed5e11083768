"""Files that were staged and uploaded, each under the key that its parameters name."""

from __future__ import annotations

import hashlib
import uuid
from pathlib import Path


class Uploads:
    """What was staged, by its key; a key that nothing was uploaded to has no file."""

    def __init__(self, folder: Path, secret: str) -> None:
        self._folder, self._secret = folder, secret
        folder.mkdir(parents=True, exist_ok=True)

    def stage(self, shop_id: int, filename: str, mime_type: str) -> list[dict[str, str]]:
        """The parameters of a new target, the file's own `key` among them."""
        key = f"tmp/{shop_id}/bulk/{uuid.uuid4()}/{Path(filename).name}"
        given = {
            "key": key,
            "Content-Type": mime_type,
            "success_action_status": "201",
            "acl": "private",
            "policy": "stand-in",
            "signature": self._sign(key),
        }
        return [{"name": name, "value": value} for name, value in given.items()]

    def store(self, form: dict[str, str], content: bytes) -> bool:
        """Keep a file under its key; False when the form is not what was staged."""
        key = form.get("key", "")
        if form.get("signature") != self._sign(key) or form.get("policy") != "stand-in":
            return False
        self._path(key).write_bytes(content)
        return True

    def find(self, key: str, shop_id: int) -> Path | None:
        """The file of a key of this shop, if there is one."""
        path = self._path(key)
        return path if key.startswith(f"tmp/{shop_id}/") and path.is_file() else None

    def _path(self, key: str) -> Path:
        return self._folder / hashlib.sha256(key.encode()).hexdigest()

    def _sign(self, key: str) -> str:
        return hashlib.sha256(f"{self._secret}:{key}".encode()).hexdigest()
