from __future__ import annotations

from AutoContourRTCore.metrics.choices.provenance import provenance_of
from AutoContourRTCore.metrics.choices.settings import Settings
from AutoContourRTCore.metrics.report.html_page import (
    page,
    paragraph,
    provenance_section,
    section,
    table,
)


def test_no_text_can_become_markup_and_nothing_is_fetched():
    evil = "<script>alert(1)</script>"
    text = page(evil, [section(evil, paragraph(evil, "small")),
                       table([evil], [[(evil, ""), (evil, "pass")]], evil),
                       provenance_section(provenance_of(Settings(), model=evil))])
    assert "<script" not in text and text.count("&lt;script&gt;") == 9
    assert "http" not in text.lower()
