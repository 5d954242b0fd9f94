"""What `Annotated[float, WithinRange(0, 1)]` may say of a parameter."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence


class Validator:
    """Raises on a value that a parameter must not take."""

    def validate(self, value: Any) -> None:
        raise NotImplementedError


@dataclass
class WithinRange(Validator):
    minimum: float
    maximum: float

    def validate(self, value: Any) -> None:
        if not self.minimum <= value <= self.maximum:
            raise ValueError(f"{value} is not within [{self.minimum}, {self.maximum}]")


@dataclass
class Minimum(Validator):
    minimum: float

    def validate(self, value: Any) -> None:
        if value < self.minimum:
            raise ValueError(f"{value} is below {self.minimum}")


@dataclass
class Maximum(Validator):
    maximum: float

    def validate(self, value: Any) -> None:
        if value > self.maximum:
            raise ValueError(f"{value} is above {self.maximum}")


@dataclass
class Choice(Validator):
    choices: Sequence[Any]

    def validate(self, value: Any) -> None:
        if value not in self.choices:
            raise ValueError(f"{value} is none of {list(self.choices)}")


@dataclass
class Exclude(Validator):
    excludedValues: Sequence[Any]

    def validate(self, value: Any) -> None:
        if value in self.excludedValues:
            raise ValueError(f"{value} is excluded")


class NotNone(Validator):
    def validate(self, value: Any) -> None:
        if value is None:
            raise ValueError("The value must not be None")


@dataclass
class Default:
    """The value of a parameter that was never set."""

    value: Any


@dataclass
class Decimals:
    """Digits shown by the spin box or slider."""

    value: int


@dataclass
class SingleStep:
    """Step of the spin box or slider."""

    value: float
