from __future__ import annotations

import math
from dataclasses import replace

import pytest

from AutoContourRTCore.metrics.choices.provenance import provenance_of
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.report import analytic


@pytest.fixture(scope="module")
def checks():
    return analytic.run_checks()


def test_every_figure_is_as_on_paper(checks):
    assert len(checks) > 70
    assert not [check for check in checks if not check.passed]


def test_a_figure_that_is_wrong_by_a_millionth_fails(checks):
    exact = [c for c in checks if math.isfinite(c.value) and c.high - c.low < 1e-6]
    assert len(exact) > 50
    for check in exact:
        wrong = replace(check, value=check.value + 1e-6 * max(1.0, abs(check.value)))
        assert not wrong.passed, check


def test_nan_and_infinity_are_met_by_themselves_only(checks):
    odd = [c for c in checks if not math.isfinite(c.low)]
    assert len(odd) > 5
    assert not any(replace(c, value=1.0).passed for c in odd)
    assert not analytic.Check("", "", math.nan, 0, 1).passed


def test_the_page_tells_a_failure(checks):
    page = analytic.html_of(checks, provenance_of(Settings()))
    assert "Passed: " in page and "FAIL" not in page and page.count("<tr>") > len(checks)
    broken = (replace(checks[0], value=0.5), *checks[1:])
    page = analytic.html_of(broken, provenance_of(Settings()))
    assert "FAILED: do not use the metrics" in page and page.count(">FAIL<") == 1
