"""Names that are not known: the message, with the nearest name that is.

Which names there are belongs to the room that has them.
"""

import difflib


def unknown_name(what: str, name: str, known: tuple[str, ...]) -> str:
    """Say that a name is not known, with the nearest one.

    Parameters
    ----------
    what : str
        What the name should stand for, for example ``"pain state"``.
    name : str
        The name given.
    known : tuple of str
        The names that exist.

    Returns
    -------
    str
        Message: what is wrong, what is allowed, what to do.
    """
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "choose one of these."
    return f"there is no {what} {name!r}; known are {', '.join(known) or 'none'}: {hint}"
