"""When the garbage collector may take its time."""

import gc

import pytest

from kubetui.panes import collector


@pytest.fixture
def collected(monkeypatch):
    found = []
    monkeypatch.setattr(gc, "collect", lambda: found.append("collect"))
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, collector.DUE))
    return found


def test_not_while_somebody_types(collected):
    kept = collector.Collector()
    kept.typed(100.0)
    assert not kept.rest(100.0 + collector.QUIET / 2)
    assert kept.rest(100.0 + collector.QUIET)
    assert collected == ["collect"]


def test_not_when_there_is_little_to_collect(collected, monkeypatch):
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 1))
    assert not collector.Collector().rest(1000.0)
    assert collected == []
