"""slicer.parameterNodeWrapper: what modules use of it. No parameter packs, no dicts."""

from .validators import (
    Choice,
    Decimals,
    Default,
    Exclude,
    Maximum,
    Minimum,
    NotNone,
    SingleStep,
    Validator,
    WithinRange,
)
from .wrapper import isParameterNodeWrapper, parameterNodeWrapper

__all__ = [
    "Choice", "Decimals", "Default", "Exclude", "Maximum", "Minimum", "NotNone", "SingleStep",
    "Validator", "WithinRange", "isParameterNodeWrapper", "parameterNodeWrapper",
]
