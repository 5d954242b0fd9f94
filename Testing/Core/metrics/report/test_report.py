from __future__ import annotations

from AutoContourRTCore.metrics.cohort.paired import compare_methods
from AutoContourRTCore.metrics.compare.ratings import Rating
from AutoContourRTCore.metrics.report.report import Evaluation, report


def test_the_report_is_one_page_that_shows_every_part(folders, evaluated):
    first, second = evaluated(*folders), evaluated(folders[0], folders[0])
    page = report(Evaluation(first, second=second, ratings=(Rating("p1", "Brain", "good"),),
                             paired=compare_methods(first.rows, second.rows),
                             names=("<ours>", "theirs")))
    for title in ("Per structure", "Spread over cases", "Look here first", "Outliers",
                  "against theirs, same patients", "Ratings, n (%)", "Problems", "Matching",
                  "Definitions", "Made from", "Input files"):
        assert title in page, title
    assert page.count("<svg") == 4 and "<ours>" not in page and "&lt;ours&gt;" in page
    # the heart: two with a Dice (1 and 0, for the one that the test lacks), one not drawn
    assert "<td>Heart</td><td>2</td><td>1</td><td>1</td><td>4</td><td>0.500 ± 0.707</td>" in page
    outside = page.replace("http://www.w3.org/2000/svg", "")
    assert "http" not in outside and "<script" not in page and "src=" not in page


def test_what_the_test_lacks_comes_first_and_means_of_fewer_cases_say_so(folders, evaluated):
    page = report(Evaluation(evaluated(*folders)))
    first = page[page.index("Look here first"):].split("<tr>")[2]
    assert "Heart" in first and "missing in test" in first or "empty in test" in first
    heart = page[page.index("<td>Heart</td>"):].split("</tr>")[0]
    assert "0.00 ± - (n = 1)" in heart  # MSD: infinite where the test lacks it
