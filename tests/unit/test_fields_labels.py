"""Anatomy as voxels: checks, lookup and names."""

import re

import numpy as np
import pytest

from scsim.errors import GeometryError
from scsim.fields.voxels.labels import LabelVolume, read_label_volume
from scsim.formats.hdf5 import write_arrays

TISSUES = {7: "soft_tissue", 2: "csf", 9: "csf"}


def volume(labels=None, tissues=None, **changes):
    data = np.full((2, 3, 4), 7) if labels is None else labels
    options = {"origin_mm": (0.0, 0.0, 0.0), "spacing_mm": (1.0, 2.0, 0.5)} | changes
    return LabelVolume(data, options["origin_mm"], options["spacing_mm"], tissues or TISSUES)


def test_unknown_labels_are_counted():
    labels = np.full((2, 2, 2), 7)
    labels[0, 0, 0] = labels[1, 1, 1] = 5
    labels[0, 1, 0] = 11
    with pytest.raises(GeometryError, match=r"5 \(2 voxels\), 11 \(1 voxels\).*Add a tissue"):
        volume(labels)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"labels": np.zeros((2, 2))}, r"shape \(2, 2\): three axes.*one label per voxel"),
        ({"spacing_mm": (1.0, 0.0, 1.0)}, r"spacing_mm = \(1.0, 0.0, 1.0\) mm.*Correct them"),
        ({"origin_mm": (np.nan, 0.0, 0.0)}, r"origin_mm = \(nan.*Correct them"),
    ],
)
def test_impossible_volumes(changes, text):
    with pytest.raises(GeometryError, match=text):
        volume(**changes)


def test_tissues_are_found_by_place():
    labels = np.full((2, 3, 4), 7)
    labels[1, 2, 3], labels[0, 0, 0] = 2, 9
    one = volume(labels)
    assert one.tissue_names == ("soft_tissue", "csf")
    np.testing.assert_allclose(one.edges_mm[1], [-1.0, 1.0, 3.0, 5.0])
    points = np.array([[1.2, 4.5, 1.6], [-0.4, -0.9, 0.2], [0.9, 0.0, 0.0], [99.0, 99.0, 99.0]])
    assert one.codes_at(points).tolist() == [1, 1, 0, 1]
    np.testing.assert_array_equal(one.tissue_codes() == 1, labels != 7)
    (box,) = one.boxes_of(["csf"])
    np.testing.assert_allclose(box.low_mm, [-0.5, -1.0, -0.25])
    np.testing.assert_allclose(box.high_mm, [1.5, 5.0, 1.75])
    assert one.boxes_of(["bone"]) == []


def test_a_box_must_lie_in_the_volume():
    one = volume(np.full((10, 10, 10), 7), origin_mm=(-4.5, -9.0, -2.25))
    one.check_covers(5.0, 2.5)
    for width, length, text in (
        (6.0, 2.5, r"x = -6 to 6 mm.*from -5 to 5 mm"),
        (5.0, 200.0, r"z = -200 to 200 mm.*from -2.5 to 2.5 mm"),
    ):
        advice = r'\[domain\] with kind = "box", half_width_mm = 5 and half_length_mm = 2.5 '
        with pytest.raises(GeometryError, match=rf"{text}.*{advice}.*a larger volume"):
            one.check_covers(width, length)


@pytest.mark.parametrize("origin", [(-4.5, -9.0, -2.25), (-3.1, -7.7, -2.017), (-2.2, -5.0, -0.3)])
def test_the_box_that_is_named_fits(origin):
    one = volume(np.full((10, 10, 10), 7), origin_mm=origin)
    with pytest.raises(GeometryError) as caught:
        one.check_covers(200.0, 200.0)
    named = re.search(r"half_width_mm = (\S+) and half_length_mm = (\S+) ", str(caught.value))
    width, length = float(named[1]), float(named[2])
    one.check_covers(width, length)
    with pytest.raises(GeometryError):
        one.check_covers(width + 0.01, length)
    with pytest.raises(GeometryError):
        one.check_covers(width, length + 0.01)


def test_a_volume_beside_the_origin_is_told_so():
    one = volume(np.full((10, 10, 10), 7), origin_mm=(20.0, 0.0, 0.0))
    with pytest.raises(GeometryError, match=r"not lie around the origin.*Correct its origin_mm"):
        one.check_covers(5.0, 2.5)


def test_the_text_names_the_content():
    first, second = volume(), volume()
    assert repr(first) == repr(second)
    labels = np.full((2, 3, 4), 7)
    labels[0, 0, 0] = 2
    assert repr(volume(labels)) != repr(first)


def test_reading(tmp_path):
    path = tmp_path / "anatomy.h5"
    import h5py

    with h5py.File(path, "w") as file:
        item = file.create_dataset("labels", data=np.full((2, 2, 2), 7, dtype=np.uint8))
        item.attrs["spacing_mm"] = [1.0, 1.0, 2.0]
    one = read_label_volume(path, TISSUES)
    assert one.spacing_mm == (1.0, 1.0, 2.0)
    assert one.origin_mm == (-0.5, -0.5, -1.0)
    write_arrays(tmp_path / "bare.h5", {"labels": np.zeros((2, 2, 2))}, {})
    with pytest.raises(GeometryError, match=r"no attribute spacing_mm.*Add spacing_mm"):
        read_label_volume(tmp_path / "bare.h5", TISSUES)
