: Calcium-activated non-specific cation channel, I = g m^2 (V - e). Constants: src/scsim/data/channels/can.toml.
NEURON {
    SUFFIX scsim_can
    NONSPECIFIC_CURRENT i
    USEION ca READ cai
    RANGE g_max, e
}
UNITS { (mV) = (millivolt) (mA) = (milliamp) (S) = (siemens) (mM) = (milli/liter) }
PARAMETER { g_max = 0 (S/cm2) e = 0 (mV) q = 4.655536722 }
ASSIGNED { v (mV) cai (mM) i (mA/cm2) m_inf m_tau (ms) }
STATE { m }
INITIAL { rates(cai) m = m_inf }
BREAKPOINT { SOLVE gates METHOD cnexp i = g_max * m * m * (v - e) }
DERIVATIVE gates { rates(cai) m' = (m_inf - m) / m_tau }
PROCEDURE rates(cai (mM)) {
    LOCAL a
    a = 0.002 * (cai / 0.0005) * (cai / 0.0005)
    m_inf = a / (a + 0.002)
    m_tau = 40 / ((a + 0.002) * q)
    if (m_tau < 0.1) { m_tau = 0.1 }
}
