"""The part of the panel that says which contour is compared with which, and lets a user change it.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, List, Sequence, Tuple

import qt
from slicer.i18n import tr as _

from AutoContourRTCore.metrics.choices.matching import (
    BY_HAND,
    DOUBTFUL,
    LEFT_OUT,
    MATCHED,
    ONLY_REFERENCE,
    ONLY_TEST,
    Match,
    match_names,
)
from MetricsModuleLib import Grid
from MetricsModuleLib.OptionTexts import Pairs, without, withPair
from MetricsModuleLib.ResultRows import COLORS, Item

_BORDERLINE = COLORS["borderline"]
_REFERENCE, _TEST = 0, 1


class MatchingPanel:
    """ui: matchingTable, matchingLabel, resetMatchingButton. onPairs: hears of matches by hand."""

    def __init__(self, ui: Any, onPairs: Callable[[Pairs], None]) -> None:
        self._ui, self._onPairs = ui, onPairs
        self._pairs: Pairs = ()
        self._matches: Tuple[Match, ...] = ()
        headers = [(_("Reference"), ""), (_("Test"), ""), (_("Structure"), _("As reported.")),
                   (_("State"), "")]  # fmt: skip
        Grid.setHeaders(ui.matchingTable, headers)
        ui.resetMatchingButton.connect("clicked(bool)", self.onReset)

    def show(self, reference: Sequence[str], test: Sequence[str], pairs: Pairs) -> None:
        """Show how these names are matched."""
        self._pairs = pairs
        self._matches = match_names(reference, test, pairs) if reference and test else ()
        self._ui.matchingTable.setRowCount(0)  # the boxes of before go, too
        Grid.fill(self._ui.matchingTable, [_items(match) for match in self._matches])
        for number, match in enumerate(self._matches):
            isReference = bool(match.reference_name)
            choices = test if isReference else reference
            column = _TEST if isReference else _REFERENCE
            self._addChoice(number, column, match, choices)
        Grid.fit(self._ui.matchingTable)
        self._ui.resetMatchingButton.enabled = bool(pairs)
        self._ui.matchingLabel.text = summary(self._matches)

    def onReset(self) -> None:
        """Back to what names and catalogue say."""
        self._onPairs(())

    def onChosen(self, match: Match, combo: Any, index: int = 0) -> None:
        """A partner was chosen for a contour; None: as names and catalogue say."""
        chosen, isReference = combo.currentData, bool(match.reference_name)
        own = (match.reference_name, "") if isReference else ("", match.test_name)
        if chosen == _AUTOMATIC:
            self._onPairs(without(self._pairs, match.reference_name, match.test_name))
        elif chosen == _LEAVE_OUT:
            self._onPairs(withPair(self._pairs, *own))
        elif isReference:
            self._onPairs(withPair(self._pairs, own[0], chosen[1:]))
        else:
            self._onPairs(withPair(self._pairs, chosen[1:], own[1]))

    def _addChoice(self, row: int, column: int, match: Match, names: Sequence[str]) -> None:
        """A combo box with the other side's names."""
        combo = qt.QComboBox()
        now = match.test_name if column == _TEST else match.reference_name
        if match.how == BY_HAND:
            combo.addItem(_("automatic"), _AUTOMATIC)
        elif not now:
            combo.addItem(_("no partner"), _AUTOMATIC)
        for name in names:
            combo.addItem(name, f"={name}")
        combo.addItem(_("leave out"), _LEAVE_OUT)
        chosen = _LEAVE_OUT if match.state == LEFT_OUT else f"={now}" if now else _AUTOMATIC
        combo.currentIndex = combo.findData(chosen)
        combo.connect("activated(int)", partial(self.onChosen, match, combo))
        self._ui.matchingTable.setCellWidget(row, column, combo)


_AUTOMATIC, _LEAVE_OUT = "automatic", "leaveOut"


def summary(matches: Sequence[Match]) -> str:
    """How many are matched, and what is not."""
    if not matches:
        return ""
    states = [match.state for match in matches]
    parts = [_("{n} matched").format(n=states.count(MATCHED))]
    for state, text in ((ONLY_REFERENCE, _("only in the reference: {names}")),
                        (ONLY_TEST, _("only in the test: {names}")),
                        (DOUBTFUL, _("to be matched by hand: {names}")),
                        (LEFT_OUT, _("left out: {names}"))):  # fmt: skip
        names = [m.reference_name or m.test_name for m in matches if m.state == state]
        if names:
            parts.append(text.format(names=", ".join(names)))
    unknown = [match.title for match in matches if not match.known]
    if unknown:
        parts.append(_("not in the catalogue: {names}").format(names=", ".join(unknown)))
    return "; ".join(parts)


def _items(match: Match) -> List[Item]:
    color = None if match.state == MATCHED and match.known else _BORDERLINE
    structure = match.structure or _("unknown")
    state = match.state + (f" ({match.how})" if match.how else "")
    return [
        Item(match.reference_name), Item(match.test_name),
        Item(structure, match.note), Item("; ".join([state, *filter(None, [match.note])]),
                                          match.note, color),
    ]  # fmt: skip
