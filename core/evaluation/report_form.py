"""The form of report.json: what the pages rely on, and what a damaged or misleading file does not have."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

REPORT_VERSION = 2

# Whole numbers that tables and the browser take as they are.
_Count = Annotated[int, Field(ge=0, le=2**53)]
_Digit = Annotated[int, Field(ge=0, le=9)]
# An area summed up of many steps may come out a rounding error above 1.
_Fraction = Annotated[float, Field(ge=0, le=1 + 1e-9)]
_Figure = Annotated[float, Field(ge=0)]
_TEN = Field(min_length=10, max_length=10)


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class _Scores(_Part):
    precision: _Fraction
    recall: _Fraction
    f1: _Fraction


class _ClassScores(_Scores):
    digit: _Digit
    support: _Count


class _Pair(_Part):
    true: _Digit
    predicted: _Digit
    count: _Count
    share: _Fraction


class _Ranking(_Part):
    digit: _Digit
    roc_area: _Fraction | None
    average_precision: _Fraction | None


class _Calibration(_Part):
    ece: _Figure
    nll: _Figure
    brier: _Figure


class _Validation(_Calibration):
    correct: _Count
    total: Annotated[int, Field(ge=1, le=2**53)]


class _Temperature(_Part):
    value: Annotated[float, Field(gt=0)]
    validation_total: _Count
    before: _Calibration
    after: _Calibration


class _Report(_Part):
    version: Literal[2]
    correct: _Count
    total: Annotated[int, Field(ge=1, le=2**53)]
    accuracy: _Fraction
    interval: Annotated[list[_Fraction], Field(min_length=2, max_length=2)]
    loss: _Figure
    classes: Annotated[list[_ClassScores], _TEN]
    macro: _Scores
    weighted: _Scores
    confusion: Annotated[list[Annotated[list[_Count], _TEN]], _TEN]
    pairs: Annotated[list[_Pair], Field(max_length=90)]
    ranking: Annotated[list[_Ranking], _TEN]
    calibration: _Calibration
    validation: _Validation | None
    temperature: _Temperature | None

    @model_validator(mode="after")
    def _check_counts(self) -> Self:
        if self.correct > self.total:
            raise ValueError("more digits right than there are")
        return self


def find_problem(report: object) -> str:
    """Return what is wrong with the content of a report.json, in a few words; "" if nothing is."""
    try:
        _Report.model_validate(report)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        return f"{where}: {first['msg']}"
    return ""
