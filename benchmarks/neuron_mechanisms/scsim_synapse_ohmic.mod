: Synapse with two exponentials; a spike soon after another has less weight.
: Constants: src/scsim/data/circuits/zhang2014.toml.
NEURON {
    POINT_PROCESS ScsimSynapse
    NONSPECIFIC_CURRENT i
    RANGE rise, decay, e, recovery
}
UNITS { (nA) = (nanoamp) (mV) = (millivolt) (uS) = (microsiemens) (mM) = (milli/liter) }
PARAMETER { rise = 0.1 (ms) decay = 5 (ms) e = 0 (mV) recovery = 0.1 (ms)  }
ASSIGNED { v (mV) i (nA)  g (uS) scale }
STATE { a (uS) b (uS) }
INITIAL {
    LOCAL peak
    a = 0
    b = 0
    peak = rise * decay / (decay - rise) * log(decay / rise)
    scale = 1 / (exp(-peak / decay) - exp(-peak / rise))
}
BREAKPOINT {
    SOLVE fade METHOD cnexp
    g = b - a
    i = g * (v - e)
}
DERIVATIVE fade { a' = -a / rise b' = -b / decay }
NET_RECEIVE(weight (uS), last (ms)) {
    LOCAL w
    INITIAL { last = -1e9 }
    w = weight
    if (recovery > 0) { w = weight * (1 - exp(-(t - last) / recovery)) }
    last = t
    a = a + w * scale
    b = b + w * scale
}
