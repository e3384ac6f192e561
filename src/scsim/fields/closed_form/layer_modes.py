"""Cylindrical waves in concentric layers: how one of them passes and is reflected.

All quantities are ratios of modified Bessel functions that stay within the range of floating-point numbers for
any order and argument. Sums over waves belong to ``layers.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt
from scipy import special

if TYPE_CHECKING:
    from collections.abc import Sequence

FloatArray = npt.NDArray[np.float64]

_LEAST_ARGUMENT: Final = 1e-150
"""Stands for 0, at which K_0 and K_1 are infinite."""

_EXTRA_ORDERS: Final = 15
"""Orders above the highest asked for at which the backward recurrence starts."""

_START: Final = 20.0
"""The recurrence starts at order √(n² + 20 x): its error there, which the bound used makes small, falls by
(I_start / I_n)² ≈ exp(−20) at least."""


@dataclass(frozen=True)
class Waves:
    """Orders 0 to N of I_n and K_n at some radii and wavenumbers.

    Attributes
    ----------
    argument : ndarray of float64, shape (n_radii, n_wavenumbers)
        x = κ r.
    i_steps, k_steps : ndarray of float64, shape (n_orders, n_radii, n_wavenumbers)
        I_n(x) / I_{n−1}(x) and K_{n−1}(x) / K_n(x); those of order 0 are 1.
    i_slope, k_slope : ndarray of float64, shape (n_orders, n_radii, n_wavenumbers)
        x I_n'(x) / I_n(x) and −x K_n'(x) / K_n(x), both 0 or more.
    """

    argument: FloatArray
    i_steps: FloatArray
    k_steps: FloatArray
    i_slope: FloatArray
    k_slope: FloatArray


def make_waves(argument: FloatArray, n_orders: int) -> Waves:
    """Compute ratios of neighboring orders by recurrence, each in its stable direction.

    Parameters
    ----------
    argument : ndarray of float64, shape (n_radii, n_wavenumbers)
        x = κ r; at 0 only I_n has a meaning.
    n_orders : int
        Orders 0 to n_orders − 1.

    Returns
    -------
    Waves

    Notes
    -----
    I_n/I_{n−1} = 1 / (2n/x + I_{n+1}/I_n) downwards, begun with x / (n + √(n² + x²)), which lies close above it
    (Amos 1974); K_{n+1}/K_n = 2n/x + K_{n−1}/K_n upwards. Checked by ``tests/unit/test_fields_layer_modes.py``.
    """
    x = np.maximum(argument, _LEAST_ARGUMENT)
    orders = np.arange(n_orders)[:, None, None]
    start = int(np.sqrt(n_orders**2 + _START * float(x.max(initial=0.0)))) + _EXTRA_ORDERS
    i_steps = np.ones((n_orders + 1, *x.shape))
    step = x / (start + np.sqrt(start**2 + x**2))
    for order in range(start - 1, 0, -1):
        step = x / (2.0 * order + x * step)
        if order <= n_orders:
            i_steps[order] = step
    k_steps = np.ones((n_orders + 1, *x.shape))
    step = special.kve(0, x) / special.kve(1, x)
    for order in range(1, n_orders + 1):
        k_steps[order] = step
        step = x / (2.0 * order + x * step)
    i_slope = orders + x * i_steps[1:]
    k_slope = orders + x * k_steps[:-1]
    k_slope[0] = x / k_steps[1]
    return Waves(argument, i_steps[:-1], k_steps[:-1], i_slope, k_slope)


def i_ratio(inner: Waves, outer: Waves) -> FloatArray:
    """Compute I_n at a radius over I_n at a larger one, as `Waves`."""
    first = special.ive(0, inner.argument) / special.ive(0, outer.argument)
    first *= np.exp(inner.argument - outer.argument)
    ratio: FloatArray = first * np.cumprod(inner.i_steps / outer.i_steps, axis=0)
    return ratio


def k_ratio(inner: Waves, outer: Waves) -> FloatArray:
    """Compute K_n at a radius over K_n at a smaller one, as `Waves`."""
    first = special.kve(0, outer.argument) / special.kve(0, inner.argument)
    first *= np.exp(inner.argument - outer.argument)
    ratio: FloatArray = first * np.cumprod(inner.k_steps / outer.k_steps, axis=0)
    return ratio


@dataclass(frozen=True)
class Layer:
    """One layer, for a set of wavenumbers and orders; arrays are laid out as in `Waves`, with one radius.

    Attributes
    ----------
    across_s_per_m : float
        Conductivity across the axis, S/m.
    decay : ndarray of float64, shape (1, n_wavenumbers)
        κ = k √(along / across), 1/mm.
    inside, outside : Waves or None
        At its inner and outer surface; no inner one around the axis.
    i_pass, k_pass : ndarray of float64, shape (n_orders, 1, n_wavenumbers)
        I(κa)/I(κb) and K(κb)/K(κa) between inner surface a and outer surface b; 0 around the axis.
    """

    across_s_per_m: float
    decay: FloatArray
    inside: Waves | None
    outside: Waves
    i_pass: FloatArray
    k_pass: FloatArray

    @property
    def passes(self) -> FloatArray:
        """What an echo loses on its way between the surfaces."""
        return self.i_pass * self.k_pass

    def waves_at(self, radius_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Give I_n(κr)/I_n(κb) and K_n(κr)/K_n(κa) at radii within; the second is 0 around the axis."""
        here = make_waves(self.decay * radius_mm[:, None], len(self.i_pass))
        i_wave = i_ratio(here, self.outside)
        if self.inside is None:
            return i_wave, np.zeros_like(i_wave)
        return i_wave, k_ratio(self.inside, here)


def make_layers(
    radii_mm: Sequence[float],
    sigma_s_per_m: Sequence[tuple[float, float]],
    wavenumbers: FloatArray,
    n_orders: int,
) -> list[Layer]:
    """Lay the layers out for a set of wavenumbers and orders.

    Parameters
    ----------
    radii_mm : sequence of float, length n_layers + 1
        Surfaces from the core, or the axis (0), to the ground, mm.
    sigma_s_per_m : sequence of (float, float)
        Conductivity of each layer across and along the axis, S/m.
    wavenumbers : ndarray of float64, shape (n_wavenumbers,)
        1/mm.
    n_orders : int

    Returns
    -------
    list of Layer
    """
    layers = []
    for a, b, (across, along) in zip(radii_mm[:-1], radii_mm[1:], sigma_s_per_m, strict=True):
        decay = wavenumbers[None, :] * np.sqrt(along / across)
        outside = make_waves(decay * b, n_orders)
        inside = make_waves(decay * a, n_orders) if a > 0.0 else None
        if inside is None:
            i_pass = k_pass = np.zeros((n_orders, 1, len(wavenumbers)))
        else:
            i_pass, k_pass = i_ratio(inside, outside), k_ratio(inside, outside)
        layers.append(Layer(across, decay, inside, outside, i_pass, k_pass))
    return layers


def inner_reflections(layers: Sequence[Layer]) -> list[FloatArray]:
    """Find how each layer's inner surface reflects what comes from outside.

    Within a layer the solution that is regular inside is I_n(κr) + R [I_n/K_n](κa) K_n(κr).

    Returns
    -------
    list of ndarray of float64, shape (n_orders, 1, n_wavenumbers)
        R of each layer; the core, if there is one, is an insulator.
    """
    found = []
    admittance: FloatArray | float = 0.0  # σ r V' / V where the layer begins
    for layer in layers:
        sigma = layer.across_s_per_m
        if layer.inside is None:
            echo = np.zeros_like(layer.i_pass)
        else:
            echo = (sigma * layer.inside.i_slope - admittance) / (
                admittance + sigma * layer.inside.k_slope
            )
        found.append(echo)
        back = layer.passes * echo
        admittance = sigma * (layer.outside.i_slope - back * layer.outside.k_slope) / (1.0 + back)
    return found


def outer_reflections(layers: Sequence[Layer]) -> list[FloatArray]:
    """Find how each layer's outer surface reflects what comes from inside.

    Within a layer the solution that vanishes at the ground is K_n(κr) + S [K_n/I_n](κb) I_n(κr).

    Returns
    -------
    list of ndarray of float64, shape (n_orders, 1, n_wavenumbers)
        S of each layer; −1 at the ground.
    """
    found = []
    echo = np.full_like(layers[-1].i_pass, -1.0)
    for layer, inner in zip(layers[::-1], [*layers[-2::-1], None], strict=True):
        found.append(echo)
        if inner is None or layer.inside is None:
            break
        back = layer.passes * echo
        admittance = (  # −σ r V' / V where the layer begins
            layer.across_s_per_m
            * (layer.inside.k_slope - back * layer.inside.i_slope)
            / (1.0 + back)
        )
        sigma = inner.across_s_per_m
        echo = (sigma * inner.outside.k_slope - admittance) / (
            admittance + sigma * inner.outside.i_slope
        )
    return found[::-1]


class Response:
    """G_n(k) of a source in layers, for a set of wavenumbers and orders, at any radius.

    Parameters
    ----------
    layers : sequence of Layer
    origin_layer : int
        Layer of the source.
    origin_mm : float
        Its distance from the axis, mm.

    Notes
    -----
    In the source's layer, from a to b, with u = I_n + R [I/K](κa) K_n and w = K_n + S [K/I](κb) I_n,
    G = u(r<) w(r>) / (σ (1 − R S q)), q = [I(a)/I(b)] [K(b)/K(a)]. All products are written with ratios to the
    values at a and b; I_n K_n itself is 1 / (x I'/I − x K'/K) by the Wronskian.
    """

    def __init__(self, layers: Sequence[Layer], origin_layer: int, origin_mm: float) -> None:
        self._layers = layers
        self._inner = inner_reflections(layers)
        self._outer = outer_reflections(layers)
        self._origin_layer = origin_layer
        self._origin_mm = origin_mm
        own = layers[origin_layer]
        self._i_source, self._k_source = own.waves_at(np.array([origin_mm]))
        self._product_b = 1.0 / (own.outside.i_slope + own.outside.k_slope)  # I K at b
        self._product_a = (
            np.zeros_like(self._product_b)
            if own.inside is None
            else 1.0 / (own.inside.i_slope + own.inside.k_slope)
        )
        echo = self._inner[origin_layer] * self._outer[origin_layer] * own.passes
        self._scale = 1.0 / (own.across_s_per_m * (1.0 - echo))
        self._surfaces = self._at_surfaces()

    def at(self, layer: int, radius_mm: FloatArray, *, is_whole: bool) -> FloatArray:
        """Give G_n(k) at some radii in one layer.

        Parameters
        ----------
        layer : int
        radius_mm : ndarray of float64, shape (n_radii,)
            mm.
        is_whole : bool
            Whether the wave that the source would have without boundaries is part of the answer in its own layer.

        Returns
        -------
        ndarray of float64, shape (n_orders, n_radii, n_wavenumbers)
            m/S.
        """
        here = self._layers[layer]
        i_wave, k_wave = here.waves_at(radius_mm)
        if layer == self._origin_layer:
            reflected = self._reflected(i_wave, k_wave)
            return reflected + self._free(radius_mm) if is_whole else reflected
        if layer < self._origin_layer:
            echo = self._inner[layer]
            wave = (i_wave + here.i_pass * echo * k_wave) / (1.0 + here.passes * echo)
        else:
            echo = self._outer[layer]
            wave = (k_wave + here.k_pass * echo * i_wave) / (1.0 + here.passes * echo)
        result: FloatArray = self._surfaces[layer] * wave
        return result

    def _reflected(self, i_wave: FloatArray, k_wave: FloatArray) -> FloatArray:
        """Give what the surfaces of the source's layer send back."""
        own = self._layers[self._origin_layer]
        inner, outer = self._inner[self._origin_layer], self._outer[self._origin_layer]
        both = k_wave * self._i_source + i_wave * self._k_source
        total: FloatArray = self._scale * (
            inner * self._product_a * k_wave * self._k_source
            + outer * self._product_b * i_wave * self._i_source
            + inner * outer * self._product_b * own.i_pass * both
        )
        return total

    def _free(self, radius_mm: FloatArray) -> FloatArray:
        """Give what the source would send without boundaries, I_n(κr<) K_n(κr>) / σ."""
        own = self._layers[self._origin_layer]
        inner, outer = (
            make_waves(own.decay * pick(radius_mm, self._origin_mm)[:, None], len(own.i_pass))
            for pick in (np.minimum, np.maximum)
        )
        product = 1.0 / (outer.i_slope + outer.k_slope)
        free: FloatArray = i_ratio(inner, outer) * product / own.across_s_per_m
        return free

    def _at_surfaces(self) -> dict[int, FloatArray]:
        """Give G_n at the surface of each other layer that faces the source."""
        own = self._layers[self._origin_layer]
        inner, outer = self._inner[self._origin_layer], self._outer[self._origin_layer]
        found: dict[int, FloatArray] = {}
        value = self._product_a * (self._k_source + outer * own.k_pass * self._i_source)
        value *= self._scale * (1.0 + inner)
        for index in range(self._origin_layer - 1, -1, -1):
            found[index] = value
            layer, echo = self._layers[index], self._inner[index]
            value = value * layer.i_pass * (1.0 + echo) / (1.0 + layer.passes * echo)
        value = self._product_b * (self._i_source + inner * own.i_pass * self._k_source)
        value *= self._scale * (1.0 + outer)
        for index in range(self._origin_layer + 1, len(self._layers)):
            found[index] = value
            layer, echo = self._layers[index], self._outer[index]
            value = value * layer.k_pass * (1.0 + echo) / (1.0 + layer.passes * echo)
        return found
