"""Requests of strangers, described in pydantic: checks and JSON schema are made of one description, and a refusal is a sentence."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, WrapValidator
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticCustomError

from app.refusal import Refused

BAD, TOO_LARGE = "bad_request", "too_large"


def refusal(sentence: str, code: str = BAD) -> PydanticCustomError:
    """What a check raises, to be told as it is."""
    return PydanticCustomError(code, "{sentence}", {"sentence": sentence})


def otherwise(sentence: str) -> WrapValidator:
    """What is told where a value is something else, unless a part of it has a sentence of its own."""

    def check(value: Any, handler: Any) -> Any:
        try:
            return handler(value)
        except ValidationError as error:
            if any(one["type"] in (BAD, TOO_LARGE) for one in error.errors(include_url=False, include_input=False)):
                raise
            raise refusal(sentence) from error

    return WrapValidator(check)


def base64_text(what: str, limit: int) -> Any:
    """Text that may be the base64 of ``limit`` bytes; looked at before anything is decoded."""
    longest = 4 * (limit // 3 + 1)

    def bounded(text: str) -> str:
        if len(text) > longest:
            raise refusal(f"The {what} is larger than {limit // 1000} kB.", TOO_LARGE)
        return text

    told = Field(json_schema_extra={"maxLength": longest, "contentEncoding": "base64"})
    return Annotated[str, told, AfterValidator(bounded), otherwise(f"The {what} is not base64 text.")]


def checked(kind: TypeAdapter, data: object) -> Any:
    """The request, if it is of this kind.

    Raises:
        Refused: it is something else.
    """
    try:
        return kind.validate_python(data)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
    first = next((one for one in found if one["type"] in (BAD, TOO_LARGE)), None)
    if first:
        raise Refused(first["type"], first["msg"])
    if not found[0]["loc"]:
        raise Refused(BAD, "The request is not an object.")
    name, missing = str(found[0]["loc"][0])[:40], found[0]["type"] == "missing"
    raise Refused(BAD, f"The field {name!r} is {'missing' if missing else 'not what it should be'}.")


class Schema(GenerateJsonSchema):
    """JSON schema without a title for each field, which would say its name again."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never."""
        return False
