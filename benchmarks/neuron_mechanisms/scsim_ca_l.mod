: L-type calcium channel of the projection cell, I = p m^2 GHK. Constants: src/scsim/data/channels/ca_l.toml.
NEURON {
    SUFFIX scsim_ca_l
    USEION ca READ cai, cao WRITE ica
    RANGE p_max
}
UNITS { (mV) = (millivolt) (mA) = (milliamp) (mM) = (milli/liter) }
PARAMETER { p_max = 0 (cm/s) q = 3.948222038 }
ASSIGNED { v (mV) cai (mM) cao (mM) ica (mA/cm2) m_inf m_tau (ms) }
STATE { m }
INITIAL { rates(v) m = m_inf }
BREAKPOINT { SOLVE gates METHOD cnexp ica = p_max * m * m * ghk(v, cai, cao) }
DERIVATIVE gates { rates(v) m' = (m_inf - m) / m_tau }
FUNCTION ghk(v (mV), ci (mM), co (mM)) {
    LOCAL w, share
    w = 0.001 * v * 2 * 96480 / (8.314 * 309.16)
    if (fabs(w) <= 1e-4) { share = 1 - w / 2 } else { share = w / (exp(w) - 1) }
    ghk = -0.002 * 96480 * (co - ci * exp(w)) * share
}
PROCEDURE rates(v (mV)) {
    LOCAL a, b, u
    u = v - 1.31
    a = 1.6 / (1 + exp(-0.072 * (v - 5)))
    if (fabs(u / 5.36) < 1e-6) { b = 0.02 * (5.36 - u / 2) } else { b = 0.02 * u / (exp(u / 5.36) - 1) }
    m_tau = 1 / ((a + b) * q)
    m_inf = 1 / (1 + exp(-(v + 10) / 10))
}
