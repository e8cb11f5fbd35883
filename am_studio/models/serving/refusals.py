"""A request that the server cannot answer, in OpenAI's error format."""

from __future__ import annotations

import json


class Refused(Exception):
    """A request that gets an error for an answer: its status, and one plain sentence."""

    def __init__(self, status: int, message: str, *, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        """The field of the request that is wrong."""
        self.code = code

    @property
    def body(self) -> bytes:
        """The error as OpenAI's API words it."""
        return error_body(self.status, self.message, param=self.param, code=self.code)


_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}


def error_body(status: int, message: str, *, param: str | None = None, code: str | None = None) -> bytes:
    """The JSON of an error."""
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    error = {"message": message, "type": kind, "param": param, "code": code}
    return json.dumps({"error": error}).encode()
