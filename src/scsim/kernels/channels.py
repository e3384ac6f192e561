"""Channels of the spiking cells: gates forward by one step, then conductance and drive for the next solve.

Each function walks one sheet: sites (compartment × lane, lane fastest) of one kind of channel, in blocks of as many
sites as the `width` has entries. A record holds the size of the channel and its gates for one block. Constants come
from ``data/channels/`` through ``circuit/assemble_network.py``, which also checks the relations between them that make
one exponential enough. What a cell is, synapses, and the solve do not belong here.

Symbols: v voltage, mV; x a gate, advanced by ``x += (1 - exp(-dt / tau)) (x_inf - x)``; g conductance, µS; e reversal
potential, mV. A current is linear around v: G += slope, J += slope v - current, so G += g and J += g e where ohmic.
Sources: models of Zhang, Janik and Grill (2014), as in the program they published.
Checked by ``tests/kernels/test_network.py``.
"""

from typing import Any, Final

from scsim.kernels.elementary import (
    EXP_DOUBLE,
    decay_16,
    exp_bounded_double,
    exp_double,
    exp_small,
)
from scsim.kernels.jit import FloatArray, inline_kernel

# Kinds, in the order in which they are advanced: calcium first, since gates see the pool before its step.
POOL: Final = 0
NA_B: Final = 1
K_DRI: Final = 2
TRAUB_NA: Final = 3
"""Transient and persistent sodium of the excitatory and projection neurons."""
HH2_K: Final = 4
CA_L: Final = 5
K_CA: Final = 6
CAN: Final = 7
K_A: Final = 8

SITES: Final = 8288
"""Sites that a field of the site buffer has room for: 256 compartments × 32 lanes, and a block to spare.

A constant, so that the compiler knows that fields do not overlap; not a power of two, so that the fields of one site
do not share a set of the cache."""

# Fields of the site buffer, shape (N_FIELDS * SITES,).
V: Final = 0
G: Final = 1 * SITES
"""Slope of all currents and what couples to neighbors, µS."""
J: Final = 2 * SITES
"""Drive: right side of the solve, nA."""
CA: Final = 3 * SITES
"""Calcium of the pool, mM."""
SEEN: Final = 4 * SITES
"""Calcium that channels see: the pool's before its last step, mM."""
ICA: Final = 5 * SITES
"""Calcium current since the last step of the pool, nA."""
N_FIELDS: Final = 6

# Fields of a record, each as wide as a block.
SIZE: Final = 0
"""Largest conductance, µS; for the L-type channel permeability × area, nA per mA/cm² of driving force."""
GATE_1: Final = 1
GATE_2: Final = 2
LOW: Final = 3
"""Lower end of the interval of the table that a site is in, mV; its six coefficients follow."""
N_COEFFICIENTS: Final = 6
N_RECORD_FIELDS: Final = (3, 3, 4 + N_COEFFICIENTS, 3, 2, 2, 2, 2, 3)
"""Fields of the record of each kind; those of a pool: inflow (mM/ms per nA), 1 / decay (1/ms), rest (mM)."""

LARGEST_MV: Final = 160.0
"""Beyond this voltage rates are as there, mV: their exponentials stay in range. The table of K_DRI begins there too."""

NEAR_MV: Final = 0.05
"""Distance from the singularity of ``x / (exp(x / y) - 1)`` below which its series is used, mV."""


@inline_kernel
def pool(
    sites: FloatArray,
    records: FloatArray,
    start: int,
    n_blocks: int,
    at: int,
    dt: float,
    width: Any,
    n_run: int,
) -> None:
    """Advance calcium by explicit Euler; channels see what it was before.

    ``d[Ca]/dt = max(0, -k I_Ca) + (rest - [Ca]) / decay``, k of ``data/cells/calcium_pool.toml``.
    """
    n = len(width)
    for b in range(n_blocks):
        here = sites[start + b * n : start + b * n + 5 * SITES + n]
        rec = records[at + b * 3 * n : at + (b + 1) * 3 * n]
        for i in range(n_run):
            ca = here[CA + i]
            inflow = max(-rec[i] * here[ICA + i], 0.0)
            here[SEEN + i] = ca
            here[CA + i] = ca + dt * (inflow + (rec[2 * n + i] - ca) * rec[n + i])
            here[ICA + i] = 0.0


@inline_kernel
def na_b(
    sites: FloatArray,
    records: FloatArray,
    constants: FloatArray,
    start: int,
    n_blocks: int,
    at: int,
    c_at: int,
    e: float,
    dt: float,
    width: Any,
    n_run: int,
) -> None:
    """Sodium of the tonic cells, ``g m³ h (v - e)``; every exponential is a power of exp(v / s).

    With ``z = exp((v - mid) / (s/2))``: α_m = a x z / (z - 1), β_m = b x / (z - 1), x = v - mid;
    α_h = a y z³/(z³ - 1) + offset with scale s/6; β_h = b w / (z½ - 1) with scale s; h_inf with scale -s/2.
    """
    n = len(width)
    c = constants[c_at:]
    scale_32 = c[0] / 32.0
    mid_m, c_m, a_m, b_m, limit_m = c[1], c[2], c[3], c[4], c[5]
    mid_ah, c_ah, a_h, offset_h, limit_ah = c[6], c[7], c[8], c[9], c[10]
    mid_bh, c_bh, b_h, limit_bh = c[11], c[12], c[13], c[14]
    c_inf = c[15]
    curve_m, curve_ah, curve_bh = c[16], c[17], c[18]
    dt_16 = dt / 16.0
    k_m, b_over_k = a_m * c_m * dt_16, b_m / (a_m * c_m)
    k_ah, k_bh, k_offset = a_h * c_ah * dt_16, b_h * dt_16, offset_h * dt_16
    for b in range(n_blocks):
        here = sites[start + b * n : start + b * n + 2 * SITES + n]
        rec = records[at + b * 3 * n : at + (b + 1) * 3 * n]
        for i in range(n_run):
            v = min(max(here[V + i], -LARGEST_MV), LARGEST_MV)
            u = exp_small(v * scale_32)
            u *= u
            u *= u
            u *= u
            u *= u
            u *= u
            u2 = u * u
            u6 = u2 * u2 * u2
            x = v - mid_m
            y = v - mid_ah
            w = v - mid_bh
            far_m = abs(x) > NEAR_MV
            far_ah = abs(y) > NEAR_MV
            far_bh = abs(w) > NEAR_MV
            # x / (z - 1) = limit - x / 2 + x² / (12 limit) near 0.
            top_m = x if far_m else limit_m + x * (curve_m * x - 0.5)
            top_ah = y if far_ah else limit_ah + y * (curve_ah * y - 0.5)
            top_bh = w if far_bh else limit_bh + w * (curve_bh * w - 0.5)
            d1 = c_m * u2 - 1.0 if far_m else 1.0
            d2 = c_ah * u6 - 1.0 if far_ah else 1.0
            d3 = c_bh * u - 1.0 if far_bh else 1.0
            d4 = u2 + b_over_k
            d5 = 1.0 + c_inf * u2
            # α_m + β_m = k top d4 / d1, m_inf = u² / d4, α_h + β_h = sum / (d2 d3) + offset, h_inf = 1 / d5
            d14 = d1 * d4
            d23 = d2 * d3
            d235 = d23 * d5
            inverse = 1.0 / (d14 * d235)
            r14 = inverse * d235
            r235 = inverse * d14
            m_inf = u2 * (d1 * r14)
            h_inf = d23 * r235
            sum_h = k_ah * top_ah * u6 * d3 + k_bh * top_bh * d2
            speed_m = k_m * top_m * d4 * (d4 * r14)
            speed_h = sum_h * (d5 * r235) + k_offset
            m = rec[n + i]
            h = rec[2 * n + i]
            m = m_inf + (m - m_inf) * decay_16(speed_m)
            h = h_inf + (h - h_inf) * decay_16(speed_h)
            rec[n + i] = m
            rec[2 * n + i] = h
            g = rec[i] * (m * m * m * h)
            here[G + i] += g
            here[J + i] += g * e


@inline_kernel
def k_dri(
    sites: FloatArray,
    records: FloatArray,
    table: FloatArray,
    constants: FloatArray,
    start: int,
    n_blocks: int,
    at: int,
    c_at: int,
    e: float,
    width: Any,
    n_run: int,
) -> None:
    """Potassium of the tonic cells, ``g n⁴ h (v - e)``, gates from a table that is linear between its points.

    Each site keeps the six coefficients of the interval it is in (value and slope of n_inf, of the share of the way
    to it, and of h_inf; the share of h is the same at every voltage), so that no look-up stands in the way of the
    lanes; sites that have left their interval are read anew, one by one.
    """
    n = len(width)
    c = constants[c_at:]
    first_mv, step_mv, last, h_share = c[0], c[1], c[2], c[3]
    stride = (LOW + 1 + N_COEFFICIENTS) * n
    for b in range(n_blocks):
        here = sites[start + b * n : start + b * n + 2 * SITES + n]
        rec = records[at + b * stride : at + (b + 1) * stride]
        n_left = 0
        for i in range(n_run):
            d = here[V + i] - rec[LOW * n + i]
            n_left += 1 if (d < 0.0) | (d >= step_mv) else 0
        if n_left > 0:
            for i in range(n_run):
                v = here[V + i]
                d = v - rec[LOW * n + i]
                if (d < 0.0) | (d >= step_mv):
                    k = min(max((v - first_mv) / step_mv, -1.0), last)
                    row = int(k + 1.0)  # 0: below the table
                    rec[LOW * n + i] = first_mv + max(row - 1.0, 0.0) * step_mv
                    for f in range(N_COEFFICIENTS):
                        rec[(LOW + 1 + f) * n + i] = table[row * N_COEFFICIENTS + f]
        for i in range(n_run):
            d = here[V + i] - rec[LOW * n + i]
            n_inf = rec[4 * n + i] + d * rec[5 * n + i]
            n_share = rec[6 * n + i] + d * rec[7 * n + i]
            h_inf = rec[8 * n + i] + d * rec[9 * n + i]
            x = rec[n + i]
            y = rec[2 * n + i]
            x += n_share * (n_inf - x)
            y += h_share * (h_inf - y)
            rec[n + i] = x
            rec[2 * n + i] = y
            x2 = x * x
            g = rec[i] * (x2 * x2 * y)
            here[G + i] += g
            here[J + i] += g * e


@inline_kernel
def traub_na(
    sites: FloatArray,
    records: FloatArray,
    constants: FloatArray,
    start: int,
    n_blocks: int,
    at: int,
    c_at: int,
    e: float,
    dt: float,
    width: Any,
    n_run: int,
) -> None:
    """Sodium of the excitatory cells: ``g m³ h (v - e)``, or the persistent ``g m h (v - e)``.

    α_m = a x / (1 - exp(-x/s4)), β_m = b y / (exp(y/s5) - 1), α_h = a exp(-(v - mid)/s18),
    β_h = b / (1 + exp(-(v - mid)/s5)), or with twice that scale; scales 45, 36, 10 and 36 (18) times smaller than s.
    """
    n = len(width)
    c = constants[c_at:]
    scale_4 = c[0] / 4.0
    mid_a, c_a, a_m, limit_a, curve_a = c[1], c[2], c[3], c[4], c[5]
    mid_b, c_b, b_m, limit_b, curve_b = c[6], c[7], c[8], c[9], c[10]
    a_h, c_bh, b_h = c[11], c[12], c[13]
    is_persistent = c[14]
    dt_16 = dt / 16.0
    k_m, b_over_a = a_m * c_a * dt_16, b_m / (a_m * c_a)
    k_h, c_ratio = a_h * dt_16, c_bh * b_h / a_h
    for b in range(n_blocks):
        here = sites[start + b * n : start + b * n + 2 * SITES + n]
        rec = records[at + b * 3 * n : at + (b + 1) * 3 * n]
        for i in range(n_run):
            v = min(max(here[V + i], -LARGEST_MV), LARGEST_MV)
            u = exp_small(v * scale_4)
            u *= u
            u *= u
            u2 = u * u
            u4 = u2 * u2
            u5 = u4 * u
            u9 = u4 * u5
            u18 = u9 * u9
            u36 = u18 * u18
            u45 = u36 * u9
            u_h = u18 if is_persistent > 0.0 else u36
            x = v - mid_a
            y = v - mid_b
            far_a = abs(x) > NEAR_MV
            far_b = abs(y) > NEAR_MV
            top_a = x if far_a else limit_a + x * (curve_a * x - 0.5)
            top_b = y if far_b else limit_b + y * (curve_b * y - 0.5)
            d1 = c_a * u45 - 1.0 if far_a else 1.0
            d2 = c_b * u36 - 1.0 if far_b else 1.0
            d3 = u5 * u5
            d4 = 1.0 + c_bh * u_h
            # α_m = k top_a u45 / d1, β_m = k b_over_a top_b / d2, α_h = k / d3, β_h = k c_ratio u_h / d4
            alpha_m = top_a * u45 * d2
            sum_m = alpha_m + b_over_a * top_b * d1
            sum_h = d4 + c_ratio * u_h * d3
            d12 = d1 * d2
            d34 = d3 * d4
            all_m = d12 * sum_m
            all_h = d34 * sum_h
            inverse = 1.0 / (all_m * all_h)
            inverse_m = inverse * all_h
            inverse_h = inverse * all_m
            speed_m = k_m * sum_m * (inverse_m * sum_m)
            speed_h = k_h * sum_h * (inverse_h * sum_h)
            m_inf = alpha_m * (inverse_m * d12)
            h_inf = d4 * (inverse_h * d34)
            m = rec[n + i]
            h = rec[2 * n + i]
            m = m_inf + (m - m_inf) * decay_16(speed_m)
            h = h_inf + (h - h_inf) * decay_16(speed_h)
            rec[n + i] = m
            rec[2 * n + i] = h
            g = rec[i] * (m * h * (1.0 if is_persistent > 0.0 else m * m))
            here[G + i] += g
            here[J + i] += g * e


@inline_kernel
def hh2_k(
    sites: FloatArray,
    records: FloatArray,
    constants: FloatArray,
    start: int,
    n_blocks: int,
    at: int,
    c_at: int,
    e: float,
    dt: float,
    width: Any,
    n_run: int,
) -> None:
    """Potassium of the excitatory cells, ``g n⁴ (v - e)``.

    α = a x / (1 - exp(-x/s5)), β = b exp(-(v - mid)/s), s = 8 s5.
    """
    n = len(width)
    c = constants[c_at:]
    scale_16 = c[0] / 16.0
    mid_a, c_a, a_n, limit_a, curve_a = c[1], c[2], c[3], c[4], c[5]
    b_n = c[6]
    k_n, b_over_a = a_n * c_a * dt / 16.0, b_n / (a_n * c_a)
    for b in range(n_blocks):
        here = sites[start + b * n : start + b * n + 2 * SITES + n]
        rec = records[at + b * 2 * n : at + (b + 1) * 2 * n]
        for i in range(n_run):
            v = min(max(here[V + i], -LARGEST_MV), LARGEST_MV)
            u = exp_small(v * scale_16)
            u *= u
            u *= u
            u *= u
            u *= u
            u2 = u * u
            u4 = u2 * u2
            u8 = u4 * u4
            x = v - mid_a
            far_a = abs(x) > NEAR_MV
            top_a = x if far_a else limit_a + x * (curve_a * x - 0.5)
            d1 = c_a * u8 - 1.0 if far_a else 1.0
            # α = k top u8 / d1, β = k b_over_a / u
            alpha_u_d = top_a * u8 * u
            sum_u_d = alpha_u_d + b_over_a * d1
            ud = u * d1
            inverse = 1.0 / (sum_u_d * ud)
            speed = k_n * sum_u_d * (inverse * sum_u_d)
            x_inf = alpha_u_d * (inverse * ud)
            gate = rec[n + i]
            gate = x_inf + (gate - x_inf) * decay_16(speed)
            rec[n + i] = gate
            square = gate * gate
            g = rec[i] * (square * square)
            here[G + i] += g
            here[J + i] += g * e


@inline_kernel
def ca_l(
    sites: FloatArray,
    records: FloatArray,
    constants: FloatArray,
    start: int,
    n_blocks: int,
    at: int,
    c_at: int,
    dt: float,
    width: Any,
    n_run: int,
) -> None:
    """L-type calcium, ``p m² GHK(v, inside, outside)``, its slope by a difference over a small voltage.

    ``GHK = -k (outside - inside exp(w)) w / (exp(w) - 1)``, w = v / (RT / zF). The drive sees the pool of one step
    before; what flows counts for the pool.
    """
    n = len(width)
    c = constants[c_at:]
    inverse_a, c_a, a = c[0], c[1], c[2]
    inverse_b, c_b, b_m, mid_b, limit_b, curve_b = c[3], c[4], c[5], c[6], c[7], c[8]
    inverse_inf, c_inf = c[9], c[10]
    w_per_mv, k, outside = c[11], c[12], c[13]
    probe_mv, probe_w, probe_exp, small = c[14], c[15], c[16], c[17]
    inverse_probe = 1.0 / probe_mv
    over_a, over_inf = 1.0 / c_a, 1.0 / c_inf
    k_a, k_b = a * dt / 16.0, b_m * dt / 16.0
    for b in range(n_blocks):
        here = sites[start + b * n : start + b * n + 5 * SITES + n]
        rec = records[at + b * 2 * n : at + (b + 1) * 2 * n]
        for i in range(n_run):
            v = here[V + i]
            near = min(max(v, -LARGEST_MV), LARGEST_MV)
            za = exp_bounded_double(near * inverse_a, EXP_DOUBLE)
            zb = exp_bounded_double(near * inverse_b, EXP_DOUBLE)
            zi = exp_bounded_double(near * inverse_inf, EXP_DOUBLE)
            y = near - mid_b
            far_b = abs(y) > NEAR_MV
            top_b = y if far_b else limit_b + y * (curve_b * y - 0.5)
            d_b = c_b * zb - 1.0 if far_b else 1.0
            w = near * w_per_mv
            ew = exp_bounded_double(w, EXP_DOUBLE)
            w2 = w + probe_w
            ew2 = ew * probe_exp
            near_1 = abs(w) <= small
            near_2 = abs(w2) <= small
            top_1 = 1.0 - 0.5 * w if near_1 else w
            top_2 = 1.0 - 0.5 * w2 if near_2 else w2
            d_1 = 1.0 if near_1 else ew - 1.0
            d_2 = 1.0 if near_2 else ew2 - 1.0
            d_a = over_a + za
            d_i = over_inf + zi
            d_ab = d_a * d_b
            d_12 = d_1 * d_2
            d_abi = d_ab * d_i
            inverse = 1.0 / (d_abi * d_12)
            inverse_12 = inverse * d_abi
            inverse_abi = inverse * d_12
            speed = (k_a * za * d_b + k_b * top_b * d_a) * (inverse_abi * d_i)
            m_inf = zi * (inverse_abi * d_ab)
            m = rec[n + i]
            m = m_inf + (m - m_inf) * decay_16(speed)
            rec[n + i] = m
            inside = here[SEEN + i]
            size = -k * rec[i] * (m * m) * inverse_12
            current = (outside - inside * ew) * (top_1 * d_2) * size
            probed = (outside - inside * ew2) * (top_2 * d_1) * size
            slope = (probed - current) * inverse_probe
            here[ICA + i] += current
            here[G + i] += slope
            here[J + i] += slope * v - current


@inline_kernel
def k_ca(
    sites: FloatArray,
    records: FloatArray,
    constants: FloatArray,
    start: int,
    n_blocks: int,
    at: int,
    c_at: int,
    e: float,
    dt: float,
    width: Any,
    n_run: int,
) -> None:
    """Potassium opened by calcium, ``g m³ (v - e)``, its gate by implicit Euler.

    c = ([Ca]/half)², m_inf = c / (1 + c), tau = max(shortest, 1 / (rate (1 + c))).
    """
    n = len(width)
    c = constants[c_at:]
    inverse_half, rate, largest = c[0], c[1], c[2]
    for b in range(n_blocks):
        here = sites[start + b * n : start + b * n + 4 * SITES + n]
        rec = records[at + b * 2 * n : at + (b + 1) * 2 * n]
        for i in range(n_run):
            share = here[SEEN + i] * inverse_half
            share *= share
            whole = 1.0 + share
            speed = dt * min(rate * whole, largest)
            m = (rec[n + i] * whole + speed * share) / (whole * (1.0 + speed))
            rec[n + i] = m
            g = rec[i] * (m * m * m)
            here[G + i] += g
            here[J + i] += g * e


@inline_kernel
def can(
    sites: FloatArray,
    records: FloatArray,
    constants: FloatArray,
    start: int,
    n_blocks: int,
    at: int,
    c_at: int,
    e: float,
    dt: float,
    width: Any,
    n_run: int,
) -> None:
    """Cation channel opened by calcium, ``g m² (v - e)``.

    A = rate ([Ca]/half)², m_inf = A / (A + rate), tau = max(shortest, factor / (A + rate)).
    """
    n = len(width)
    c = constants[c_at:]
    inverse_half, rate, inverse_factor, largest = c[0], c[1], c[2], c[3]
    dt_16 = dt / 16.0
    for b in range(n_blocks):
        here = sites[start + b * n : start + b * n + 4 * SITES + n]
        rec = records[at + b * 2 * n : at + (b + 1) * 2 * n]
        for i in range(n_run):
            share = here[SEEN + i] * inverse_half
            opening = rate * (share * share)
            both = opening + rate
            speed = min(both * inverse_factor, largest)
            m_inf = opening / both
            m = rec[n + i]
            m = m_inf + (m - m_inf) * decay_16(dt_16 * speed)
            rec[n + i] = m
            g = rec[i] * (m * m)
            here[G + i] += g
            here[J + i] += g * e


@inline_kernel
def k_a(
    sites: FloatArray,
    records: FloatArray,
    constants: FloatArray,
    start: int,
    n_blocks: int,
    at: int,
    c_at: int,
    e: float,
    dt: float,
    width: Any,
    n_run: int,
) -> None:
    """Transient potassium of delayed-firing cells, ``g n⁴ h (v - e)``.

    α_n = a x / (1 - exp(-x/s)), β_n = b exp(-(v - mid)/(4 s)), α_h and β_h opposite sigmoids.
    """
    n = len(width)
    c = constants[c_at:]
    inverse_a, mid_a, c_a, a_n, limit_a, curve_a = c[0], c[1], c[2], c[3], c[4], c[5]
    inverse_b, b_n = c[6], c[7]
    inverse_h, c_h, a_h, b_h = c[8], c[9], c[10], c[11]
    dt_16 = dt / 16.0
    for b in range(n_blocks):
        here = sites[start + b * n : start + b * n + 2 * SITES + n]
        rec = records[at + b * 3 * n : at + (b + 1) * 3 * n]
        for i in range(n_run):
            v = min(max(here[V + i], -LARGEST_MV), LARGEST_MV)
            za = c_a * exp_double(v * inverse_a)
            zh = c_h * exp_double(v * inverse_h)
            x = v - mid_a
            far_a = abs(x) > NEAR_MV
            top_a = x if far_a else limit_a + x * (curve_a * x - 0.5)
            d_a = za - 1.0 if far_a else 1.0
            alpha_n = a_n * top_a * za / d_a
            rate_n = alpha_n + b_n * exp_double(v * inverse_b)
            alpha_h = a_h / (1.0 + zh)
            rate_h = alpha_h + b_h * zh / (1.0 + zh)
            n_inf = alpha_n / rate_n
            h_inf = alpha_h / rate_h
            gate = rec[n + i]
            h = rec[2 * n + i]
            gate = n_inf + (gate - n_inf) * decay_16(dt_16 * rate_n)
            h = h_inf + (h - h_inf) * decay_16(dt_16 * rate_h)
            rec[n + i] = gate
            rec[2 * n + i] = h
            square = gate * gate
            g = rec[i] * (square * square * h)
            here[G + i] += g
            here[J + i] += g * e
