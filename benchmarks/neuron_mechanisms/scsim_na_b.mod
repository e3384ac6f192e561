: Fast sodium channel of the inhibitory cells, I = g m^3 h (V - ena). Constants: src/scsim/data/channels/na_b.toml.
NEURON {
    SUFFIX scsim_na_b
    USEION na READ ena WRITE ina
    RANGE g_max
}
UNITS { (mV) = (millivolt) (mA) = (milliamp) (S) = (siemens) }
PARAMETER { g_max = 0 (S/cm2) q = 4.171167511 }
ASSIGNED { v (mV) ena (mV) ina (mA/cm2) m_inf h_inf m_tau (ms) h_tau (ms) }
STATE { m h }
INITIAL { rates(v) m = m_inf h = h_inf }
BREAKPOINT { SOLVE gates METHOD cnexp ina = g_max * m * m * m * h * (v - ena) }
DERIVATIVE gates { rates(v) m' = (m_inf - m) / m_tau h' = (h_inf - h) / h_tau }
FUNCTION ratio(x, y) {
    if (fabs(x / y) < 1e-6) { ratio = y - x / 2 } else { ratio = x / (exp(x / y) - 1) }
}
PROCEDURE rates(v (mV)) {
    LOCAL a, b
    a = 0.182 * q * ratio(-(v + 28), 9)
    b = 0.124 * q * ratio(v + 28, 9)
    m_tau = 1 / (a + b)
    m_inf = a * m_tau
    a = q * (0.061 * ratio(-(v + 35), 3) + 0.0166)
    b = 0.0018 * q * ratio(v + 71, 18)
    h_tau = 1 / (a + b)
    h_inf = 1 / (1 + exp((v + 64) / 9))
}
