"""Files guarded block by block: a seal that tells damaged bytes from sound ones wherever they are read.

Behind the content of a file stand copies of its smallest and most needed parts, the SHA-256 of each block, and
one line with the SHA-256 of that list. The list is also kept near the begin of the content, in room that its
writer left free, so that a file that lost its end can still be told sound block by block. Readers of the
content alone ignore all of it. What the content is does not belong here.

Layout::

    content          n_bytes; inside it the room: line, list, zeros
    copies           zlib streams of some blocks, one after the other
    list             _HEAD, 32 bytes for each block, 32 for the copies, 8 for each copied block
    line             mark, size of the list and its SHA-256, in letters
"""

from __future__ import annotations

import hashlib
import io
import mmap
import os
import struct
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO, Self

    from _typeshed import WriteableBuffer

_MARK: Final = b"\nscsim blocks "
_DIGEST_BYTES: Final = hashlib.sha256().digest_size
_LINE_BYTES: Final = len(_MARK) + 16 + len(b" ") + 2 * _DIGEST_BYTES + len(b"\n")
_HEAD: Final = struct.Struct("<6Q")
"""Bytes of content, of a block, number of blocks and of copied blocks, place and size of the room."""

_COPIED: Final = struct.Struct("<2I")
"""Number of a copied block, and the size of its zlib stream."""

_SMALLEST_BLOCK: Final = 1 << 12
_LARGEST_BLOCK: Final = 1 << 18
_BLOCKS_AIMED_AT: Final = 1024
"""Blocks grow with the file, from 4 KiB, so that a flipped bit in a small file spoils little, to 256 KiB, so that the
list of a file of 5 GB has 0.6 MB and a read of a few bytes does not hash much."""

_KEPT_BLOCKS: Final = 64
"""Blocks that a reader keeps in memory: at most 16 MiB."""


class DamagedBlockError(OSError):
    """Bytes that are not what was written, or that are not there any more."""


@dataclass(frozen=True)
class Seal:
    """What the bytes of a file must be.

    Attributes
    ----------
    n_bytes : int
        Size of the content.
    block_bytes : int
        Size of a block; the last one may be shorter.
    digests : bytes
        SHA-256 of each block of the content, with the room taken for zeros, then that of the copies.
    copied : tuple of (int, int)
        Number of each copied block, and the size of its copy.
    room : tuple of (int, int)
        Place and size of the room for the list inside the content; (0, 0) if there is none.
    """

    n_bytes: int
    block_bytes: int
    digests: bytes
    copied: tuple[tuple[int, int], ...]
    room: tuple[int, int]

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return -(-self.n_bytes // self.block_bytes)

    @property
    def n_bytes_of_copies(self) -> int:
        """Size of all copies."""
        return sum(size for _, size in self.copied)

    @cached_property
    def places_of_copies(self) -> Mapping[int, tuple[int, int]]:
        """Place in the file and size of the copy of each copied block."""
        places = {}
        place = self.n_bytes
        for block, size in self.copied:
            places[block] = (place, size)
            place += size
        return places

    def size_of(self, block: int) -> int:
        """Give the number of bytes of a block."""
        return min(self.block_bytes, self.n_bytes - block * self.block_bytes)

    def is_sound(self, block: int, content: bytes | bytearray) -> bool:
        """Whether bytes are those of a block.

        Parameters
        ----------
        block : int
        content : bytes or bytearray
            As they stand in the file.

        Returns
        -------
        bool
        """
        if len(content) != self.size_of(block):
            return False
        begin = block * self.block_bytes
        blanked = _without_room(content, begin, self.room)
        return hashlib.sha256(blanked).digest() == self._digest(block)

    def are_copies_sound(self, content: bytes) -> bool:
        """Whether bytes are the copies."""
        return hashlib.sha256(content).digest() == self._digest(self.n_blocks)

    def _digest(self, index: int) -> bytes:
        return self.digests[index * _DIGEST_BYTES : (index + 1) * _DIGEST_BYTES]

    @cached_property
    def record(self) -> bytes:
        """The list, as it stands in the file."""
        head = _HEAD.pack(
            self.n_bytes, self.block_bytes, self.n_blocks, len(self.copied), *self.room
        )
        return head + self.digests + b"".join(_COPIED.pack(*one) for one in self.copied)

    @property
    def line(self) -> bytes:
        """The line that guards the list."""
        digest = hashlib.sha256(self.record).hexdigest().encode()
        return _MARK + b"%016x " % len(self.record) + digest + b"\n"


class BlockReader(io.RawIOBase):
    """The content of a sealed file as a file object, each block of which is checked when it is read.

    Reading damaged or missing bytes raises `DamagedBlockError`: the library behind, which takes such bytes for values
    or loops over them, never sees any.

    Parameters
    ----------
    path : Path
    seal : Seal
    is_repairing : bool
        Whether a damaged block is taken from its copy, if it has one that is sound.

    Attributes
    ----------
    seal : Seal
    n_refused : int
        Reads that raised. A library that makes something else of an error than an error is caught by it.
    """

    def __init__(self, path: Path, seal: Seal, *, is_repairing: bool = False) -> None:
        super().__init__()
        self.seal = seal
        self.n_refused = 0
        self._is_repairing = is_repairing
        self._file = path.open("rb", buffering=0)
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._place = 0

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._kept.clear()
        super().close()

    def __enter__(self) -> Self:
        """Give itself."""
        return self

    def readable(self) -> bool:
        """Whether it can be read: always."""
        return True

    def seekable(self) -> bool:
        """Whether it knows places: always."""
        return True

    def tell(self) -> int:
        """Give the place of the next read."""
        return self._place

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go to a place of the content."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self.seal.n_bytes}[whence]
        self._place = base + offset
        return self._place

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill a buffer with checked bytes.

        Parameters
        ----------
        buffer : writable buffer

        Returns
        -------
        int
            Bytes read; fewer than asked for at the end of the content.

        Raises
        ------
        DamagedBlockError
            If bytes asked for are damaged or missing.
        """
        view = memoryview(buffer).cast("B")
        end = min(self._place + len(view), self.seal.n_bytes)
        begin = place = self._place
        size = self.seal.block_bytes
        while place < end:
            block, skipped = divmod(place, size)
            content = self._block(block)
            part = memoryview(content)[skipped : skipped + end - place]
            view[place - begin : place - begin + len(part)] = part
            place += len(part)
        self._place = max(place, begin)
        return self._place - begin

    def _block(self, block: int) -> bytes:
        if block in self._kept:
            self._kept.move_to_end(block)
            return self._kept[block]
        content = self._read(block * self.seal.block_bytes, self.seal.size_of(block))
        if not self.seal.is_sound(block, content):
            content = self._copy(block)
        self._kept[block] = content
        if len(self._kept) > _KEPT_BLOCKS:
            self._kept.popitem(last=False)
        return content

    def _copy(self, block: int) -> bytes:
        if self._is_repairing and block in self.seal.places_of_copies:
            try:
                content = zlib.decompress(self._read(*self.seal.places_of_copies[block]))
            except zlib.error:
                content = b""
            if self.seal.is_sound(block, content):
                return content
        self.n_refused += 1
        begin = block * self.seal.block_bytes
        message = (
            f"bytes {begin} to {begin + self.seal.size_of(block) - 1} are not what was written"
        )
        raise DamagedBlockError(message)

    def _read(self, place: int, size: int) -> bytes:
        self._file.seek(place)
        parts = []
        while size > 0 and (part := self._file.read(size)):
            parts.append(part)
            size -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)


def block_bytes_for(n_bytes: int) -> int:
    """Choose the size of the blocks of a file.

    Parameters
    ----------
    n_bytes : int
        Size of its content.

    Returns
    -------
    int
        A power of two.
    """
    aim = max(n_bytes // _BLOCKS_AIMED_AT, 1)
    return min(max(1 << (aim - 1).bit_length(), _SMALLEST_BLOCK), _LARGEST_BLOCK)


def room_for(n_bytes: int) -> int:
    """Give the room that the list of a file needs near its begin.

    Parameters
    ----------
    n_bytes : int
        Size that the content will have at most; if it grows beyond, its blocks are made larger.

    Returns
    -------
    int
        Bytes.
    """
    n_blocks = -(-n_bytes // block_bytes_for(n_bytes))
    return _LINE_BYTES + _HEAD.size + n_blocks * (_DIGEST_BYTES + _COPIED.size) + _DIGEST_BYTES


def write_seal(
    path: Path, raw: Sequence[tuple[int, int]], room: tuple[int, int] | None = None
) -> None:
    """Seal a file that is whole: copies, list and line are written behind its content.

    Parameters
    ----------
    path : Path
    raw : sequence of (int, int)
        Begin and end of the parts that need no copy, because what they hold is large and each of them can be
        missed alone.
    room : tuple of (int, int), optional
        Place and size of a part that nobody reads, for a second list. Left alone if it does not hold zeros.
    """
    n_bytes = path.stat().st_size
    with path.open("r+b") as file:
        place = (0, 0) if room is None or not _is_blank(file, room) else room
        block_bytes = block_bytes_for(n_bytes)
        while place[1] and room_for_blocks(-(-n_bytes // block_bytes)) > place[1]:
            block_bytes *= 2
        file.seek(0)
        n_blocks = -(-n_bytes // block_bytes)
        needed = _blocks_beside(raw, n_bytes, block_bytes)
        digests = []
        copies = []
        for block in range(n_blocks):
            content = file.read(block_bytes)
            digests.append(hashlib.sha256(content).digest())
            if block in needed:
                copies.append((block, zlib.compress(content)))
        behind = b"".join(copy for _, copy in copies)
        digests.append(hashlib.sha256(behind).digest())
        copied = tuple((block, len(copy)) for block, copy in copies)
        seal = Seal(n_bytes, block_bytes, b"".join(digests), copied, place)
        file.seek(n_bytes)
        file.write(behind + seal.record + seal.line)
        if place[1]:
            file.seek(place[0])
            file.write(seal.line + seal.record)


def room_for_blocks(n_blocks: int) -> int:
    """Give the room that a list of so many blocks needs, were all of them copied."""
    return _LINE_BYTES + _HEAD.size + n_blocks * (_DIGEST_BYTES + _COPIED.size) + _DIGEST_BYTES


def read_seal(path: Path) -> Seal | None:
    """Read the seal at the end of a file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Seal or None
        None if the file does not end with one that is sound.
    """
    n_bytes = path.stat().st_size
    with path.open("rb") as file:
        if n_bytes < _LINE_BYTES:
            return None
        file.seek(n_bytes - _LINE_BYTES)
        line = file.read(_LINE_BYTES)
        size = _size_in(line)
        if size is None or size > n_bytes - _LINE_BYTES:
            return None
        file.seek(n_bytes - _LINE_BYTES - size)
        seal = _parse(line, file.read(size))
    if seal is None:
        return None
    whole = seal.n_bytes + seal.n_bytes_of_copies + size + _LINE_BYTES
    return seal if whole == n_bytes else None


def find_seal(path: Path) -> Seal | None:
    """Find the seal of a damaged file: at its end, or in the room near its begin.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Seal or None
        None if there is none that is sound.
    """
    at_end = read_seal(path)
    if at_end is not None or path.stat().st_size == 0:
        return at_end
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        place = content.find(_MARK)
        while place >= 0:
            line = content[place : place + _LINE_BYTES]
            size = _size_in(line)
            if size is not None:
                before = content[max(place - size, 0) : place]
                behind = content[place + _LINE_BYTES : place + _LINE_BYTES + size]
                for record in (behind, before):
                    seal = _parse(line, record)
                    if seal is not None:
                        return seal
            place = content.find(_MARK, place + 1)
    return None


def is_whole(path: Path, seal: Seal) -> bool:
    """Whether every byte of a file is what its seal says.

    Parameters
    ----------
    path : Path
    seal : Seal
        From `read_seal`.

    Returns
    -------
    bool
    """
    with path.open("rb") as file:
        blocks = (
            seal.is_sound(block, file.read(seal.size_of(block))) for block in range(seal.n_blocks)
        )
        if not all(blocks) or not seal.are_copies_sound(file.read(seal.n_bytes_of_copies)):
            return False
        place, size = seal.room
        if size:
            file.seek(place)
            found = file.read(size)
            return found == (seal.line + seal.record).ljust(size, b"\0")
    return True


def _size_in(line: bytes) -> int | None:
    """Read the size of the list from the line that guards it."""
    if len(line) != _LINE_BYTES or not line.startswith(_MARK) or not line.endswith(b"\n"):
        return None
    try:
        return int(line[len(_MARK) : len(_MARK) + 16], 16)
    except ValueError:
        return None


def _parse(line: bytes, record: bytes) -> Seal | None:
    """Make a seal of a list, if the line says that the list is sound."""
    if (
        _MARK + b"%016x " % len(record) + hashlib.sha256(record).hexdigest().encode() + b"\n"
        != line
    ):
        return None
    n_bytes, block_bytes, n_blocks, n_copied, *room = _HEAD.unpack_from(record)
    end = _HEAD.size + (n_blocks + 1) * _DIGEST_BYTES
    copied = tuple(_COPIED.iter_unpack(record[end:]))
    if len(copied) != n_copied:
        return None
    return Seal(n_bytes, block_bytes, record[_HEAD.size : end], copied, (room[0], room[1]))


def _is_blank(file: BinaryIO, room: tuple[int, int]) -> bool:
    file.seek(room[0])
    return file.read(room[1]) == bytes(room[1])


def _without_room(
    content: bytes | bytearray, begin: int, room: tuple[int, int]
) -> bytes | bytearray:
    """Put zeros where a block overlaps the room."""
    first = max(room[0] - begin, 0)
    last = min(room[0] + room[1] - begin, len(content))
    if first >= last:
        return content
    return content[:first] + bytes(last - first) + content[last:]


def _blocks_beside(raw: Sequence[tuple[int, int]], n_bytes: int, block_bytes: int) -> set[int]:
    """Find the blocks that hold any byte outside some parts."""
    return {
        block
        for begin, end in _gaps(raw, n_bytes)
        for block in range(begin // block_bytes, -(-end // block_bytes))
    }


def _gaps(parts: Sequence[tuple[int, int]], n_bytes: int) -> Iterator[tuple[int, int]]:
    """Give begin and end of what lies between parts."""
    place = 0
    for begin, end in sorted(parts):
        if begin > place:
            yield place, begin
        place = max(place, end)
    if place < n_bytes:
        yield place, n_bytes
