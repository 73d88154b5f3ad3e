"""Who an SFTP server is: known by its key, as ``ssh-keygen -l`` writes it (``SHA256:…``), before a password is sent to it."""

import base64
import hashlib
from typing import Any

from warranty_hub.errors import ConfigError


def known_by(fingerprint: str | None, shown: str) -> Any:
    """A policy for paramiko that takes the server with this fingerprint and no other. Raises ImportError without paramiko.

    The policy raises ConfigError, which names the fingerprint that was seen; ``shown`` is the address for people.
    """
    import paramiko  # type: ignore[import-untyped]

    class KnownServer(paramiko.MissingHostKeyPolicy):  # type: ignore[misc]
        def missing_host_key(self, client: object, hostname: str, key: Any) -> None:
            seen = "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")
            if seen != fingerprint:
                wanted = f"not {fingerprint}" if fingerprint else "and the connection names none"
                raise ConfigError(
                    f"The server of {shown} has the key {seen}, {wanted}",
                    remedy='Compare it with `ssh-keygen -l` on the server, then set the extra {"host_key": "SHA256:…"}.',
                )

    return KnownServer()
