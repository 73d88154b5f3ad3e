"""Run inside asyncssh's environment: serves a folder over SFTP on loopback to one user.

python sftp_server.py <folder> <port> <user> <password> <file for the key's fingerprint>
"""

import asyncio
import sys
from pathlib import Path

import asyncssh  # type: ignore[import-not-found]

FOLDER, PORT, USER, PASSWORD, FINGERPRINT = sys.argv[1:]


class Door(asyncssh.SSHServer):  # type: ignore[misc]
    """Lets one user in."""

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == (USER, PASSWORD)


async def main() -> None:
    key = asyncssh.generate_private_key("ssh-ed25519")
    Path(FINGERPRINT).write_text(key.get_fingerprint())
    files = lambda channel: asyncssh.SFTPServer(channel, chroot=FOLDER)  # noqa: E731
    server = await asyncssh.listen("127.0.0.1", int(PORT), server_host_keys=[key], server_factory=Door, sftp_factory=files)
    await server.wait_closed()


asyncio.run(main())
