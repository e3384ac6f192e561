"""Range checks of the parts of a spiking circuit: faults as sentences, raised together.

What depends on two parts at once, such as a connection and its target, is checked in `circuit/network.py`.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator

from scsim.errors import ModelError


def number_fault(
    what: str,
    value: object,
    unit: str,
    *,
    at_least: float = -math.inf,
    above: float = -math.inf,
    at_most: float = math.inf,
) -> Iterator[str]:
    """Say what is wrong with a number.

    Parameters
    ----------
    what : str
        Place and name of the number.
    value : object
        The number given.
    unit : str
        Its unit, empty for none.
    at_least, above, at_most : float
        Limits; not finite for none.

    Yields
    ------
    str
        At most one sentence: what is wrong, what is allowed, what to do.
    """
    said = f"{what} = {value!r} {unit}".rstrip()
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and math.isfinite(value)):  # type: ignore[arg-type]
        yield f"{said}: it must be a finite number; write one, for example 1.0."
        return
    number = float(value)  # type: ignore[arg-type]
    if number > above and at_least <= number <= at_most:
        return
    limits = [
        f"above {above:g}" if math.isfinite(above) else "",
        f"at least {at_least:g}" if math.isfinite(at_least) else "",
        f"at most {at_most:g}" if math.isfinite(at_most) else "",
    ]
    allowed = " and ".join(part for part in limits if part)
    yield f"{said}: it must be {allowed} {unit}".rstrip() + "; correct it."


def count_fault(what: str, value: object) -> Iterator[str]:
    """Say what is wrong with a count.

    Parameters
    ----------
    what : str
        Place and name of the count.
    value : object
        The count given.

    Yields
    ------
    str
        At most one sentence.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        yield f"{what} = {value!r}: it must be a whole number of at least 1; write one, for example 5."


def choice_fault(what: str, value: object, allowed: tuple[str, ...]) -> Iterator[str]:
    """Say what is wrong with a word.

    Parameters
    ----------
    what : str
        Place and name of the word.
    value : object
        The word given.
    allowed : tuple of str
        What it may be.

    Yields
    ------
    str
        At most one sentence.
    """
    if value not in allowed:
        yield f"{what} = {value!r}: it must be one of {', '.join(allowed)}; choose one of these."


def name_fault(what: str, value: object) -> Iterator[str]:
    """Say what is wrong with a name.

    Parameters
    ----------
    what : str
        What it names.
    value : object
        The name given.

    Yields
    ------
    str
        At most one sentence.
    """
    if not (isinstance(value, str) and value.isidentifier()):
        yield f"the name {value!r} of a {what}: a name is made of letters, digits and underscores and begins with a letter; rename it."


def repeat_faults(what: str, names: Iterable[str]) -> Iterator[str]:
    """Say which names stand more than once.

    Parameters
    ----------
    what : str
        What they name, in the singular.
    names : iterable of str

    Yields
    ------
    str
        One sentence per repeated name.
    """
    for name, count in Counter(names).items():
        if count > 1:
            yield f"the {what} {name!r} stands {count} times: every {what} needs a name of its own; rename or remove the others."


def refuse(faults: Iterable[str]) -> None:
    """Raise one error with all faults.

    Parameters
    ----------
    faults : iterable of str
        Sentences; none for nothing wrong.

    Raises
    ------
    ModelError
        If there is any fault; one line per fault.
    """
    found = list(faults)
    if found:
        raise ModelError("\n".join(found))
