"""Secrets that stand in no configuration: from the environment, or from systemd (systemd.exec(5), LoadCredential=)."""

import os
from pathlib import Path

from assistant.errors import AssistantError, Code


def secret(name: str) -> str | None:
    """Return the variable `name`, else the service's credential of that name without the line end; None if neither is.

    Other programs of the same user can read a process's environment; a credential is a file that only the service
    sees. Raises `AssistantError` (`config.invalid`) if it cannot be read, or is no text.
    """
    value = os.environ.get(name)
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    if value is not None or not folder or Path(name).name != name:
        return value
    path = Path(folder) / name
    try:
        return path.read_text("utf-8").rstrip("\r\n") if path.is_file() else None
    except (OSError, UnicodeDecodeError) as error:
        raise AssistantError(Code.CONFIG_INVALID, f"the credential {name} cannot be read ({error})") from error
