: Potassium channel of the excitatory and projection cells, I = g n^4 (V - ek).
: Constants: src/scsim/data/channels/hh2_k.toml.
NEURON {
    SUFFIX scsim_hh2_k
    USEION k READ ek WRITE ik
    RANGE g_max
}
UNITS { (mV) = (millivolt) (mA) = (milliamp) (S) = (siemens) }
PARAMETER { g_max = 0 (S/cm2) }
ASSIGNED { v (mV) ek (mV) ik (mA/cm2) n_inf n_tau (ms) }
STATE { n }
INITIAL { rates(v) n = n_inf }
BREAKPOINT { SOLVE gates METHOD cnexp ik = g_max * n * n * n * n * (v - ek) }
DERIVATIVE gates { rates(v) n' = (n_inf - n) / n_tau }
FUNCTION ratio(x, y) {
    if (fabs(x / y) < 1e-6) { ratio = y - x / 2 } else { ratio = x / (exp(x / y) - 1) }
}
PROCEDURE rates(v (mV)) {
    LOCAL a, b, u
    u = v + 55
    a = 0.032 * ratio(15 - u, 5)
    b = 0.5 * exp((10 - u) / 40)
    n_tau = 1 / (a + b)
    n_inf = a * n_tau
}
