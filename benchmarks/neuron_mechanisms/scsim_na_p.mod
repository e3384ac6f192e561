: Persistent sodium channel of the projection cell, I = g m h (V - ena). Constants: src/scsim/data/channels/na_p.toml.
NEURON {
    SUFFIX scsim_na_p
    USEION na READ ena WRITE ina
    RANGE g_max
}
UNITS { (mV) = (millivolt) (mA) = (milliamp) (S) = (siemens) }
PARAMETER { g_max = 0 (S/cm2) }
ASSIGNED { v (mV) ena (mV) ina (mA/cm2) m_inf h_inf m_tau (ms) h_tau (ms) }
STATE { m h }
INITIAL { rates(v) m = m_inf h = h_inf }
BREAKPOINT { SOLVE gates METHOD cnexp ina = g_max * m * h * (v - ena) }
DERIVATIVE gates { rates(v) m' = (m_inf - m) / m_tau h' = (h_inf - h) / h_tau }
FUNCTION ratio(x, y) {
    if (fabs(x / y) < 1e-6) { ratio = y - x / 2 } else { ratio = x / (exp(x / y) - 1) }
}
PROCEDURE rates(v (mV)) {
    LOCAL a, b, u
    u = v + 55
    a = 0.32 * ratio(11 - u, 4)
    b = 0.28 * ratio(u - 42, 5)
    m_tau = 1 / (a + b)
    m_inf = a * m_tau
    a = 0.128 * exp((12 - u) / 18)
    b = 4 / (1 + exp((35 - u) / 10))
    h_tau = 1 / (a + b)
    h_inf = a * h_tau
}
