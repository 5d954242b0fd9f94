from __future__ import annotations

import math
import re
from xml.etree import ElementTree

from AutoContourRTCore.metrics.report.svg_plots import Series, box_plot

SVG = "{http://www.w3.org/2000/svg}"


def test_every_finite_value_is_a_dot_that_names_its_case():
    values = [("a<b", 0.5), ("c", 0.75), ("d", math.inf), ("e", math.nan)]
    root = ElementTree.fromstring(box_plot([Series("Brain & co", values)], "Dice"))
    titles = [dot.find(f"{SVG}title").text for dot in root.iter(f"{SVG}circle")]
    assert titles == ["a<b: 0.5", "c: 0.75"]
    assert "Brain & co" in [text.text for text in root.iter(f"{SVG}text")]


def test_a_limit_is_drawn_in_the_line_of_its_structure_alone_and_names_have_room():
    long = "a structure of a very long name indeed"
    series = [Series(long, [("a", 0.5)], 0.9), Series("y", [("a", 0.6)])]
    root = ElementTree.fromstring(box_plot(series, "Dice"))
    (dashes,) = [path for path in root.iter(f"{SVG}path") if path.get("stroke-dasharray")]
    name, = (text for text in root.iter(f"{SVG}text") if text.text == long)
    x, top, bottom = (float(n) for n in re.findall(r"[\d.]+", dashes.get("d")))
    assert top < float(name.get("y")) - 4 < bottom and bottom - top == 22
    assert float(name.get("x")) > 6 * len(long), "the beginning of the name lies in the picture"
    assert x > max(float(dot.get("cx")) for dot in root.iter(f"{SVG}circle"))


def test_values_lie_on_the_axis_where_they_belong():
    root = ElementTree.fromstring(box_plot([Series("x", [("a", 0.0), ("b", 10.0)])], "mm"))
    low, high = (float(dot.get("cx")) for dot in root.iter(f"{SVG}circle"))
    ticks = {text.text: float(text.get("x")) for text in root.iter(f"{SVG}text")
             if text.get("text-anchor") == "middle" and text.text != "mm"}
    assert abs(ticks["0"] - low) < 0.11 and abs(ticks["10"] - high) < 0.11
    assert abs(ticks["4"] - (low + 0.4 * (high - low))) < 0.11


def test_a_structure_without_values_and_a_plot_without_any_are_drawn_too():
    root = ElementTree.fromstring(box_plot([Series("x", [("a", 1.0)]), Series("y", [])], "mm"))
    assert len(list(root.iter(f"{SVG}circle"))) == 1
    assert "no finite values" in box_plot([Series("y", [("a", math.nan)])], "mm")
    equal = ElementTree.fromstring(box_plot([Series("x", [("a", 3.0), ("b", 3.0)])], "mm"))
    assert len(list(equal.iter(f"{SVG}circle"))) == 2
