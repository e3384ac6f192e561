: Calcium-dependent potassium channel, I = g m^3 (V - ek), gate by implicit Euler as published.
: Constants: src/scsim/data/channels/k_ca.toml.
NEURON {
    SUFFIX scsim_k_ca
    USEION k READ ek WRITE ik
    USEION ca READ cai
    RANGE g_max
}
UNITS { (mV) = (millivolt) (mA) = (milliamp) (S) = (siemens) (mM) = (milli/liter) }
PARAMETER { g_max = 0 (S/cm2) q = 4.655536722 }
ASSIGNED { v (mV) ek (mV) cai (mM) dt (ms) ik (mA/cm2) m_inf m_tau (ms) }
STATE { m }
INITIAL { rates(cai) m = m_inf }
BREAKPOINT { SOLVE gates METHOD after_cvode ik = g_max * m * m * m * (v - ek) }
PROCEDURE gates() { rates(cai) m = (m + dt * m_inf / m_tau) / (1 + dt / m_tau) }
PROCEDURE rates(cai (mM)) {
    LOCAL c
    c = (cai / 0.001) * (cai / 0.001)
    m_inf = c / (1 + c)
    m_tau = 1 / (0.03 * (1 + c) * q)
    if (m_tau < 0.1) { m_tau = 0.1 }
}
