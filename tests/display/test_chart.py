"""The chart of distributions follows from the relations."""

import xml.dom.minidom
from itertools import combinations

from astragal.display.chart import chart
from astragal.rewrites import BOOK
from astragal.rewrites.convolutions import exponential_pair, normal_convolution
from astragal.rewrites.order_statistics import order_statistic
from astragal.rewrites.special_cases import gamma_exponential_case
from astragal.rewrites.standard import by_quantile


def test_an_arrow_leads_from_the_larger_family_to_the_special_one() -> None:
    [arrow] = chart([gamma_exponential_case]).arrows
    assert (arrow.source, arrow.target) == ("gamma", "exponential")
    assert arrow.sort == "special case"


def test_a_sum_is_a_combination_and_a_family_of_its_own_has_no_arrow() -> None:
    assert [a.sort for a in chart([exponential_pair]).arrows] == ["combination"]
    assert chart([normal_convolution]).arrows == ()


def test_the_picture_is_well_formed_and_the_same_each_time() -> None:
    drawn = chart(BOOK, link=lambda name: f"gallery.html#{name}&x")
    assert drawn.svg() == drawn.svg()
    picture = xml.dom.minidom.parseString(drawn.svg())
    boxes = picture.getElementsByTagName("rect")
    assert len(boxes) == len(drawn.names)
    pairs = {(a.source, a.target, a.sort) for a in drawn.arrows}
    assert len(picture.getElementsByTagName("a")) == len(pairs)  # every arrow leads somewhere
    legend = len({a.sort for a in drawn.arrows})
    assert len(picture.getElementsByTagName("text")) == len(boxes) + legend


def test_no_two_names_overlap() -> None:
    picture = xml.dom.minidom.parseString(chart(BOOK).svg())
    boxes = [
        [float(e.getAttribute(n)) for n in ("x", "y", "width", "height")]
        for e in picture.getElementsByTagName("rect")
    ]
    over = [
        (a, b)
        for a, b in combinations(boxes, 2)
        if a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
    ]
    assert len(boxes) > 70
    assert over == []


def test_what_holds_of_every_law_with_a_uniform_one_is_no_arrow() -> None:
    assert chart([by_quantile]).arrows == ()
    assert chart([order_statistic]).arrows == ()


def test_a_part_of_the_chart_is_around_some_distributions() -> None:
    part = chart(BOOK).about("levy")
    assert all("levy" in (a.source, a.target) for a in part.arrows)
    assert len(part.names) > 2
