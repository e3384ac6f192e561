"""Devices as the voxel solver sees them: insulating solids, and the metal on each.

Kernels that ask which part a point lies in are in `scsim.kernels.solids`; what a device is belongs to
`scsim.electrodes`.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from scsim.electrodes.contacts import ArcContact, PadContact, PlateContact, RingContact
from scsim.electrodes.cuff import Cuff, Pads
from scsim.electrodes.cylinder import Lead
from scsim.electrodes.paddle import Paddle
from scsim.electrodes.sources import PointSource
from scsim.errors import GeometryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scsim.electrodes.contacts import Contact
    from scsim.kernels.solids import Solids

FloatArray = npt.NDArray[np.float64]
Device = Lead | Paddle | Cuff | Pads | PointSource

_N_NUMBERS: Final = 12
"""Numbers per solid and per contact in the kernels' arrays."""

_FAR_MM: Final = 1e4
"""Half length of bodies that run to both ends of the tissue, mm: beyond any domain."""

_METAL_SHARE: Final = 0.5
"""Depth of metal in a wall or paddle, as a share of its thickness (no unit): it must not show on the far side."""


_PAD_METAL_SHARE: Final = 0.1
"""Depth of the metal of a pad, as a share of the pad's (no unit): its back and its edge give off nothing."""

_Row = tuple[int, list[float]]


@dataclass(frozen=True, eq=False)
class Box:
    """A box around something, along the axes.

    Attributes
    ----------
    low_mm, high_mm : ndarray of float64, shape (3,)
        mm.
    """

    low_mm: FloatArray
    high_mm: FloatArray


def device_contacts(devices: Sequence[Device]) -> tuple[Contact, ...]:
    """Give the metal of all devices, in their order."""
    return tuple(
        contact
        for device in devices
        if not isinstance(device, PointSource)
        for contact in device.contacts
    )


def point_sources(devices: Sequence[Device]) -> tuple[PointSource, ...]:
    """Give the points that stand for contacts, in their order."""
    return tuple(device for device in devices if isinstance(device, PointSource))


def make_solids(devices: Sequence[Device], pad_depth_mm: float) -> Solids:
    """Lay devices out for the kernels.

    Parameters
    ----------
    devices : sequence of Lead, Paddle, Cuff, Pads or PointSource
        Points have no body.
    pad_depth_mm : float
        Thickness of pads, away from the tissue, mm.

    Returns
    -------
    Solids
        Contacts in the order of `device_contacts`.
    """
    from scsim.kernels.solids import Solids  # noqa: PLC0415 - loads numba, which a config does not need

    solids: list[_Row] = []
    metal: list[_Row] = []
    owners: list[int] = []
    metal_owners: list[int] = []
    for number, device in enumerate(devices):
        own, own_metal = _rows(device, pad_depth_mm)
        solids += own
        metal += own_metal
        owners += [number] * len(own)
        metal_owners += [number] * len(own_metal)
    return Solids(
        *_packed(solids),
        np.array(owners, dtype=np.int64),
        *_packed(metal),
        np.array(metal_owners, dtype=np.int64),
    )


def _rows(device: Device, pad_depth_mm: float) -> tuple[list[_Row], list[_Row]]:
    """Give the solids and the metal of a device: kind and numbers of each."""
    if isinstance(device, Lead):
        return _capsules(device), [_ring(contact) for contact in device.contacts]
    if isinstance(device, Paddle):
        depth = _METAL_SHARE * device.thickness_mm
        return [_slab(device)], [_plate(contact, depth) for contact in device.contacts]
    if isinstance(device, Cuff):
        wall = device.outer_radius_mm - device.inner_radius_mm
        middle = device.inner_radius_mm + _METAL_SHARE * wall
        return [_tube(device)], [_arc(contact, middle) for contact in device.contacts]
    if isinstance(device, Pads):
        contacts = device.contacts
        metal = [_pad_metal(contact, _PAD_METAL_SHARE * pad_depth_mm) for contact in contacts]
        return [_pad_solid(contact, pad_depth_mm) for contact in contacts], metal
    return [], []


def contact_box(contact: Contact) -> Box:
    """Give the box around the metal of a contact."""
    center = np.array(contact.center_mm)
    if isinstance(contact, PlateContact):
        along, normal = np.array(contact.direction), np.array(contact.normal)
        across = np.cross(along, normal)
        reach = 0.5 * (np.abs(along) * contact.length_mm + np.abs(across) * contact.width_mm)
        return Box(center - reach, center + reach)
    if isinstance(contact, PadContact):
        reach = contact.radius_mm * _across(np.array(contact.normal))
        return Box(center - reach, center + reach)
    axis = np.array(contact.direction)
    reach = 0.5 * contact.length_mm * np.abs(axis) + contact.radius_mm * _across(axis)
    return Box(center - reach, center + reach)


def body_box(device: Device) -> Box:
    """Give the box around the body of a device; endless along z where its body is."""
    endless = np.array([0.0, 0.0, _FAR_MM])
    if isinstance(device, PointSource):
        place = np.array(device.position_mm)
        return Box(place, place)
    if isinstance(device, Lead) and device.path_mm:
        path = np.array(device.path_mm)
        return Box(path.min(axis=0) - device.radius_mm, path.max(axis=0) + device.radius_mm)
    if isinstance(device, Lead):
        center = np.array([*device.contacts[0].center_mm[:2], 0.0])
        reach = np.array([device.radius_mm, device.radius_mm, 0.0]) + endless
        return Box(center - reach, center + reach)
    if isinstance(device, Paddle):
        corners = np.array(device.body.corners_mm)
        return Box(
            np.append(corners.min(axis=0), -_FAR_MM), np.append(corners.max(axis=0), _FAR_MM)
        )
    if isinstance(device, Cuff):
        center = np.array(device.center_mm)
        reach = np.array([device.outer_radius_mm, device.outer_radius_mm, device.length_mm / 2.0])
        return Box(center - reach, center + reach)
    boxes = [contact_box(contact) for contact in device.contacts]
    return Box(
        np.min([box.low_mm for box in boxes], axis=0),
        np.max([box.high_mm for box in boxes], axis=0),
    )


def check_devices(devices: Sequence[Device], half_width_mm: float, half_length_mm: float) -> None:
    """Refuse devices that do not lie in the domain.

    Parameters
    ----------
    devices : sequence of Lead, Paddle, Cuff, Pads or PointSource
    half_width_mm, half_length_mm : float
        The domain is |x|, |y| ≤ half width, |z| ≤ half length, mm.

    Raises
    ------
    GeometryError
        If there is no contact, or one reaches beyond the domain.
    """
    contacts, points = device_contacts(devices), point_sources(devices)
    if not contacts and not points:
        msg = (
            f"{len(devices)} devices without any contact: there is nothing to drive. Give at least one lead, "
            "paddle, cuff, pad or point source."
        )
        raise GeometryError(msg)
    limit = np.array([half_width_mm, half_width_mm, half_length_mm])
    boxes = [(f"contact {contact.label}", contact_box(contact)) for contact in contacts]
    boxes += [(str(point), Box(*2 * (np.array(point.position_mm),))) for point in points]
    for name, box in boxes:
        reach = np.maximum(-box.low_mm, box.high_mm)
        if np.any(reach >= limit):
            axis = int(np.argmax(reach - limit))
            msg = (
                f"{name} reaches to {'xyz'[axis]} = {reach[axis]:g} mm from the middle of the domain, which ends at "
                f"{limit[axis]:g} mm. Make {'half_length_mm' if axis == 2 else 'half_width_mm'} larger, or move "
                "the device."
            )
            raise GeometryError(msg)


def _across(axis: FloatArray) -> FloatArray:
    """Give how far a unit circle around an axis reaches along x, y and z."""
    return np.sqrt(np.maximum(0.0, 1.0 - axis**2))


def _packed(
    rows: Sequence[_Row],
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Pad the numbers of each row."""
    kinds = np.array([kind for kind, _ in rows], dtype=np.int64)
    numbers = np.zeros((len(rows), _N_NUMBERS))
    for row, (_, values) in zip(numbers, rows, strict=True):
        row[: len(values)] = values
    return kinds, numbers


def _capsules(lead: Lead) -> list[_Row]:
    """Give the body of a lead: one capsule per straight part."""
    from scsim.kernels.solids import CAPSULE  # noqa: PLC0415 - as above

    if lead.path_mm:
        path = lead.path_mm
    else:
        x, y, _ = lead.contacts[0].center_mm
        path = ((x, y, -_FAR_MM), (x, y, _FAR_MM))
    return [(CAPSULE, [*start, *end, lead.radius_mm]) for start, end in itertools.pairwise(path)]


def _ring(contact: RingContact) -> _Row:
    from scsim.kernels.solids import RING  # noqa: PLC0415 - as above

    # On a curved lead a ring is straight and its body bent: metal reaches a little farther than the radius.
    reach = contact.radius_mm + 0.5 * contact.length_mm
    return RING, [*contact.center_mm, *contact.direction, contact.length_mm / 2.0, reach]


def _slab(paddle: Paddle) -> _Row:
    from scsim.kernels.solids import SLAB  # noqa: PLC0415 - as above

    turn = math.radians(paddle.turn_deg)
    normal = [math.sin(turn), -math.cos(turn), 0.0]
    sizes = [_FAR_MM, paddle.width_mm / 2.0, paddle.thickness_mm / 2.0]
    return SLAB, [*paddle.center_mm, 0.0, 0.0, 1.0, *normal, *sizes]


def _plate(contact: PlateContact, depth_mm: float) -> _Row:
    from scsim.kernels.solids import PLATE  # noqa: PLC0415 - as above

    sizes = [contact.length_mm / 2.0, contact.width_mm / 2.0, depth_mm]
    return PLATE, [*contact.center_mm, *contact.direction, *contact.normal, *sizes]


def _tube(cuff: Cuff) -> _Row:
    from scsim.kernels.solids import TUBE  # noqa: PLC0415 - as above

    sizes = [cuff.inner_radius_mm, cuff.outer_radius_mm, cuff.length_mm / 2.0]
    return TUBE, [*cuff.center_mm, 0.0, 0.0, 1.0, *sizes]


def _arc(contact: ArcContact, outer_radius_mm: float) -> _Row:
    from scsim.kernels.solids import ARC  # noqa: PLC0415 - as above

    middle = math.radians(contact.middle_deg)
    toward = [math.cos(middle), math.sin(middle), 0.0]
    half_span = math.cos(math.radians(min(360.0, contact.span_deg)) / 2.0)
    numbers = [contact.length_mm / 2.0, outer_radius_mm, half_span]
    return ARC, [*contact.center_mm, *contact.direction, *toward, *numbers]


def _pad_solid(contact: PadContact, depth_mm: float) -> _Row:
    from scsim.kernels.solids import TUBE  # noqa: PLC0415 - as above

    middle = np.array(contact.center_mm) - 0.5 * depth_mm * np.array(contact.normal)
    no_bore = -1.0
    return TUBE, [*middle, *contact.normal, no_bore, contact.radius_mm, depth_mm / 2.0]


def _pad_metal(contact: PadContact, depth_mm: float) -> _Row:
    from scsim.kernels.solids import DISK  # noqa: PLC0415 - as above

    return DISK, [*contact.center_mm, *contact.normal, contact.radius_mm, depth_mm]
