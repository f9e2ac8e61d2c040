"""The chart of distributions follows from the relations."""

import xml.dom.minidom

from astragal.display.chart import chart
from astragal.rewrites import BOOK
from astragal.rewrites.convolutions import exponential_pair, normal_convolution
from astragal.rewrites.special_cases import gamma_exponential_case


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
    assert len(picture.getElementsByTagName("text")) == len(drawn.names)
    assert len(picture.getElementsByTagName("a")) > 100


def test_a_part_of_the_chart_is_around_some_distributions() -> None:
    part = chart(BOOK).about("levy")
    assert all("levy" in (a.source, a.target) for a in part.arrows)
    assert len(part.names) > 2
