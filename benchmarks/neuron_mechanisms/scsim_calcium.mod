: Calcium below the membrane: what flows in, and a return to rest; explicit Euler as published.
: Constants: src/scsim/data/circuits/zhang2014.toml.
NEURON {
    SUFFIX scsim_calcium
    USEION ca READ ica, cai WRITE cai
    RANGE depth, tau, rest
}
UNITS { (mM) = (milli/liter) (mA) = (milliamp) (um) = (micron) }
PARAMETER { depth = 0.1 (um) tau = 1 (ms) rest = 5e-5 (mM) faraday = 96485.33 }
ASSIGNED { ica (mA/cm2) dt (ms) }
STATE { cai (mM) }
INITIAL { cai = rest }
BREAKPOINT { SOLVE pool METHOD after_cvode }
PROCEDURE pool() {
    LOCAL inflow
    inflow = -1e4 * ica / (2 * faraday * depth)
    if (inflow < 0) { inflow = 0 }
    cai = cai + dt * (inflow + (rest - cai) / tau)
}
