: Calcium below the membrane: what flows in, and a return to rest; explicit Euler, seen a step late, as published.
: Constants: src/scsim/data/circuits/zhang2014.toml.
NEURON {
    SUFFIX scsim_calcium
    USEION ca READ ica WRITE cai
    RANGE depth, tau, rest
}
UNITS { (mM) = (milli/liter) (mA) = (milliamp) (um) = (micron) }
PARAMETER { depth = 0.1 (um) tau = 1 (ms) rest = 5e-5 (mM) faraday = 96485.33 }
ASSIGNED { ica (mA/cm2) cai (mM) dt (ms) }
STATE { ca (mM) }
INITIAL { ca = rest cai = rest }
BREAKPOINT { SOLVE pool METHOD after_cvode }
PROCEDURE pool() {
    LOCAL inflow
    inflow = -1e4 * ica / (2 * faraday * depth)
    if (inflow < 0) { inflow = 0 }
    cai = ca
    ca = ca + dt * (inflow + (rest - ca) / tau)
}
