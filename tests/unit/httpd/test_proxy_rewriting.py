"""Pages that come through the proxy: their links lead through the proxy again."""

import pytest

from kubesim.httpd.answers import Answer
from kubesim.httpd.streams.rewriting import rewritten

PREFIX = "/api/v1/namespaces/default/pods/web:80/proxy"
HTML = "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("page", "wanted"),
    [
        ('<a href="/x?a=b#c">t</a>', f'<a href="{PREFIX}/x?a=b#c">t</a>'),
        ("<A HREF='/x'>t</A>", f'<A HREF="{PREFIX}/x">t</A>'),
        ("<img src=/i.png alt='/no'>", f"<img src=\"{PREFIX}/i.png\" alt='/no'>"),
        ('<a href="beside">t</a>', '<a href="beside">t</a>'),
        ('<a href="https://example.com/x">t</a>', '<a href="https://example.com/x">t</a>'),
        ('<a href="//example.com/x">t</a>', '<a href="//example.com/x">t</a>'),
        ('<b href="/x">/x</b>', '<b href="/x">/x</b>'),
    ],
)
def test_links(page: str, wanted: str):
    assert rewritten(Answer(200, page.encode(), HTML), PREFIX).body == wanted.encode()


def test_other_kinds_of_text_stay():
    answer = Answer(200, b'<a href="/x">', "text/plain")
    assert rewritten(answer, PREFIX) is answer


def test_where_an_answer_sends_on_to():
    answer = Answer(302, b"", "", {"Location": "/login"})
    assert rewritten(answer, PREFIX).headers == {"Location": f"{PREFIX}/login"}


def test_bytes_that_are_no_text_survive():
    assert rewritten(Answer(200, b"\xff<a href='/x'>", HTML), PREFIX).body == f'\udcff<a href="{PREFIX}/x">'.encode(
        "utf-8", "surrogateescape"
    )
