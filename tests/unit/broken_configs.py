"""Configs with one slip each, and what the message about it must say; then configs with several.

Each row: name, how the sound config below is changed, line, key, value, and a part of the remedy.
Configs with several slips have a name, the changes, and the keys of all faults in the order of the file.
"""

from collections.abc import Iterable
from typing import NamedTuple

SOUND = """\
title = "A sound study"
seed = 1

[montage]
c4 = -1.0
c5 = 1.0

[stimulus]
pulse_width_us = 210
amplitude_ma = 2.0
frequency_hz = 50

[circuit]
state = "healthy"
"""

PW = "pulse_width_us = 210"
AMPLITUDE = "amplitude_ma = 2.0"
RATE = "frequency_hz = 50"
MONTAGE = "c4 = -1.0\nc5 = 1.0"
STATE = 'state = "healthy"'


class Broken(NamedTuple):
    """One broken config."""

    name: str
    changes: tuple[tuple[str, str], ...]
    line: int | None
    key: str
    value: str
    remedy: str

    @property
    def text(self) -> str:
        """The sound config with the changes."""
        text = changed(self.changes)
        assert text is not None
        return text


def changed(changes: Iterable[tuple[str, str]]) -> str | None:
    """Give the sound config with changes; None if two of them change the same text.

    A change of an empty text goes below its table if the config has it, and to the end if not.
    """
    text = SOUND
    # Rows that are put beside a row come before changes of that row.
    for old, new in sorted(changes, key=lambda change: change[0] not in change[1]):
        head, _, rows = new.partition("\n")
        if old not in text:
            return None
        if old:
            text = text.replace(old, new, 1)
        elif head in text.splitlines() and not head.startswith("[["):
            text = text.replace(f"{head}\n", f"{head}\n{rows}\n", 1)
        else:
            text += f"{new}\n"
    return text


def _one(
    name: str, old: str, new: str, line: int | None, key: str, value: str, remedy: str
) -> Broken:
    return Broken(name, ((old, new),), line, key, value, remedy)


def _width(name: str, value: str, shown: str, remedy: str) -> Broken:
    return _one(name, PW, f"pulse_width_us = {value}", 9, "stimulus.pulse_width_us", shown, remedy)


def _added(name: str, table: str, row: str, key: str, value: str, remedy: str) -> Broken:
    return _one(name, "", f"[{table}]\n{row}", 16, key, value, remedy)


def _drawn(name: str, spec: str, remedy: str) -> Broken:
    """One fault of a distribution; `spec` may go on behind it."""
    row = f"amplitude_ma = {{ sweep = {{ {spec} }} }}"
    changes = ((AMPLITUDE, row), ("", '[sweep]\nmode = "latin"\nn = 16'))
    is_base = "base" in spec
    value = "a = 1" if is_base else spec.partition(" = ")[0]
    key = "stimulus.amplitude_ma.base" if is_base else "stimulus.amplitude_ma"
    return Broken(name, changes, 10, key, "mA" if "range" in name else value, remedy)


def _drawing(name: str, rows: str, value: str, remedy: str) -> Broken:
    """One fault of n, where a key is drawn."""
    changes = ((AMPLITUDE, "amplitude_ma = { sweep = [1, 2] }"), ("", f"[sweep]\n{rows}"))
    return Broken(name, changes, 16 if value else 15, "sweep.n", value, remedy)


def _whole(name: str, spec: str, remedy: str) -> Broken:
    rows = f'[fibers]\nn_fibers = {{ sweep = {{ {spec} }} }}\n[sweep]\nmode = "latin"\nn = 16'
    return Broken(name, (("", rows),), 16, "fibers.n_fibers", "uniform", remedy)


# One row for each slip reads best.
# fmt: off
KEYS = (
    _one("misspelt key", PW, "pulse_widht_us = 210", 9, "stimulus.pulse_widht_us", "210", "Did you mean pulse_width_us?"),
    _one("milliseconds", PW, "pulse_width_ms = 0.3", 9, "stimulus.pulse_width_ms", "0.3", "pulse_width_us = 300 (multiply by 1000)"),
    _one("milliseconds in name only", PW, "pulse_width_ms = 210", 9, "stimulus.pulse_width_ms", "210", "pulse_width_us = 210 if 210 µs is meant"),
    _one("microampere", AMPLITUDE, "amplitude_ua = 2000", 10, "stimulus.amplitude_ua", "2000", "amplitude_ma = 2 (divide by 1000)"),
    _one("volts", AMPLITUDE, "amplitude_v = 2", 10, "stimulus.amplitude_v", "2", "amplitude_ma, with the value in mA"),
    _one("kilohertz", RATE, "frequency_khz = { sweep = [0.05, 0.1] }", 11, "stimulus.frequency_khz", "[0.05, 0.1]", "Write frequency_hz and multiply by 1000"),
    _one("unit left out", PW, "pulse_width = 210", 9, "stimulus.pulse_width", "210", "The unit is part of the key (µs)"),
    _one("abbreviation", PW, "pw = 210", 9, "stimulus.pw", "210", "Did you mean pulse_width_us?"),
    _one("capital letters", AMPLITUDE, "Amplitude_mA = 2.0", 10, "stimulus.Amplitude_mA", "2.0", "amplitude_ma? Keys are written in small letters"),
    _added("key in the wrong table", "lead", "frequency_hz = 50", "lead.frequency_hz", "50", "belongs below [stimulus]"),
    _one("key above the tables", "seed = 1", "seed = 1\nstate = 3", 3, "state", "3", "state belongs below [circuit]"),
    _added("key nobody knows", "lead", "qwerty = 1", "lead.qwerty", "1", "The keys of [lead] are preset, lateral_mm"),
    _one("misspelt table", "[stimulus]", "[stimulis]", 8, "stimulis", "pulse_width_us = 210", "Did you mean [stimulus]?"),
    _one("other name of a table", "[stimulus]", "[pulse]", 8, "pulse", "pulse_width_us = 210", "Did you mean [stimulus]?"),
    _one("table nobody knows", "[circuit]", "[qwerty]", 13, "qwerty", "healthy", "The tables are [tissue], [nerve], [conductivity]"),
    _one("double brackets", "[stimulus]", "[[stimulus]]", 8, "stimulus", "pulse_width_us", "Write [stimulus] in single brackets"),
    _one("value for a table", "seed = 1", "seed = 1\nlead = 3", 3, "lead", "3", "Write [lead] in single brackets"),
    _one("missing key", f"{RATE}\n", "", 8, "stimulus.frequency_hz", "", "Add it below [stimulus], for example frequency_hz = 50"),
    _one("missing title", "title = \"A sound study\"\n", "", None, "title", "", "Add it above the first table"),
    _one("missing seed", "seed = 1\n", "", None, "seed", "", "for example seed = 1"),
)

VALUES = (
    _width("negative width", "-60", "-60 µs", "Write a value in that range. (pulse_width_us: width of the first phase"),
    _width("zero width", "0.0", "0.0 µs", "Write a value in that range"),
    _width("width too large", "20000", "20000 µs", "Write a value in that range"),
    _width("number in quotes", '"210"', '"210"', "Remove the quotes: pulse_width_us = 210."),
    _width("number and unit in quotes", '"210 us"', '"210 us"', "pulse_width_us = 210. The unit is part of the key and always µs"),
    _width("words for a number", '"wide"', '"wide"', "Write a number without quotes, for example pulse_width_us = 210"),
    _width("true for a number", "true", "true", "Write it like this: pulse_width_us = 210"),
    _width("not a number", "nan", "nan µs", "Write it like this: pulse_width_us = 210"),
    _width("infinite", "inf", "inf µs", "Write it like this: pulse_width_us = 210"),
    _width("too large for a float", "1" + "0" * 400, "about 2^1329 µs", "Write it like this: pulse_width_us = 210"),
    _width("a date", "2026-01-31", "2026-01-31", "Write it like this: pulse_width_us = 210"),
    _width("a bare list", "[60, 210]", "[60, 210]", "pulse_width_us = { sweep = [60, 210] }"),
    _width("linspace without sweep", "{ linspace = [60, 210, 4] }", "linspace = [60, 210, 4]", "{ sweep = { linspace = [60, 210, 4] } }"),
    _width("misspelt sweep", "{ seep = [60, 210] }", "seep = [60, 210]", "Did you mean pulse_width_us = { sweep = [60, 210] }?"),
    _width("a table", "{ value = 60 }", "{ value = 60 }", "Write one value, or pulse_width_us = { sweep = [...] }"),
    _width("between two time steps", "211", "211 µs", "Write pulse_width_us = 210."),
    _one("title empty", '"A sound study"', '""', 1, "title", '""', 'Write, for example, title = "My study"'),
    _one("title too long", '"A sound study"', f'"{"x" * 1001}"', 1, "title", "xxx", "Write, for example, title"),
    _one("title a number", '"A sound study"', "3", 1, "title", "3", 'Put the text in quotes: title = "My study"'),
    _one("seed negative", "seed = 1", "seed = -1", 2, "seed", "-1", "Write a value in that range"),
    _one("seed with a point", "seed = 1", "seed = 1.0", 2, "seed", "1.0", "Write seed = 1."),
    _one("seed a list", "seed = 1", "seed = [1, 2]", 2, "seed", "[1, 2]", "Write one value"),
    _added("fraction of a fiber", "fibers", "n_fibers = 2.5", "fibers.n_fibers", "2.5", "Write it like this: n_fibers = 200"),
    _added("too few fibers for large ones", "fibers", "n_fibers = 1", "fibers.n_fibers", "1", "Write more fibers"),
    _added("no fiber is that thick", "afferents", "a_beta_min_diameter_um = 17", "afferents.a_beta_min_diameter_um", "17 µm", "Write a smaller value"),
    _added("no fibers", "fibers", "n_fibers = 0", "fibers.n_fibers", "0", "Write a value in that range"),
    _added("too few fibers for local ones", "fibers", "n_fibers = 30", "fibers.n_fibers", "30", "Write more fibers, or more painful dermatomes"),
    _added("no such dermatome", "afferents", 'painful_dermatomes = ["L6"]', "afferents.painful_dermatomes", '["L6"]', "Write one or several of these"),
    _added("dermatome in small letters", "afferents", 'painful_dermatomes = ["l5"]', "afferents.painful_dermatomes", '["l5"]', "Write one or several of these"),
    _added("dermatome above the level", "afferents", 'painful_dermatomes = ["T5"]', "afferents.painful_dermatomes", '["T5"]', "choose a higher level as the preset of [tissue]"),
    _added("dermatome beside the fibers", "afferents", 'painful_dermatomes = ["L1"]', "afferents.painful_dermatomes", '["L1"]', "Raise lateral_max_mm of [fibers] above 2.25"),
    _added("dermatome twice", "afferents", 'painful_dermatomes = ["L5", "L5"]', "afferents.painful_dermatomes", '["L5", "L5"]', "Remove the repeated name"),
    _added("no dermatome", "afferents", "painful_dermatomes = []", "afferents.painful_dermatomes", "[]", 'Write painful_dermatomes = ["L4", "L5"]'),
    _added("dermatome without brackets", "afferents", 'painful_dermatomes = "L5"', "afferents.painful_dermatomes", '"L5"', 'Put it in brackets: painful_dermatomes = ["L5"]'),
    _added("both legs", "afferents", 'painful_side = "booth"', "afferents.painful_side", '"booth"', 'Did you mean painful_side = "both"?'),
    _added("two conductivities", "field", "sigma_s_per_m = [0.1, 0.2]", "field.sigma_s_per_m", "[0.1, 0.2]", "sigma_s_per_m = [0.25, 0.25, 0.25]"),
    _added("negative conductivity", "field", "sigma_s_per_m = -0.25", "field.sigma_s_per_m", "-0.25 S/m", "Write a value in that range"),
    _added("negative conductivity in a list", "field", "sigma_s_per_m = [0.1, 0.1, -0.6]", "field.sigma_s_per_m", "[0.1, 0.1, -0.6]", "sigma_s_per_m = [0.25, 0.25, 0.25]"),
    _added("negative conductivity of a tissue", "conductivity", "csf_s_per_m = -1.7", "conductivity.csf_s_per_m", "-1.7 S/m", "Write a value in that range"),
    _added("tissue that does not conduct", "conductivity", "bone_s_per_m = 0", "conductivity.bone_s_per_m", "0 S/m", "Write a value in that range"),
    _added("three conductivities of a tissue", "conductivity", "white_matter_s_per_m = [0.08, 0.08, 0.6]", "conductivity.white_matter_s_per_m", "[0.08, 0.08, 0.6]", "white_matter_s_per_m = [0.083, 0.6]"),
    _added("conductivity in quotes", "conductivity", 'dura_s_per_m = "thin"', "conductivity.dura_s_per_m", '"thin"', "for example dura_s_per_m = 0.03"),
    _added("no lead", "lead", "n_leads = 0", "lead.n_leads", "0", "Write a value in that range"),
    _added("negative encapsulation", "lead", "encapsulation_mm = -0.1", "lead.encapsulation_mm", "-0.1 mm", "Write a value in that range"),
    _added("no resolution", "field", "resolution = 0", "field.resolution", "0", "Write a value in that range"),
    _added("no depths", "field", "profile_depths_mm = []", "field.profile_depths_mm", "[]", "Write profile_depths_mm = [0.2, 1.0]"),
    _added("domain without width", "domain", "half_width_mm = 0", "domain.half_width_mm", "0 mm", "Write a value in that range"),
    _added("empty list", "output", "save = []", "output.save", "[]", 'Write save = ["recruitment"'),
    _added("text for a list", "output", 'save = "relief"', "output.save", '"relief"', 'Put it in brackets: save = ["relief"]'),
    _added("misspelt output", "output", 'save = ["reliefs"]', "output.save", '["reliefs"]', 'Did you mean "relief"?'),
    _added("output twice", "output", 'save = ["relief", "relief"]', "output.save", '["relief", "relief"]', "Remove the repeated name"),
)

NAMES = (
    _added("misspelt lead", "lead", 'preset = "percutaneus-8"', "lead.preset", '"percutaneus-8"', 'Did you mean preset = "percutaneous-8"?'),
    _added("unknown lead", "lead", 'preset = "qwerty"', "lead.preset", '"qwerty"', "Write, for example, preset ="),
    _added("cuff for a lead", "lead", 'preset = "cuff-2"', "lead.preset", '"cuff-2"', "Write, for example, preset ="),
    _added("unknown conductivities", "conductivity", 'preset = "defualt"', "conductivity.preset", '"defualt"', 'Did you mean preset = "default"?'),
    _added("unknown contact model", "field", 'contact_model = "equipotentail"', "field.contact_model", '"equipotentail"', 'Did you mean contact_model = "equipotential"?'),
    _added("unknown domain", "domain", 'kind = "bocks"', "domain.kind", '"bocks"', 'Write kind = "unbounded"'),
    _added("unknown posture", "tissue", 'posture = "pron"', "tissue.posture", '"pron"', 'Did you mean posture = "prone"?'),
    _added("unknown tissue", "tissue", 'preset = "thorasic"', "tissue.preset", '"thorasic"', 'Did you mean preset = "thoracic"?'),
    _added("unknown fiber model", "fibers", 'model = "mgr"', "fibers.model", '"mgr"', 'Did you mean model = "mrg"?'),
    _added("fiber model of few diameters", "fibers", 'model = "mrg_discrete"', "fibers.model", '"mrg_discrete"', 'Write model = "mrg"'),
    _added("fiber model without myelin", "fibers", 'model = "sundt"', "fibers.model", '"sundt"', 'Write model = "mrg".'),
    _added("unknown population", "fibers", 'population = "dorsal_colum"', "fibers.population", '"dorsal_colum"', 'Did you mean population = "dorsal_column"?'),
    _added("unknown solver", "field", 'solver = "fem"', "field.solver", '"fem"', 'Write solver = "spectral"'),
    _one("unknown state", STATE, 'state = "disinhibted"', 14, "circuit.state", '"disinhibted"', 'Did you mean state = "disinhibited"?'),
    _one("unknown circuit", STATE, f'{STATE}\nmodel = "crodelle"', 15, "circuit.model", '"crodelle"', 'Did you mean model = "crodelle2019"?'),
)

TOGETHER = (
    _one("shares left over", "c5 = 1.0", "c5 = 0.5", 4, "montage", "c5 = 0.5", 'return = "distant"'),
    _one("unknown contact", "c5 = 1.0", "c9 = 1.0", 6, "montage.c9", "1.0", "Use one of these"),
    _one("unknown return", "c5 = 1.0", 'return = "case"', 6, "montage.return", '"case"', "leave the key out"),
    _one("share in quotes", "c5 = 1.0", 'c5 = "1"', 6, "montage.c5", '"1"', "Write one, such as -1.0"),
    _one("infinite share", "c5 = 1.0", "c5 = inf", 6, "montage.c5", "inf", "Write a finite number"),
    _one("no current", MONTAGE, "c4 = 0", 4, "montage", "c4 = 0", "Give at least one share"),
    _one("montage missing", f"[montage]\n{MONTAGE}\n", "", None, "montage", "", "Add [montage]"),
    _one("ratio without recovery", RATE, f'{RATE}\nshape = "biphasic"\nrecovery_ratio = 2', 13, "stimulus.recovery_ratio", "2", "Choose the shape asymmetric"),
    _one("gap without second phase", RATE, f"{RATE}\ninterphase_gap_us = 20", 12, "stimulus.interphase_gap_us", "20 µs", "Choose biphasic or asymmetric"),
    _one("second phase between time steps", RATE, f'{RATE}\nshape = "asymmetric"\nrecovery_ratio = 3.001', 13, "stimulus.recovery_ratio", "3.001", "Write recovery_ratio = 3."),
    Broken("pulses overlap", ((PW, "pulse_width_us = 2000"), (RATE, "frequency_hz = 1000")), 11, "stimulus.frequency_hz", "1000 Hz", "Lower the frequency to 500 Hz"),
    _one("run too short", STATE, f"{STATE}\nduration_s = 0.8", 15, "circuit.duration_s", "0.8 s", "Write more than 1 s, or readout_s"),
    _one("run between two samples", STATE, f"{STATE}\nduration_s = 3.001", 15, "circuit.duration_s", "3.001 s", "nearest is 3 s"),
    _added("cord too deep", "tissue", "csf_thickness_mm = 30", "tissue.csf_thickness_mm", "30 mm", "Choose a value inside"),
    _added("lead beside the dura", "lead", "lateral_mm = 30", "lead.lateral_mm", "30 mm", "Move it to the midline"),
    _added("lead in the bone", "lead", "dura_gap_mm = 30", "lead.dura_gap_mm", "30 mm", "Make dura_gap_mm smaller"),
    _added("fibers beside the cord", "fibers", "lateral_max_mm = 12", "fibers.lateral_max_mm", "12 mm", "Choose a smaller value"),
    _added("fibers below the cord", "fibers", "depth_max_mm = 12", "fibers.depth_max_mm", "12 mm", "Choose a smaller value"),
    _added("median above the tail", "fibers", "median_diameter_um = 12", "fibers.median_diameter_um", "12 µm", "Write a smaller value"),
)

CIRCUITS = (
    _one("rate model too short", STATE, f'{STATE}\nmodel = "crodelle2019"\nduration_s = 1.5', 16, "circuit.duration_s", "1.5 s", "Lengthen duration_s"),
    _added("unknown acting state", "states", "chloride_shif = 0.5", "states.chloride_shif", "0.5", "Did you mean chloride_shift?"),
    _added("misspelt protocol", "afferents", 'protocol = "wind-up"', "afferents.protocol", '"wind-up"', 'Did you mean protocol = "wind_up"?'),
    _added("unknown protocol", "afferents", 'protocol = "qwerty"', "afferents.protocol", '"qwerty"', 'Write, for example, protocol = "ongoing"'),
    _added("fraction of a realization", "afferents", "realization = 0.5", "afferents.realization", "0.5", "Write it like this: realization = 0"),
    _one("unknown readout", STATE, f'{STATE}\nreadout = "stedy"', 15, "circuit.readout", '"stedy"', 'Did you mean readout = "steady"?'),
    _one("readout in the transient", STATE, f"{STATE}\nduration_s = 2.0\nreadout_s = 1.8", 15, "circuit.duration_s", "2 s", "Write at least 2.3 s, or a shorter readout_s"),
    _one("steady rates of a short run", STATE, f'{STATE}\nduration_s = 5.0\nreadout = "steady"', 15, "circuit.duration_s", "5 s", 'or readout = "window"'),
    _one("steady rates of a short rate model", STATE, f'{STATE}\nmodel = "crodelle2019"\nduration_s = 4.5\nreadout = "steady"', 16, "circuit.duration_s", "4.5 s", "Write at least 5 s"),
    _one("state without its mechanism", STATE, 'state = "glycine_loss"\nmodel = "crodelle2019"', 14, "circuit.state", '"glycine_loss"', "Choose one of these, or another circuit"),
    Broken("acting state without its mechanism", ((STATE, 'model = "crodelle2019"'), ("", "[states]\nglycine_loss = 0.5")), 16, "states.glycine_loss", "0.5", "Choose one of these, or another circuit"),
    Broken("state in two tables", ((STATE, 'state = "disinhibited"'), ("", "[states]\ndisinhibited = 0.5")), 16, "states.disinhibited", "0.5", "Keep one of them"),
    _added("dose of a state", "states", "chloride_shift = 1.5", "states.chloride_shift", "1.5", "Write a value in that range"),
    _added("rate for spiking fibers", "afferents", "c_noxious_hz = 30", "afferents.c_noxious_hz", "30 Hz", "Remove it, or choose a rate model: crodelle2019"),
    Broken("trains for a rate model", ((STATE, 'model = "crodelle2019"'), ("", '[afferents]\nprotocol = "brush"')), 16, "afferents.protocol", '"brush"', "Remove it, or choose a spiking circuit: zhang2014"),
    Broken("spikes of a rate model", ((STATE, 'model = "crodelle2019"'), ("", '[output]\nsave = ["relief", "spikes"]')), 16, "output.save", '["relief", "spikes"]', "Remove it, or choose a spiking circuit: zhang2014"),
    _added("wind-up without volleys", "output", 'save = ["wind_up"]', "output.save", '["wind_up"]', 'write protocol = "wind_up" below [afferents]'),
    Broken("wind-up of one volley", ((STATE, f"{STATE}\nduration_s = 2.5"), ("", '[afferents]\nprotocol = "wind_up"\n[output]\nsave = ["wind_up"]')), 19, "output.save", '["wind_up"]', "write duration_s = 3 or more"),
    Broken("histogram of kilohertz pulses", ((PW, 'pulse_width_us = 60\nshape = "biphasic"\npattern = "kilohertz"'), (RATE, "frequency_hz = 4000"), ("", '[output]\nsave = ["psth"]')), 18, "output.save", '["psth"]', 'choose the pattern "tonic" or "burst"'),
    _one("file of a circuit that comes with scsim", STATE, f'{STATE}\nfile = "mine.toml"', 15, "circuit.file", '"mine.toml"', 'Remove it, or write model = "file"'),
    _one("own circuit without a file", STATE, f'{STATE}\nmodel = "file"', 15, "circuit.model", '"file"', 'Write file = "circuit.toml"'),
)

SPACE = (
    _added("cord beside the sac", "tissue", "cord_lateral_mm = 30", "tissue.cord_lateral_mm", "30 mm", "Move it to the midline"),
    _added("posture and layer", "tissue", 'csf_thickness_mm = 3.2\nposture = "prone"', "tissue.csf_thickness_mm", "3.2 mm", "Leave one of them out"),
    _added("encapsulation thicker than the gap", "lead", "encapsulation_mm = 0.5", "lead.encapsulation_mm", "0.5 mm", "Make dura_gap_mm larger by 0.31 mm, or make encapsulation_mm smaller"),
    _added("leads in each other", "lead", "n_leads = 2\nlead_spacing_mm = 1.0", "lead.lead_spacing_mm", "1 mm", "Make lead_spacing_mm larger by at least 0.31 mm")._replace(line=17),
    _added("lead on the dura", "lead", "dura_gap_mm = 0", "lead.dura_gap_mm", "0 mm", "Make dura_gap_mm larger by 0.01 mm"),
    _added("contacts beyond the domain", "lead", "rostral_mm = 190", "lead.rostral_mm", "190 mm", 'Move the lead toward the origin, or write kind = "box" and half_length_mm = 292'),
    _added("contacts near the ends of what has none", "lead", "rostral_mm = 130", "lead.rostral_mm", "130 mm", 'Move the lead toward the origin, or write kind = "box" and half_length_mm = 232'),
    _added("profile below the cord", "output", 'save = ["field_profile"]\n[field]\nprofile_depths_mm = [0.2, 40]', "field.profile_depths_mm", "[0.2, 40.0]", "Write depths from 0 to ")._replace(line=18),
    _added("contacts beyond the box", "domain", 'kind = "box"\nhalf_length_mm = 20', "domain.half_length_mm", "20 mm", 'Write half_length_mm = 27 or more, or kind = "unbounded"')._replace(line=17),
    _added("bone beyond the box", "domain", 'kind = "box"\nhalf_length_mm = 100\nhalf_width_mm = 15', "domain.half_width_mm", "15 mm", "Write a value above 17")._replace(line=18),
    _added("fibers beyond the domain", "fibers", "margin_mm = 180", "fibers.margin_mm", "180 mm", 'Write margin_mm = 171 or less, or kind = "box" and half_length_mm = 209'),
    _added("fibers beyond the box", "domain", 'kind = "box"', "fibers.margin_mm", "40 mm", 'Write margin_mm = 31 or less, or half_length_mm = 69 or more, or kind = "unbounded"')._replace(line=None),
    _added("one medium beside tissues", "field", "sigma_s_per_m = 0.25", "field.sigma_s_per_m", "0.25 S/m", 'write solver = "analytic"'),
    _added("voxels of another solver", "field", "spacing_mm = 0.5", "field.spacing_mm", "0.5 mm", 'write solver = "voxel"'),
    _added("resolution of another solver", "field", 'solver = "analytic"\nresolution = 2', "field.resolution", "2", 'write solver = "spectral"')._replace(line=17),
    _added("file of another solver", "field", 'file = "a.csv"', "field.file", '"a.csv"', 'write solver = "imported"'),
    _added("import without a file", "field", 'solver = "imported"', "field.solver", '"imported"', "Add the key file with its name in quotes"),
    _added("lines for metal", "field", 'contact_model = "line"', "field.contact_model", '"line"', 'Write contact_model = "equipotential"'),
    _added("metal for lines", "field", 'solver = "analytic"\ncontact_model = "uniform"', "field.contact_model", '"uniform"', 'Write contact_model = "line"')._replace(line=17),
    _added("size without a box", "domain", "half_width_mm = 40", "domain.half_width_mm", "40 mm", 'Write kind = "box"'),
    _one("flat contacts for lines", "", '[field]\nsolver = "analytic"\n[lead]\npreset = "paddle-3-column"', 18, "lead.preset", '"paddle-3-column"', "or a percutaneous lead"),
    _added("labels without tissues", "field", 'solver = "voxel"\nlabel_file = "a.nii"', "field.label_file", '"a.nii"', "Write both, or none")._replace(line=17),
    _added("tissue nobody knows", "field", 'solver = "voxel"\nlabel_file = "a.nii"\nlabel_tissues = ["csf", "boen"]', "field.label_tissues", '["csf", "boen"]', 'Did you mean "bone"?')._replace(line=18),
    _added("labels that are not there", "field", 'solver = "voxel"\nlabel_file = "a.nii"\nlabel_tissues = ["csf"]', "field.label_file", '"a.nii"', "Write the name of a file, from the folder of the config on")._replace(line=17),
    _added("imported field that is not there", "field", 'solver = "imported"\nfile = "a.csv"', "field.file", '"a.csv"', "Write the name of a file, from the folder of the config on")._replace(line=17),
    _one("box without tissues", "", '[field]\nsolver = "analytic"\n[domain]\nkind = "box"', 18, "domain.kind", '"box"', 'Write kind = "unbounded"'),
    _one("tissue of one medium", "", '[field]\nsolver = "analytic"\n[conductivity]\ncsf_s_per_m = 1.5', 18, "conductivity.csf_s_per_m", "1.5 S/m", "Write sigma_s_per_m below [field]"),
    _one("encapsulation in one medium", "", '[field]\nsolver = "analytic"\n[lead]\nencapsulation_mm = 0.1', 18, "lead.encapsulation_mm", "0.1 mm", "choose the solver spectral or voxel"),
    _one("conductivities of one medium", "", '[field]\nsolver = "analytic"\n[conductivity]\npreset = "capogrosso2013"', 18, "conductivity.preset", '"capogrosso2013"', "choose the solver spectral or voxel"),
    _one("encapsulation beside labels", "", '[field]\nsolver = "voxel"\nlabel_file = "a.nii"\nlabel_tissues = ["csf"]\n[lead]\nencapsulation_mm = 0.1', 20, "lead.encapsulation_mm", "0.1 mm", "label those voxels instead"),
    _one("tissue that is no label", "", '[field]\nsolver = "voxel"\nlabel_file = "a.nii"\nlabel_tissues = ["csf"]\n[conductivity]\nbone_s_per_m = 0.1', 20, "conductivity.bone_s_per_m", "0.1 S/m", "name the tissue in label_tissues"),
    _one("matrix without metal", "", '[field]\nsolver = "analytic"\n[output]\nsave = ["contact_matrix"]', 18, "output.save", '["contact_matrix"]', "Remove it, or choose the solver spectral or voxel"),
)
"""Anatomy, leads, fibers and field that do not fit together; mostly two slips of which one would do."""

_NEAR_FAR = "sweep = [{ c4 = -1, c5 = 1 }, { c3 = -1, c5 = 1 }]"

SWEEPS = (
    _width("empty sweep", "{ sweep = [] }", "[]", "List at least one value"),
    _width("duplicates", "{ sweep = [60, 210, 60.0] }", "60.0 µs", "Remove the repeated value"),
    _width("one swept value out of range", "{ sweep = [60, -210] }", "-210 µs", "Write a value in that range"),
    _width("one swept value in quotes", '{ sweep = [60, "210"] }', '"210"', "Remove the quotes: pulse_width_us = 210"),
    _width("one swept value not finite", "{ sweep = [60, nan] }", "nan µs", "Write it like this"),
    _width("sweep of a number", "{ sweep = 60 }", "60", "pulse_width_us = { sweep = [60, ...] }"),
    _width("unknown kind", "{ sweep = { gamma = [60, 210] } }", "gamma = [60, 210]", "Write { sweep = [1, 2, 3] }"),
    _width("distribution in a grid", "{ sweep = { uniform = [60, 210] } }", "uniform = [60, 210]", "Write mode = \"sobol\" and n = 256 below [sweep]"),
    _width("misspelt kind", "{ sweep = { linspac = [60, 210, 4] } }", "linspac = [60, 210, 4]", "{ sweep = { linspace = [60, 210, 4] } }"),
    _width("linspace of two", "{ sweep = { linspace = [60, 210] } }", "linspace = [60, 210]", "linspace = [first, last, how many]"),
    _width("linspace with one value", "{ sweep = { linspace = [60, 210, 1] } }", "linspace = [60, 210, 1]", "Correct the third number"),
    _width("linspace with a fraction", "{ sweep = { linspace = [60, 210, 2.5] } }", "linspace = [60, 210, 2.5]", "Correct the third number"),
    _width("linspace in quotes", '{ sweep = { linspace = ["60", 210, 4] } }', 'linspace = ["60", 210, 4]', "numbers without quotes"),
    _width("linspace not finite", "{ sweep = { linspace = [60, inf, 4] } }", "linspace = [60, inf, 4]", "Correct them"),
    _width("linspace of one value", "{ sweep = { linspace = [60, 60, 4] } }", "linspace = [60, 60, 4]", "ends that lie further apart"),
    _width("logspace of exponents", "{ sweep = { logspace = [0, 3, 4] } }", "logspace = [0, 3, 4]", "not their exponents"),
    _width("millions of values", "{ sweep = { linspace = [60, 210, 9000000] } }", "9000000 values", "Sweep fewer values"),
    Broken("millions of cases", ((PW, "pulse_width_us = { sweep = { linspace = [5, 4000, 800] } }"), (AMPLITUDE, "amplitude_ma = { sweep = { linspace = [0.1, 10, 2000] } }")), None, "sweep", "", "Sweep fewer values"),
    _one("misspelt labels", PW, "pulse_width_us = { sweep = [60, 70], label = ['a'] }", 9, "stimulus.pulse_width_us.label", '["a"]', "Did you mean labels?"),
    _one("labels for numbers", PW, "pulse_width_us = { sweep = [60], labels = ['a'] }", 9, "stimulus.pulse_width_us.labels", '["a"]', "Remove labels"),
    _one("base in a grid", PW, "pulse_width_us = { sweep = [60], base = 60 }", 9, "stimulus.pulse_width_us.base", "60", 'mode = "one_at_a_time"'),
    Broken("base missing", ((PW, "pulse_width_us = { sweep = [60] }"), ("", "[sweep]\nmode = \"one_at_a_time\"")), 9, "stimulus.pulse_width_us", "", "for example base = 60"),
    Broken("a case of the zip twice", ((PW, "pulse_width_us = { sweep = [60, 70, 60] }"), (AMPLITUDE, "amplitude_ma = { sweep = [1, 2, 1] }"), ("", "[sweep]\nmode = \"zip\"")), 16, "sweep.mode", '"zip"', "Remove the repeated values"),
    Broken("unequal zip", ((PW, "pulse_width_us = { sweep = [60, 70] }"), (AMPLITUDE, "amplitude_ma = { sweep = [1, 2, 3] }"), ("", "[sweep]\nmode = \"zip\"")), 16, "sweep.mode", '"zip"', "Make the lists equally long"),
    _added("misspelt mode", "sweep", 'mode = "gird"', "sweep.mode", '"gird"', 'Did you mean mode = "grid"?'),
    _added("unknown mode", "sweep", 'mode = "qwerty"', "sweep.mode", '"qwerty"', 'Write, for example, mode = "grid"'),
    _added("misspelt sampled mode", "sweep", 'mode = "sobl"', "sweep.mode", '"sobl"', 'Did you mean mode = "sobol"?'),
    _drawing("draws without n", 'mode = "latin"', "", "Add n = 256 below [sweep]"),
    _added("n without draws", "sweep", "n = 8", "sweep.n", "8", "Remove n, or choose one of these modes"),
    _drawing("n that is no count", 'n = 8.0\nmode = "latin"', "8.0", "Write, for example, n = 256"),
    _drawing("n that is no power of two", 'n = 100\nmode = "sobol"', "100", "Write n = 64 or n = 128"),
    _drawing("n of saltelli", 'n = 3\nmode = "saltelli"', "3", "Write n = 2 or n = 4"),
    _added("draws of nothing", "sweep", 'mode = "random"\nn = 8', "sweep.mode", '"random"', "csf_thickness_mm = { sweep = { uniform"),
    _added("no repeats", "sweep", "repeats = 0", "sweep.repeats", "0", "Write, for example, repeats = 10"),
    _added("part of a repeat", "sweep", "repeats = 2.5", "sweep.repeats", "2.5", "Write, for example, repeats = 10"),
    _added("too many repeats", "sweep", "repeats = 1000000000", "sweep", "", "Sweep fewer values"),
    _one("seeds past the last", "seed = 1", "seed = 9223372036854775807\nsweep.repeats = 2", 3, "sweep.repeats", "2", "Use a smaller seed"),
    _one("seeds counted and listed", "seed = 1", "seed = { sweep = [1, 2] }\nsweep.repeats = 2", 3, "sweep.repeats", "2", "Remove repeats, or write one seed"),
    _one("seeds with a base", "seed = 1", "seed = { sweep = [1, 2], base = 1 }", 2, "seed.base", "1", "Remove base."),
    _one("seeds drawn", "seed = 1", "seed = { sweep = { uniform = [1, 9] } }", 2, "seed", "uniform = [1, 9]", "List its values"),
    _one("seed below zero", "seed = 1", "seed = { sweep = [1, -2] }", 2, "seed", "-2", "Write a value in that range"),
    _one("seed twice", "seed = 1", "seed = { sweep = [2, 2] }", 2, "seed", "2", "Remove the repeated value"),
    _drawn("uniform backwards", "uniform = [4, 2]", "Write uniform = [lowest, highest]"),
    _drawn("uniform of three", "uniform = [2, 4, 5]", "Write uniform = [lowest, highest]"),
    _drawn("uniform of texts", 'uniform = ["2", "4"]', "Write uniform = [lowest, highest]"),
    _drawn("uniform without end", "uniform = [2, inf]", "Write uniform = [lowest, highest]"),
    _drawn("loguniform of zero", "loguniform = [0, 2]", "lowest and highest value themselves"),
    _drawn("normal without spread", "normal = [2, 0]", "Correct the second number"),
    _drawn("normal far away", "normal = [2, 0.1, 5, 9]", "Move the mean or the ends"),
    _drawn("normal of three", "normal = [2, 0.1, 5]", "Write normal = [mean, standard deviation]"),
    _drawn("two distributions", "uniform = [2, 4], normal = [2, 1]", "alone."),
    _drawn("distribution and base", "uniform = [2, 4] }, base = { a = 1", "Remove base"),
    _drawn("draws out of range", "uniform = [-4, -2]", "Write a value in that range"),
    _whole("ends of whole numbers", "uniform = [100.5, 200.5]", "Write 101 and 200"),
    _whole("whole numbers too large", "uniform = [1, 100000000000000000000]", "Correct them"),
    Broken("no step between the ends", ((PW, "pulse_width_us = { sweep = { uniform = [51, 52] } }"), ("", '[sweep]\nmode = "latin"\nn = 4')), 9, "stimulus.pulse_width_us", "uniform", "Move the ends apart"),
    _one("drawn text", STATE, 'state = { sweep = { uniform = [1, 2] } }\n[sweep]\nmode = "latin"\nn = 4', 14, "circuit.state", "uniform = [1, 2]", "List its values"),
    _one("drawn table", MONTAGE, 'sweep = { uniform = [1, 2] }\n[sweep]\nmode = "latin"\nn = 4', 5, "montage", "uniform", "List its values"),
    _added("mode a number", "sweep", "mode = 3", "sweep.mode", "3", 'Write, for example, mode = "grid"'),
    _added("misspelt mode key", "sweep", 'mod = "grid"', "sweep.mod", '"grid"', "Did you mean mode?"),
    _added("sweep in the sweep table", "sweep", "amplitude_ma = [1, 2]", "sweep.amplitude_ma", "[1, 2]", "where the value stands"),
    _one("mode without a table", "seed = 1", "seed = 1\nsweep = \"zip\"", 3, "sweep", '"zip"', "Write [sweep] on a line of its own"),
    _one("swept title", '"A sound study"', '{ sweep = ["a", "b"] }', 1, "title", 'sweep = ["a", "b"]', "Write title once"),
    _one("swept seed", "seed = 1", "seed = { sweep = [1, 2.5] }", 2, "seed", "2.5", "Write it like this: seed = 1"),
    _added("swept output", "output", "save = { sweep = [['relief'], ['thresholds']] }", "output.save", "relief", "Write [output] once"),
    _added("swept output table", "output", "sweep = [{ save = ['relief'] }]", "output", "relief", "Write [output] once")._replace(line=15),
    _one("montages without labels", MONTAGE, _NEAR_FAR, 4, "montage.labels", "", 'Add labels = ["first", "second"]'),
    _one("too few labels", MONTAGE, f'{_NEAR_FAR}\nlabels = ["a"]', 6, "montage.labels", '["a"]', "one label for each value"),
    _one("equal labels", MONTAGE, f'{_NEAR_FAR}\nlabels = ["a", "a"]', 6, "montage.labels", '["a", "a"]', "a label of its own"),
    _one("labels of numbers", MONTAGE, f"{_NEAR_FAR}\nlabels = [1, 2]", 6, "montage.labels", "[1, 2]", 'labels = ["near", "far"]'),
    _one("swept numbers for a montage", MONTAGE, "sweep = [1, 2]", 5, "montage.sweep", "1, 2", "{ c4 = -1.0, c5 = 1.0 }"),
    _one("one bad montage of two", MONTAGE, "sweep = [{ c4 = -1, c5 = 1 }, { c4 = -1 }]\nlabels = ['a', 'b']", 5, "montage.sweep[2]", "{ c4 = -1 }", "Change a share"),
    Broken("unknown base label", ((MONTAGE, f'{_NEAR_FAR}\nlabels = ["near", "far"]\nbase = "fat"'), ("", "[sweep]\nmode = \"one_at_a_time\"")), 7, "montage.base", '"fat"', 'Did you mean base = "far"?'),
)

CASES = (
    _one("case without a name", "", "[[case]]\nstimulus.amplitude_ma = 3", 15, "case[1].name", "", "Add name"),
    _one("case named by a number", "", "[[case]]\nname = 3", 16, "case[1].name", "3", 'name = "case 1"'),
    _one("equal names", "", "[[case]]\nname = 'a'\n[[case]]\nname = 'a'", 18, "case[2].name", '"a"', "a name of its own"),
    _one("misspelt key in a case", "", "[[case]]\nname = 'a'\nstimulus.amplitud_ma = 3", 17, 'case "a", stimulus.amplitud_ma', "3", "Did you mean amplitude_ma?"),
    _one("misspelt table in a case", "", "[[case]]\nname = 'a'\nstimuls.amplitude_ma = 3", 17, 'case "a", stimuls', "3", "Did you mean stimulus?"),
    _one("key without its table", "", "[[case]]\nname = 'a'\namplitude_ma = 3", 17, 'case "a", amplitude_ma', "3", "Did you mean stimulus.amplitude_ma?"),
    _one("nonsense in a case", "", "[[case]]\nname = 'a'\nqwerty = 3", 17, 'case "a", qwerty', "3", "stimulus.amplitude_ma = 2.0"),
    _one("bad value in a case", "", "[[case]]\nname = 'a'\n[case.stimulus]\namplitude_ma = -3", 18, 'case "a", stimulus.amplitude_ma', "-3 mA", "Write a value in that range"),
    _one("sweep in a case", "", "[[case]]\nname = 'a'\nstimulus.amplitude_ma = { sweep = [1, 2] }", 17, 'case "a", stimulus.amplitude_ma', "sweep = [1, 2]", "one [[case]] for each value"),
    _one("case with a long name", "", f"[[case]]\nname = '{'x' * 1001}'", 16, "case[1].name", "xxx", 'name = "case 1"'),
    _one("seed in a case", "", "[[case]]\nname = 'a'\nseed = 2", 17, 'case "a", seed', "2", "seed = { sweep = [1, 2, 3] } above the tables, or repeats = 3"),
    _one("draws and cases", "", "[sweep]\nn = 3\nmode = 'latin'\n[[case]]\nname = 'a'", 18, "case", "", "only repeats goes with both"),
    _one("number for a table in a case", "", "[[case]]\nname = 'a'\nstimulus = 2", 17, 'case "a", stimulus', "2", "stimulus.key = value"),
    _one("montage of a case", "", "[[case]]\nname = 'a'\nmontage = { c1 = -1 }", 17, 'case "a", montage', "{ c1 = -1 }", "Change a share"),
    _one("single brackets", "", "[case]\nname = 'a'", 15, "case", 'name = "a"', "Write [[case]] in double brackets"),
    _one("cases", "", "[[cases]]\nname = 'a'", 15, "cases", 'name = "a"', "Did you mean [[case]]?"),
    _one("no cases", "seed = 1", "seed = 1\ncase = []", 3, "case", "[]", "write [[case]] tables"),
    Broken("cases and a sweep", ((PW, "pulse_width_us = { sweep = [60] }"), ("", "[[case]]\nname = 'a'")), 15, "case", "", "Write the sweep as cases"),
    _one("cases and a mode", "", "[sweep]\nmode = 'zip'\n[[case]]\nname = 'a'", 17, "case", "", "Write the sweep as cases"),
)

SYNTAX = (
    _one("text without quotes", '"A sound study"', "study", 1, "", "title = study", 'Put the text in quotes: title = "study"'),
    _one("quotes left open", '"A sound study"', '"A sound study', 1, "", 'title = "A sound study', "Put quotes on both sides"),
    _one("unit behind the number", PW, "pulse_width_us = 210 us", 9, "", "pulse_width_us = 210 us", "Write the number alone, pulse_width_us = 210"),
    _one("decimal comma", AMPLITUDE, "amplitude_ma = 2,5", 10, "", "amplitude_ma = 2,5", "amplitude_ma = 2.5"),
    _one("no digit before the point", AMPLITUDE, "amplitude_ma = .5", 10, "", "amplitude_ma = .5", "amplitude_ma = 0.5"),
    _one("no digit behind the point", AMPLITUDE, "amplitude_ma = 2.", 10, "", "amplitude_ma = 2.", "amplitude_ma = 2.0"),
    _one("no value", AMPLITUDE, "amplitude_ma =", 10, "", "amplitude_ma =", "Write a value behind amplitude_ma ="),
    _one("colon", AMPLITUDE, "amplitude_ma: 2", 10, "", "amplitude_ma: 2", "with = instead of :"),
    _one("space in the key", AMPLITUDE, "amplitude ma = 2", 10, "", "amplitude ma = 2", "write _ between words"),
    _one("capital True", AMPLITUDE, "amplitude_ma = True", 10, "", "amplitude_ma = True", "in small letters"),
    _one("key twice", AMPLITUDE, f"{AMPLITUDE}\namplitude_ma = 3", 11, "", "amplitude_ma = 3", "remove one"),
    _one("table twice", "[circuit]", "[stimulus]", 13, "", "[stimulus]", "remove one"),
    _one("bracket left open", "[circuit]", "[circuit", 13, "", "[circuit", "Close the bracket: [circuit]"),
    _one("list left open", AMPLITUDE, "amplitude_ma = [1, 2", 11, "", RATE, "Close the list"),
    _one("thousands of digits", "seed = 1", "seed = " + "9" * 5000, None, "", "", "Correct this line"),
    _one("nested a thousand times", "seed = 1", "seed = " + "[" * 3000, None, "", "", "Flatten them"),
)

_CASE = '[[case]]\nname = "a"\n'

SEVERAL: tuple[tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]], ...] = (
    ("gap of the lead, contact", (("c5 = 1.0", "c9 = 1.0"), ("", "[lead]\ndura_gap_mm = -0.2")), ("montage.c9", "lead.dura_gap_mm")),
    ("contact, sum", (("c5 = 1.0", "c9 = 0.5"),), ("montage", "montage.c9")),
    ("contact, share in quotes", ((MONTAGE, 'c4 = "-1"\nc9 = 1.0'),), ("montage.c4", "montage.c9")),
    ("contact, its empty sweep", (("c5 = 1.0", "c9 = { sweep = [] }"),), ("montage.c9", "montage.c9")),
    ("contact of no lead, sum", (("c5 = 1.0", "c9 = 0.5"), ("", '[lead]\npreset = "qwerty"')), ("montage", "lead.preset")),
    ("circuit, state", ((STATE, 'model = "qwerty"\nstate = "healty"'),), ("circuit.model", "circuit.state")),
    ("state, times, dose", ((STATE, 'state = "healty"\ndose = 2\nduration_s = 3.001\nreadout_s = 0'),), ("circuit.state", "circuit.dose", "circuit.duration_s", "circuit.readout_s")),
    ("times of two tables", ((STATE, "duration_s = 0.9\ndose = 2"), ("", "[afferents]\nc_rest_hz = -1")), ("circuit.duration_s", "circuit.dose", "afferents.c_rest_hz")),
    ("fibers: key nobody knows, model, median, place", (("", '[fibers]\nqwerty = 1\nmodel = "mgr"\nmedian_diameter_um = 12\nlateral_max_mm = 12\ndepth_max_mm = -1'),), ("fibers.qwerty", "fibers.model", "fibers.median_diameter_um", "fibers.lateral_max_mm", "fibers.depth_max_mm")),
    ("key meant for another, and that one", (("", '[fibers]\nmodle = "mrg"\nmodel = "mgr"'),), ("fibers.modle", "fibers.model")),
    ("cord, lead, fibers", (("", "[tissue]\ncsf_thickness_mm = 30\n[lead]\nlateral_mm = 30\n[fibers]\nlateral_max_mm = 12"),), ("tissue.csf_thickness_mm", "lead.lateral_mm", "fibers.lateral_max_mm")),
    ("cord and leads", (("", "[tissue]\ncord_lateral_mm = 30\n[lead]\nn_leads = 2\nlead_spacing_mm = 1.0\n[fibers]\nmargin_mm = 180"),), ("tissue.cord_lateral_mm", "lead.lead_spacing_mm", "fibers.margin_mm")),
    ("solver: keys of others", (("", '[field]\nsolver = "analytic"\nresolution = 2\nspacing_mm = 0.5\ncontact_model = "uniform"'),), ("field.resolution", "field.spacing_mm", "field.contact_model")),
    ("solver without tissues: box, tissue, encapsulation, matrix", (("", '[field]\nsolver = "analytic"\n[domain]\nkind = "box"\n[conductivity]\ncsf_s_per_m = 1.5\ndura_s_per_m = 0.1\n[lead]\nencapsulation_mm = 0.1\n[output]\nsave = ["contact_matrix"]'),), ("domain.kind", "conductivity.csf_s_per_m", "conductivity.dura_s_per_m", "lead.encapsulation_mm", "output.save")),
    ("labels of another solver", (("", '[field]\nlabel_file = "a.nii"\nlabel_tissues = ["csf"]'),), ("field.label_file", "field.label_tissues")),
    ("box: bone, contacts, sizes", (("", '[domain]\nkind = "box"\nhalf_width_mm = 15\nhalf_length_mm = 20'),), ("domain.half_width_mm", "domain.half_length_mm")),
    ("leads whose encapsulation meets, in the wrong solver", (("", '[field]\nsolver = "analytic"\n[lead]\nencapsulation_mm = 0.5'),), ("lead.encapsulation_mm", "lead.encapsulation_mm")),
    ("tissue, lead", (("", '[tissue]\npreset = "qwerty"\n[lead]\npreset = "qwerty"'),), ("tissue.preset", "lead.preset")),
    ("width, rate, gap", ((PW, "pulse_width_us = 211"), (RATE, "frequency_hz = -1\ninterphase_gap_us = 20")), ("stimulus.pulse_width_us", "stimulus.frequency_hz", "stimulus.interphase_gap_us")),
    ("missing width, amplitude, ratio", ((PW, ""), (AMPLITUDE, "amplitude_ma = 200\nrecovery_ratio = 2")), ("stimulus.pulse_width_us", "stimulus.amplitude_ma", "stimulus.recovery_ratio")),
    ("swept widths, amplitude", ((PW, "pulse_width_us = { sweep = [60, 211] }"), (AMPLITUDE, "amplitude_ma = { sweep = [1, 0] }")), ("stimulus.pulse_width_us", "stimulus.amplitude_ma")),
    ("table twice by different names", ((RATE, "frequency_hz = -1"), ("", "[pulse]\nshape = 1")), ("stimulus.frequency_hz", "pulse")),
    ("output: key nobody knows, name", (("", '[output]\nqwerty = 1\nsave = ["reliefs"]'),), ("output.qwerty", "output.save")),
    ("base, case", ((STATE, 'state = "healty"'), ("", f"{_CASE}stimulus.amplitude_ma = -1\nstimulus.pulse_width_us = 211")), ("circuit.state", 'case "a", stimulus.amplitude_ma', 'case "a", stimulus.pulse_width_us')),
    ("case: key nobody knows, contact, lead", (("", f'{_CASE}fibers.qwerty = 1\nlead.dura_gap_mm = -1\nmontage = {{ c4 = -1, c9 = 1 }}'),), ('case "a", fibers.qwerty', 'case "a", lead.dura_gap_mm', 'case "a", montage.c9')),
    ("case: sweep, state", (("", f'{_CASE}circuit.dose = {{ sweep = [0, 1] }}\ncircuit.state = "healty"'),), ('case "a", circuit.dose', 'case "a", circuit.state')),
    ("swept tables: value, sweep within", ((f"[stimulus]\n{PW}\n{AMPLITUDE}\n{RATE}\n", '[stimulus]\nlabels = ["a"]\n[[stimulus.sweep]]\npulse_width_us = 211\nfrequency_hz = 50\namplitude_ma.sweep = [1, 2]\n'),), ("stimulus.sweep[1].pulse_width_us", "stimulus.sweep[1].amplitude_ma")),
)
"""Every fault of these is told, and nothing else."""

FOLLOWING = (
    ("rate too high for a width without its unit", ((PW, "pulse_width = 4000"), (RATE, "frequency_hz = 1000")), ("stimulus.pulse_width",)),
    ("sum of shares of which one is no number", ((MONTAGE, 'c4 = "-1"\nc5 = 0.5'),), ("montage.c4",)),
    ("sum of shares of which one has no sweep", (("c5 = 1.0", "c5 = { sweep = [] }"),), ("montage.c5",)),
    ("sum of shares of which one is swept in a case", (("", f"{_CASE}montage.c4 = {{ sweep = [-1, -0.5] }}"),), ('case "a", montage.c4',)),
    ("montage that is no table", ((f"[montage]\n{MONTAGE}\n", ""), ("seed = 1", "seed = 1\nmontage = 3")), ("montage",)),
    ("contact of a lead that is not known", (("c5 = 1.0", "c9 = 1.0"), ("", "[lead]\npreset = 8")), ("lead.preset",)),
    ("contact that is a misspelt return", (("c5 = 1.0", 'retrun = "distant"'),), ("montage.retrun",)),
    ("place in an anatomy that is not known", (("", '[tissue]\npreset = "qwerty"\ncsf_thickness_mm = 30\n[fibers]\nlateral_max_mm = 12'),), ("tissue.preset",)),
    ("fibers beyond a domain that already ends before the contacts", (("", '[domain]\nkind = "box"\nhalf_length_mm = 20'),), ("domain.half_length_mm",)),
    ("key of a solver that is not known", (("", '[field]\nsolver = "fem"\nspacing_mm = 0.5'),), ("field.solver",)),
    ("fibers of a study of fields beyond the domain", (("", '[domain]\nkind = "box"\n[output]\nsave = ["field_profile", "profile"]'),), ("output.save",)),
    ("leads on an anatomy that is not known", (("", '[tissue]\npreset = "qwerty"\n[lead]\nn_leads = 2\nlead_spacing_mm = 1.0'),), ("tissue.preset",)),
    ("contacts of as many leads as nobody knows", (("c5 = 1.0", "c9 = 1.0"), ("", "[lead]\nn_leads = 0")), ("lead.n_leads",)),
    ("readout of a run whose length is not known", ((STATE, "duration_ms = 3000\nreadout_s = 3"),), ("circuit.duration_ms",)),
    ("rate of the base, which a case meant to change", ((PW, "pulse_width_us = 2000"), (RATE, "frequency_hz = 1000"), ("", f"{_CASE}stimulus.frequenzy_hz = 50")), ('case "a", stimulus.frequenzy_hz',)),
    ("second phase of a width between time steps", ((PW, 'pulse_width_us = 211\nshape = "biphasic"'),), ("stimulus.pulse_width_us",)),
    ("depth beside the cord", (("", "[fibers]\nlateral_max_mm = 12\ndepth_max_mm = 12"),), ("fibers.lateral_max_mm",)),
)
"""What these are named after would follow from a fault that is told; it is not told."""
# fmt: on

BROKEN = (*KEYS, *VALUES, *NAMES, *TOGETHER, *CIRCUITS, *SPACE, *SWEEPS, *CASES, *SYNTAX)
