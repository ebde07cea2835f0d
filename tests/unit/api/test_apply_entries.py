"""Entries of managedFields: read, written, told apart, and few of them kept; and those of a Scale."""

import pytest

from kubesim.api.apply.entries import (
    MAX_UPDATERS,
    Manager,
    Owned,
    applier,
    capped,
    decode,
    encode,
    is_reset,
    same_but_times,
    stored,
    updater,
)
from kubesim.api.apply.scaling import of_object, of_scale

REPLICAS = {"f:spec": {"f:replicas": {}}}
LABELS = {"f:metadata": {"f:labels": {"f:a": {}}}}


def entry(manager="m", operation="Update", version="v1", time="2026-01-01T00:00:00Z", fields=None, subresource=""):
    found = {
        "manager": manager,
        "operation": operation,
        "apiVersion": version,
        "time": time,
        "fieldsType": "FieldsV1",
        "fieldsV1": LABELS if fields is None else fields,
        "subresource": subresource,
    }
    return {name: value for name, value in found.items() if value != ""}


def test_what_is_written_can_be_read():
    entries = [entry(operation="Apply", time=""), entry("n", subresource="status")]
    assert encode(stored(entries)) == entries
    assert encode(decode(entries)) == entries


def test_unchanged_entries_are_the_same_objects():
    entries = [entry("a"), entry("b")]
    managed = stored(entries)
    managed[updater("b", "v1", "")] = Owned(REPLICAS, "v1", "2026-01-01T00:00:00Z")
    first, second = encode(managed, entries)
    assert first is entries[0]
    assert second == entry("b", fields=REPLICAS)


def test_order():
    entries = [
        entry("b", "Apply", time="2026-01-02T00:00:00Z"),
        entry("z", time=""),
        entry("a", time="2026-01-01T00:00:00Z"),
        entry("a", version="v2", time="2026-01-01T00:00:00Z"),
        entry("a", version="v2", time="2026-01-01T00:00:00Z", subresource="status"),
    ]
    assert encode(stored(entries[::-1])) == entries


def test_who_is_who():
    assert applier("m", "") == Manager("m", "Apply", "", "")
    assert updater("", "v1", "status") == Manager("unknown", "Update", "v1", "status")
    assert updater("m", "apps/v1", "scale").shown == '"m" with subresource "scale" using apps/v1'
    assert applier("m", "").shown == '"m"'


@pytest.mark.parametrize(
    "change",
    [{"operation": "Delete"}, {"apiVersion": ""}, {"fieldsType": "FieldsV2"}, {"fieldsV1": {"x": {}}}],
    ids=str,
)
def test_entries_that_cannot_be_read(change):
    with pytest.raises(ValueError, match=r".*"):
        decode([{**entry(), **change}])


@pytest.mark.parametrize(
    ("entries", "reset"),
    [([], True), ([{}], True), (None, False), ([entry()], False), ([{}, {}], False)],
    ids=["none", "an empty one", "not given", "one", "two empty ones"],
)
def test_what_asks_to_forget_all_managers(entries, reset):
    assert is_reset(entries) == reset


def test_times_alone():
    assert same_but_times([entry()], [entry(time="2027-01-01T00:00:00Z")])
    assert not same_but_times([entry()], [entry(fields=REPLICAS)])
    assert not same_but_times([entry()], [entry(), entry("n")])
    assert not same_but_times([], [])


def named(*numbers, version="v1"):
    return {
        updater(f"m{number:02}", version, ""): Owned({f"f:x{number}": {}}, version, f"2026-01-01T00:00:{number:02}Z")
        for number in numbers
    }


def test_ten_updaters_are_kept_as_they_are():
    managed = named(*range(MAX_UPDATERS))
    assert capped(managed) is managed


def test_the_oldest_of_more_are_merged():
    managed = capped(named(*range(MAX_UPDATERS + 1)))
    assert len(managed) == MAX_UPDATERS
    assert managed[updater("ancient-changes", "v1", "")] == Owned(
        {"f:x0": {}, "f:x1": {}}, "v1", "2026-01-01T00:00:01Z"
    )
    assert updater("m02", "v1", "") in managed


def test_each_version_has_its_own_ancient_changes():
    managed = capped({**named(0, 2, *range(4, 12)), **named(1, 3, version="v2")})
    assert len(managed) == MAX_UPDATERS
    assert managed[updater("ancient-changes", "v1", "")].fields == {"f:x0": {}, "f:x2": {}}
    assert managed[updater("ancient-changes", "v2", "")].fields == {"f:x1": {}, "f:x3": {}}


def test_appliers_are_not_counted():
    managed = {**named(*range(MAX_UPDATERS)), applier("a", ""): Owned(LABELS, "v1", "")}
    assert capped(managed) is managed


# ---------------------------------------------------------------------- the Scale
def test_the_scale_shows_who_owns_the_replicas():
    entries = [entry("a", "Apply", "apps/v1", fields={**LABELS, **REPLICAS}), entry("b", version="apps/v1")]
    assert of_scale(entries) == [entry("a", "Apply", "autoscaling/v1", fields=REPLICAS)]


def test_who_scales_takes_the_replicas():
    before = [entry("a", version="apps/v1", fields={**LABELS, **REPLICAS})]
    scale = [entry("s", version="autoscaling/v1", fields=REPLICAS, subresource="scale")]
    assert of_object(before, scale, "apps/v1") == [
        entry("s", version="apps/v1", time="", fields=REPLICAS, subresource="scale"),
        entry("a", version="apps/v1"),
    ]


def test_an_applier_that_still_owns_the_replicas_keeps_its_entry():
    before = [entry("a", "Apply", "apps/v1", fields={**LABELS, **REPLICAS})]
    assert of_object(before, of_scale(before), "apps/v1") == before
