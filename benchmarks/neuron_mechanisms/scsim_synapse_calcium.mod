: Synapse with two exponentials, part of whose current is calcium; a spike soon after another has less weight.
: Constants: src/scsim/data/circuits/zhang2014.toml.
NEURON {
    POINT_PROCESS ScsimCalciumSynapse
    NONSPECIFIC_CURRENT i
    USEION ca WRITE ica
    RANGE rise, decay, e, recovery, calcium_share
}
UNITS { (nA) = (nanoamp) (mV) = (millivolt) (uS) = (microsiemens) (mM) = (milli/liter) }
PARAMETER { rise = 0.1 (ms) decay = 5 (ms) e = 0 (mV) recovery = 0.1 (ms) calcium_share = 0.1 }
ASSIGNED { v (mV) i (nA) ica (nA) total (nA) g (uS) scale }
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
    total = g * (v - e)
    ica = calcium_share * total
    i = total - ica
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
