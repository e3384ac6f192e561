"""The time left that a real run tells, against what it took then."""

import sys
import threading
import time
from pathlib import Path

import pytest

from scsim.study.execution.forecast import Forecast
from scsim.study.execution.rates import SHIPPED
from scsim.study.reading.parse import load_study
from scsim.study.run import execute

SHARES = (0.1, 0.25, 0.5, 0.75)

FACTOR = 2.0
"""How far off the time left may be, either way. With 11 to 13 busy processes on two processors one run of 165 s missed
it (told 19 s left where 41 s were; 122 for 148, 98 for 124 and 61 for 82 before), another of 196 s held it (221 for 177,
192 for 147, 143 for 98, 62 for 49)."""

SAMPLE_S = 0.1


@pytest.mark.long
def test_the_time_left_of_a_real_run_is_near_the_truth(tmp_path: Path):
    """The rates are those that are shipped, whatever this machine is; kernels are compiled before."""
    overrides = ("afferents.realization={ sweep = [0, 1, 2, 3] }",)
    warm = ("afferents.realization=0", 'circuit.state="healthy"', "stimulus.frequency_hz=50")
    execute(load_study("configs/pain_states.toml", (*warm, "circuit.duration_s=1.5")), workers=2)
    forecast = Forecast(rates=SHIPPED)
    told: list[tuple[float, float]] = []
    over = threading.Event()

    def look() -> None:
        while not over.wait(SAMPLE_S):
            left = forecast.left_s()
            if left is not None:
                told.append((time.perf_counter(), left))

    looker = threading.Thread(target=look)
    looker.start()
    begin = time.perf_counter()
    execute(
        load_study("configs/pain_states.toml", overrides),
        tmp_path / "out",
        workers=2,
        forecast=forecast,
    )
    end = time.perf_counter()
    over.set()
    looker.join()
    whole = end - begin
    lines = []
    for share in SHARES:
        at, left = min(told, key=lambda one: abs(one[0] - begin - share * whole))
        lines.append((share, left, end - at))
    text = "; ".join(
        f"{100 * share:.0f} %: told {left:.1f} s, took {true:.1f} s" for share, left, true in lines
    )
    sys.stdout.write(f"\nwhole run {whole:.1f} s; {text}\n")
    for share, left, true in lines:
        assert true / FACTOR < left < true * FACTOR, (share, text)
