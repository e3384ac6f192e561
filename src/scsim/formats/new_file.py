"""A new file as a file object for a library that must not see a write fail.

What is written belongs in the format's own file.
"""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from _typeshed import ReadableBuffer, WriteableBuffer


class NewFile(io.RawIOBase):
    """A new file as a file object that keeps the first error of the disk.

    A full disk, or an interrupt, inside a write makes the HDF5 library fail once more when it closes the file, with
    other errors and objects that stay open. So from the first error on nothing is written, and `check` raises it;
    interrupts wait for it, too.

    Parameters
    ----------
    path : Path
        Must not be there yet.

    Attributes
    ----------
    path : Path
    interrupt : callable or None
        From `scsim.formats.files.deferring_signals`; `check` calls it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self._error: OSError | None = None
        self.interrupt: Callable[[], None] | None = None
        self._place = 0
        self._file = path.open("x+b", buffering=0)

    def check(self) -> None:
        """Raise the first error of the disk, if there was one, or an interrupt that came meanwhile."""
        if self._error is not None:
            raise self._error
        if self.interrupt is not None:
            self.interrupt()

    def close(self) -> None:
        """Close the file, without checking."""
        self._file.close()
        super().close()

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def writable(self) -> bool:
        """Whether it can be written to: always."""
        return True

    def seekable(self) -> bool:
        """Whether it knows places: always."""
        return True

    def tell(self) -> int:
        """Give the place of the next read or write."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place; the library asks for the end only of a file that is new."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place}
        self._place = offset + (base[whence] if whence in base else self._size())
        return self._place

    def truncate(self, size: int | None = None, /) -> int:
        """Change the size of the file."""
        new = self._place if size is None else size
        self._attempt(lambda: self._file.truncate(new))
        return new

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer."""
        n_read = self._attempt(lambda: self._read(buffer))
        self._place += n_read
        return n_read

    def write(self, content: ReadableBuffer, /) -> int:
        """Write all, or nothing after the first error."""
        view = memoryview(content).cast("B")
        self._attempt(lambda: self._write_all(view))
        self._place += len(view)
        return len(view)

    def _read(self, buffer: WriteableBuffer) -> int:
        self._file.seek(self._place)
        return self._file.readinto(buffer) or 0

    def _write_all(self, view: memoryview) -> int:
        self._file.seek(self._place)
        done = 0
        while done < len(view):
            done += self._file.write(view[done:]) or 0
        return done

    def _size(self) -> int:
        return os.fstat(self._file.fileno()).st_size

    def _attempt(self, action: Callable[[], int]) -> int:
        """Do something unless anything went wrong before, and keep what goes wrong."""
        if self._error is None:
            try:
                return action()
            except OSError as error:
                self._error = error
        return 0
