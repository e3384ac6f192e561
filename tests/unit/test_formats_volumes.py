"""Label volumes from files: orientation, size, and what is refused."""

import sys

import h5py
import nibabel
import numpy as np
import pytest

from scsim.errors import GeometryError, ResultsError
from scsim.formats.volumes import read_volume


def labels():
    return np.arange(24, dtype=np.int16).reshape(2, 3, 4)


def write_nifti(path, data, affine, **header):
    image = nibabel.Nifti1Image(data, affine)
    image.header.set_xyzt_units(header.pop("unit", "mm"))
    for name, value in header.items():
        image.header[name] = value
    nibabel.save(image, path)
    return path


def write_hdf5(path, data, **attributes):
    with h5py.File(path, "w") as file:
        file.create_dataset("labels", data=data).attrs.update(attributes)
    return path


def test_nifti_right_and_front_become_left_and_back(tmp_path):
    # Voxels along +right, +front, +up from (1, 2, 3): ours begin at the far end, at (-1 - 0.5, -2 - 4, 3).
    affine = np.array([[0.5, 0, 0, 1], [0, 2.0, 0, 2], [0, 0, 1.5, 3], [0, 0, 0, 1.0]])
    found = read_volume(write_nifti(tmp_path / "a.nii.gz", labels(), affine))
    assert found.spacing_mm == pytest.approx((0.5, 2.0, 1.5))
    assert found.origin_mm == pytest.approx((-1.5, -6.0, 3.0))
    np.testing.assert_array_equal(found.labels, labels()[::-1, ::-1])


def test_nifti_axes_in_another_order(tmp_path):
    # First axis up, second to the left, third to the front.
    affine = np.array([[0, -2.0, 0, 0], [0, 0, 1.0, 0], [0.5, 0, 0, 0], [0, 0, 0, 1.0]])
    found = read_volume(write_nifti(tmp_path / "a.nii", labels(), affine))
    assert found.labels.shape == (3, 4, 2)
    assert found.spacing_mm == pytest.approx((2.0, 1.0, 0.5))
    # Every label keeps its place: from the affine, and from origin and spacing.
    for index in np.ndindex(2, 3, 4):
        place = (affine @ [*index, 1.0])[:3] * [-1.0, -1.0, 1.0]
        steps = np.rint((place - found.origin_mm) / found.spacing_mm).astype(int)
        assert found.labels[tuple(steps)] == labels()[index]


def test_nifti_in_meters(tmp_path):
    affine = np.diag([0.001, 0.001, 0.002, 1.0])
    found = read_volume(write_nifti(tmp_path / "a.nii", labels(), affine, unit="meter"))
    assert found.spacing_mm == pytest.approx((1.0, 1.0, 2.0))


def test_nifti_turned_axes_are_refused(tmp_path):
    c, s = np.cos(np.radians(12.0)), np.sin(np.radians(12.0))
    affine = np.array([[c, -s, 0, 0], [s, c, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    path = write_nifti(tmp_path / "a.nii", labels(), affine)
    with pytest.raises(GeometryError, match=r"turned by 12 degrees.*at most 0.5.*Resample"):
        read_volume(path)


def test_nifti_without_size_or_orientation_is_refused(tmp_path):
    path = write_nifti(tmp_path / "a.nii", labels(), None)
    with pytest.raises(GeometryError, match=r"sform_code and qform_code \(0, 0\).*Write the image"):
        read_volume(path)


def test_nifti_needs_nibabel(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "nibabel", None)
    with pytest.raises(ResultsError, match=r"needs nibabel.*scsim\[io\]"):
        read_volume(tmp_path / "a.nii")


@pytest.mark.parametrize("name", ["a.nii", "a.h5"])
def test_files_that_are_not_what_they_seem(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"no image")
    with pytest.raises(
        ResultsError, match=r"cannot be read as (NIfTI|HDF5).*the program that wrote it"
    ):
        read_volume(path)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("bit", [0, 3, 7])
def test_a_flipped_bit_of_a_compressed_image_changes_no_label(tmp_path, bit):
    data = np.random.default_rng(5).integers(0, 4, (7, 6, 5)).astype(np.int16)
    path = write_nifti(tmp_path / "a.nii.gz", data, np.eye(4))
    whole, wanted = path.read_bytes(), read_volume(path).labels
    n_refused = 0
    for place in range(len(whole)):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << bit
        path.write_bytes(flipped)
        try:
            found = read_volume(path).labels
        except ResultsError:
            n_refused += 1
        else:  # the time and the name in the gzip header and codes that are not used: not the content
            np.testing.assert_array_equal(found, wanted)
    assert n_refused > 0.9 * len(whole)


@pytest.mark.parametrize("n_bytes", [0, 5, 40, -9, -1])
def test_a_compressed_image_that_is_cut_short_is_refused(tmp_path, n_bytes):
    path = write_nifti(tmp_path / "a.nii.gz", labels(), np.eye(4))
    path.write_bytes(path.read_bytes()[:n_bytes])
    with pytest.raises(ResultsError, match=r"cannot be read as NIfTI.*copy it anew"):
        read_volume(path)


@pytest.mark.parametrize(
    ("place", "content"),
    [(108, np.float32(88.0).tobytes()), (70, b"\x05"), (123, b"\x80")],
    ids=["offset of the data", "type of the data", "units"],
)
def test_a_damaged_header_is_refused(tmp_path, place, content):
    path = write_nifti(tmp_path / "a.nii", labels(), np.eye(4))
    whole = path.read_bytes()
    path.write_bytes(whole[:place] + content + whole[place + len(content) :])
    with pytest.raises(ResultsError, match=r"cannot be read as NIfTI.*the program that wrote it"):
        read_volume(path)


def test_other_formats_are_refused(tmp_path):
    with pytest.raises(ResultsError, match=r"'.png' is none of them.*Convert"):
        read_volume(tmp_path / "a.png")


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(ResultsError, match=r"is a folder\. Give the path of a label volume"):
        read_volume(tmp_path)


def test_hdf5_with_and_without_an_origin(tmp_path):
    path = write_hdf5(tmp_path / "a.h5", labels(), spacing_mm=[1.0, 2.0, 0.5])
    found = read_volume(path)
    assert found.origin_mm == (-0.5, -2.0, -0.75)
    np.testing.assert_array_equal(found.labels, labels())
    path = write_hdf5(tmp_path / "b.hdf5", labels(), spacing_mm=[1, 1, 1], origin_mm=[3, 4, 5])
    assert read_volume(path).origin_mm == (3.0, 4.0, 5.0)


@pytest.mark.parametrize(
    ("attributes", "text"),
    [
        ({}, r"no attribute spacing_mm, so the size of its \(2, 3, 4\) voxels.*Add spacing_mm"),
        ({"spacing_mm": [1.0, 1.0]}, r"spacing_mm = .*three numbers are needed.*Correct"),
        ({"spacing_mm": [1.0, -1.0, 1.0]}, r"spacing_mm = \(1.0, -1.0, 1.0\) mm.*Correct"),
    ],
)
def test_hdf5_without_a_size_is_refused(tmp_path, attributes, text):
    path = write_hdf5(tmp_path / "a.h5", labels(), **attributes)
    with pytest.raises(GeometryError, match=text):
        read_volume(path)


def test_hdf5_without_labels_is_refused(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.create_dataset("image", data=labels())
    with pytest.raises(ResultsError, match=r"no dataset of numbers named 'labels'; it has image"):
        read_volume(tmp_path / "a.h5")


def test_colors_are_no_labels(tmp_path):
    colors = np.zeros((2, 2, 2), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    path = write_nifti(tmp_path / "a.nii", colors, np.eye(4))
    with pytest.raises(GeometryError, match=r"labels of type .*whole numbers.*segmentation"):
        read_volume(path)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("data", "text"),
    [
        (np.full((2, 2, 2), 0.25), r"0.25 is no label.*without mixing of neighbors"),
        (
            np.full((2, 2, 2), np.nan),
            r"nan is no label, and 8 of 8 voxels.*Give each voxel a label",
        ),
        (
            np.full((2, 2, 2), np.inf),
            r"inf is no label, and 8 of 8 voxels.*Give each voxel a label",
        ),
        (np.zeros((2, 2)), r"shape \(2, 2\); three axes.*one label per voxel"),
    ],
)
def test_labels_are_whole_numbers_in_three_axes(tmp_path, data, text):
    path = write_hdf5(tmp_path / "a.h5", data, spacing_mm=[1, 1, 1])
    with pytest.raises(GeometryError, match=text):
        read_volume(path)
