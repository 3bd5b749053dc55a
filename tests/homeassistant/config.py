"""The configuration of a Home Assistant that listens on loopback alone and has an owner before its first start."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

PORT = 8123

_USER, _TOKEN, _KEY = "0" * 31 + "1", "0" * 31 + "2", "00" * 64

_YAML = """\
homeassistant:
  name: Judge
  latitude: 52.37
  longitude: 4.89
  elevation: 2
  unit_system: metric
  time_zone: Europe/Amsterdam
  currency: EUR
  country: NL
  language: en
  internal_url: http://127.0.0.1:{port}
  external_url: http://127.0.0.1:{port}
ffmpeg:
  ffmpeg_bin: {ffmpeg}
logger:
  default: warning
{integrations}"""

INTEGRATIONS = (
    *("api", "websocket_api", "config", "auth", "onboarding", "zeroconf"),
    *("demo", "conversation", "intent", "media_source", "assist_pipeline"),
)


def write(folder: Path, ffmpeg: str) -> str:
    """Write it into `folder`; the access token of its owner."""
    integrations = "".join(f"{name}:\n" for name in INTEGRATIONS)
    (folder / "configuration.yaml").write_text(_YAML.format(port=PORT, ffmpeg=ffmpeg, integrations=integrations))
    (folder / ".storage").mkdir()
    for key, version, data in (
        # `http:` in YAML is a trial of five minutes, after which Home Assistant exits; this counts as confirmed
        ("http", (3, 1), {"stable": _http(), "pending": None, "yaml_migration_done": True}),
        ("auth", (1, 1), _auth()),
        ("onboarding", (4, 1), {"done": ["user", "core_config", "analytics", "integration"]}),
    ):
        stored = {"version": version[0], "minor_version": version[1], "key": key, "data": data}
        (folder / ".storage" / key).write_text(json.dumps(stored))
    return _access_token()


def _http() -> dict[str, Any]:
    return {
        "server_port": PORT,
        "server_host": ["127.0.0.1"],
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": False,
        "ssl_profile": "intermediate_v6",
        "use_x_frame_options": True,
        "created_at": "2026-01-01T00:00:00+00:00",
        "error": None,
        "error_message": None,
    }


def _auth() -> dict[str, Any]:
    owner = {
        "id": _USER,
        "group_ids": ["system-admin"],
        "is_owner": True,
        "is_active": True,
        "name": "Judge",
        "system_generated": False,
        "local_only": False,
    }
    token = {
        "id": _TOKEN,
        "user_id": _USER,
        "client_id": None,
        "client_name": "judge",
        "client_icon": None,
        "token_type": "long_lived_access_token",
        "created_at": "2026-01-01T00:00:00+00:00",
        "access_token_expiration": 315360000.0,
        "token": _KEY,
        "jwt_key": _KEY,
        "last_used_at": None,
        "last_used_ip": None,
        "expire_at": None,
        "credential_id": None,
        "version": None,
    }
    groups = [{"id": f"system-{kind}", "name": kind} for kind in ("admin", "users", "read-only")]
    return {"users": [owner], "groups": groups, "credentials": [], "refresh_tokens": [token]}


def _access_token() -> str:
    """As Home Assistant makes them: a JSON web token (RFC 7519), signed with the key of the refresh token."""
    claims = {"iss": _TOKEN, "iat": 1767225600, "exp": 2082585600}
    body = _part({"alg": "HS256", "typ": "JWT"}) + b"." + _part(claims)
    signature = hmac.new(_KEY.encode(), body, hashlib.sha256).digest()
    return (body + b"." + _base64(signature)).decode()


def _part(data: dict[str, Any]) -> bytes:
    return _base64(json.dumps(data, separators=(",", ":")).encode())


def _base64(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
