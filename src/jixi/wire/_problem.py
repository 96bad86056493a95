"""The body of every error of the admin API: RFC 9457 with a stable code and a remedy."""

from pydantic import BaseModel, ConfigDict, Field


class FieldProblem(BaseModel):
    """One input at fault. `field` is its path (`models.0`); the value itself is never repeated."""

    field: str = Field(examples=["expires_at"])
    message: str = Field(examples=["Input should be a valid date-time."])


class ProblemDetails(BaseModel):
    """What went wrong, why, and what to do. `code` is stable; `detail` and `remedy` follow Accept-Language."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:jixi:problem:not_found",
                    "title": "There is no such key.",
                    "status": 404,
                    "detail": "There is no such key.",
                    "code": "not_found",
                    "remedy": "Check the id or the address.",
                    "instance": "req_01k9yq3v8m4t6n2c5b7d9f1h3j",
                }
            ]
        }
    )

    type: str = Field(description="A URN that ends in the code.")
    title: str
    status: int
    detail: str
    code: str
    remedy: str
    instance: str = Field(description="The request id, to be quoted to an administrator.")
    errors: list[FieldProblem] | None = Field(
        default=None, description="The inputs at fault, where the request was not valid."
    )
