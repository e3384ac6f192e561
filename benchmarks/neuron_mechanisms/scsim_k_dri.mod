: Delayed rectifier of the inhibitory cells, I = g n^4 h (V - ek), rates from a table as published.
: Constants: src/scsim/data/channels/k_dri.toml.
NEURON {
    SUFFIX scsim_k_dri
    USEION k READ ek WRITE ik
    RANGE g_max
    GLOBAL n_inf, n_exp, h_inf, h_exp
}
UNITS { (mV) = (millivolt) (mA) = (milliamp) (S) = (siemens) }
PARAMETER { g_max = 0 (S/cm2) q = 4.171167511 }
ASSIGNED { v (mV) ek (mV) dt (ms) ik (mA/cm2) n_inf n_exp h_inf h_exp }
STATE { n h }
INITIAL { rates(v) n = n_inf h = h_inf }
BREAKPOINT { SOLVE gates METHOD after_cvode ik = g_max * n * n * n * n * h * (v - ek) }
PROCEDURE gates() { rates(v) n = n + n_exp * (n_inf - n) h = h + h_exp * (h_inf - h) }
FUNCTION ratio(x, y) {
    if (fabs(x / y) < 1e-6) { ratio = y - x / 2 } else { ratio = x / (exp(x / y) - 1) }
}
PROCEDURE rates(v (mV)) {
    LOCAL a, b
    TABLE n_inf, n_exp, h_inf, h_exp DEPEND dt FROM -160 TO 100 WITH 200
    a = 0.035 * q * ratio(-(v + 15), 9)
    b = 0.014 * q * exp((12 - v) / 46)
    n_inf = a / (a + b)
    n_exp = 1 - exp(-dt * (a + b))
    a = 0.0083 * q * (1 + 1 / (1 + exp((v + 20) / 10)))
    b = 0.0083 * q / (1 + exp(-(v + 20) / 10))
    h_inf = a / (a + b)
    h_exp = 1 - exp(-dt * (a + b))
}
