"""What hub.yaml says of a REST API."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from connectors.http import HttpOptions
from connectors.options import Options
from warranty_hub.settings import ZoneName


class NumberedPages(Options):
    """Pages by number."""

    kind: Literal["page_number"]
    page: str = Field("page", description="Parameter with the page's number")
    first: int = Field(1, description="Number of the first page")
    size: str | None = Field(None, description="Parameter with the records a page; default none is sent")
    per_page: int = Field(100, ge=1, description="Records to ask for at once")


class OffsetPages(Options):
    """Pages by the number of records before them."""

    kind: Literal["offset"]
    offset: str = Field("offset", description="Parameter with the number of records to pass over")
    size: str = Field("limit", description="Parameter with the records a page")
    per_page: int = Field(100, ge=1, description="Records to ask for at once")


class TokenPages(Options):
    """Each answer holds a token for the next page."""

    kind: Literal["cursor"]
    next: str = Field(description="Where an answer has the token; empty or absent after the last page")
    token: str = Field("cursor", description="Parameter in which it is sent back")
    size: str | None = Field(None, description="Parameter with the records a page; default none is sent")
    per_page: int = Field(100, ge=1, description="Records to ask for at once")


class LinkedPages(Options):
    """Each answer holds the address of the next page."""

    kind: Literal["link"]
    next: str | None = Field(None, description="Where an answer has the address; default its Link header (RFC 8288)")
    size: str | None = Field(None, description="Parameter with the records a page; default none is sent")
    per_page: int = Field(100, ge=1, description="Records to ask for at once")


class SinglePage(Options):
    """One answer holds all."""

    kind: Literal["none"] = "none"


class ChangeTimes(Options):
    """How to ask for what changed."""

    since: str = Field(description="Parameter with the earliest change time")
    until: str | None = Field(None, description="Parameter with the latest one; default none is sent")
    form: str = Field("iso", description="`iso`, `epoch` (seconds), `epoch_ms`, or a pattern such as %Y-%m-%d %H:%M:%S")
    zone: ZoneName | None = Field(None, description="Zone in which they are written; default the source's")


Paging = Annotated[NumberedPages | OffsetPages | TokenPages | LinkedPages | SinglePage, Field(discriminator="kind")]


class RestStream(Options):
    """One list of records."""

    path: str = Field(description="Path below the connection's address")
    query: dict[str, str] = Field(default_factory=dict, description="Parameters sent with every call")
    records: str = Field("", description="Where an answer has its records: data.items; default the answer is the list")
    total: str | None = Field(None, description="Where an answer has the number of all records; saves calls and finds gaps")
    paging: Paging = Field(default_factory=SinglePage, description="How the next page is asked for")
    key: tuple[str, ...] = Field(min_length=1, description="Fields that identify a record; dots go down")
    cursor: str | None = Field(None, description="Field with the time of the last change")
    changed: ChangeTimes | None = Field(None, description="How to ask for a window; default every window is the whole list")
    ordered: bool = Field(False, description="Whether the list comes in the order of its change times")
    sweepable: bool = Field(False, description="Whether the list holds every record, so that a missing one was deleted")


class LoginOptions(Options):
    """How the hub proves who it is; the secret itself is the connection's password."""

    kind: Literal["none", "basic", "bearer", "api_key", "oauth2"] = Field(
        default="none",
        description="`basic`: user and password; `bearer`, `api_key`: the password in a header; `oauth2`: client credentials",
    )
    header: str = Field(default="X-Api-Key", description="Header of an `api_key`")
    token_path: str = Field(default="oauth/token", description="`oauth2`: where tokens are given")
    token: str = Field(default="access_token", description="`oauth2`: where the answer has the token")
    scope: str | None = Field(default=None, description="`oauth2`: scope to ask for")
    client_in: Literal["body", "header"] = Field(
        default="body", description="`oauth2`: where client and secret stand (RFC 6749, 2.3.1)"
    )


class ErrorRule(Options):
    """When an answer with status 200 is an error: its code is none of the good ones."""

    path: str = Field(description="Where an answer has its code")
    good: tuple[str | int | bool | None, ...] = Field(
        alias="not", description="Codes that are no error; null where it is absent"
    )
    message: str | None = Field(None, description="Where the system's own words stand")
    login: tuple[str | int, ...] = Field((), description="Codes that ask for a new login")
    busy: tuple[str | int, ...] = Field((), description="Codes that ask to slow down")


class RestOptions(Options):
    """The options of a source of system ``rest_tickets``."""

    zone: ZoneName
    streams: dict[str, RestStream] = Field(min_length=1)
    login: LoginOptions = Field(LoginOptions(), description="How the hub proves who it is")
    error_when: ErrorRule | None = Field(None, description="Errors inside an answer with status 200")
    headers: dict[str, str] = Field(default_factory=dict, description="Headers sent with every call; no secrets")
    http: HttpOptions = HttpOptions()


def at(body: Any, path: str) -> Any:
    """The value at a path; dots go down, an empty path is the whole. None where there is nothing."""
    value = body
    for step in path.split(".") if path else ():
        value = value.get(step) if isinstance(value, Mapping) else None
    return value
