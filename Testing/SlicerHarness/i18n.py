"""slicer.i18n without a language file: every text stays as it is."""

from __future__ import annotations


def translate(context: str, text: str) -> str:
    """The text in the user's language; like Slicer's, it takes text and nothing else."""
    if not isinstance(text, str):
        raise TypeError(f"Only text can be translated, not {text!r}")
    return text


def tr(text: str) -> str:
    return translate("", text)
