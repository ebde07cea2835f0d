"""Permissions and owners of files: kept beside the files, under their names with a mark before them, as ``644 0 0``."""

from collections.abc import Mapping
from typing import NamedTuple

from kubesim.kubelet.simruntime import paths

MARK = "\x00"
"""No file has a name that begins with it."""
MEDIUM = f"{MARK}medium:"
"""Begins the name under which the kind of file system of a mounted folder is kept: ``tmpfs``."""
READ_ONLY = f"{MARK}read-only"
"""The name under which is kept what cannot be written: lines of ``ro`` or ``rw`` and a folder."""
READ, WRITE, EXECUTE = 4, 2, 1
SET_USER, SET_GROUP, STICKY = 0o4000, 0o2000, 0o1000
NAMES: Mapping[int, str] = {0: "root", 65534: "nobody"}
_ANYBODY = frozenset({"/tmp", "/var/tmp", "/dev/shm"})
_LETTERS = "rwxrwxrwx"


class Attributes(NamedTuple):
    """The permissions of a file, and the numbers of its owner and its group."""

    mode: int
    user: int = 0
    group: int = 0

    @property
    def text(self) -> str:
        """How they are kept."""
        return f"{self.mode:o} {self.user} {self.group}"


class Person(NamedTuple):
    """Whom a program runs as."""

    user: int = 0
    group: int = 0
    groups: tuple[int, ...] = ()
    """More groups."""

    @property
    def text(self) -> str:
        """``1000:2000:3000,4000``."""
        return ":".join((str(self.user), str(self.group), ",".join(map(str, self.groups))))

    def is_in(self, group: int) -> bool:
        """Whether that is one of the groups."""
        return group == self.group or group in self.groups


ROOT = Person()


def person(text: str) -> Person:
    """Whom ``1000:2000:3000,4000`` stands for; nothing is root."""
    if not text:
        return ROOT
    user, group, groups = (*text.split(":"), "", "")[:3]
    return Person(int(user), int(group or 0), tuple(int(word) for word in groups.split(",") if word))


def key(path: str) -> str:
    """The name under which the attributes of a path are kept."""
    return MARK + (path.rstrip("/") or "/")


def read(text: str) -> Attributes:
    """Attributes as they are kept."""
    mode, user, group = text.split(" ")
    return Attributes(int(mode, 8), int(user), int(group))


def of(files: Mapping[str, str], path: str) -> Attributes:
    """The attributes of a file or folder."""
    kept = files.get(key(path))
    return read(kept) if kept is not None else default(files, path)


def default(files: Mapping[str, str], path: str) -> Attributes:
    """The attributes of what nobody gave any."""
    if path.startswith("/dev/") and path not in _ANYBODY:
        return Attributes(0o666)
    if path not in files and paths.is_folder(files, path):
        return Attributes(0o1777 if path in _ANYBODY else 0o755)
    return Attributes(0o644)


def created(files: Mapping[str, str], path: str, who: Person, mask: int, *, folder: bool) -> Attributes:
    """The attributes of what somebody makes: a folder with SET_GROUP passes its group on."""
    above = of(files, paths.parent(path.rstrip("/")))
    mode = (0o777 if folder else 0o666) & ~mask
    if above.mode & SET_GROUP:
        return Attributes(mode | (SET_GROUP if folder else 0), who.user, above.group)
    return Attributes(mode, who.user, who.group)


def may(files: Mapping[str, str], path: str, who: Person, right: int) -> bool:
    """Whether somebody may READ, WRITE or EXECUTE; root may all, but not execute what nobody may."""
    found = of(files, path)
    if who.user == 0:
        return right != EXECUTE or bool(found.mode & 0o111) or path not in files
    if found.user == who.user:
        return bool(found.mode >> 6 & right)
    if who.is_in(found.group):
        return bool(found.mode >> 3 & right)
    return bool(found.mode & right)


def is_read_only(files: Mapping[str, str], path: str) -> bool:
    """Whether a file is on a file system that nobody can write to."""
    kept = files.get(READ_ONLY)
    if kept is None or path.startswith(("/dev/", "/proc/")):
        return False
    deepest, found = -1, False
    for line in kept.splitlines():
        word, _, folder = line.partition(" ")
        if len(folder) > deepest and (path == folder or path.startswith(f"{folder.rstrip('/')}/")):
            deepest, found = len(folder), word == "ro"
    return found


def may_put(files: Mapping[str, str], path: str, who: Person) -> bool:
    """Whether somebody may write a file: one that is there, or a new one in its folder."""
    if who.user == 0:
        return True
    if path in files or path.startswith("/dev/"):
        return may(files, path, who, WRITE)
    return may(files, paths.parent(path.rstrip("/")), who, WRITE)


# ---------------------------------------------------------------------- shown
def letters(mode: int, *, folder: bool = False) -> str:
    """Permissions as ``ls -l`` shows them: ``drwxr-sr-x``."""
    found = [letter if mode >> (8 - place) & 1 else "-" for place, letter in enumerate(_LETTERS)]
    for bit, place, letter in ((SET_USER, 2, "s"), (SET_GROUP, 5, "s"), (STICKY, 8, "t")):
        if mode & bit:
            found[place] = letter if found[place] == "x" else letter.upper()
    return ("d" if folder else "-") + "".join(found)


def go_text(mode: int, *, folder: bool = False) -> str:
    """Permissions as Go's os.FileMode prints them: ``dgtrwxrwxrwx``."""
    bits = (("u", SET_USER), ("g", SET_GROUP), ("t", STICKY))
    flags = ("d" if folder else "") + "".join(letter for letter, bit in bits if mode & bit)
    return (flags or "-") + "".join(letter if mode >> (8 - place) & 1 else "-" for place, letter in enumerate(_LETTERS))


def name_of(number: int) -> str:
    """The name of a user or group, else its number."""
    return NAMES.get(number) or str(number)


# ---------------------------------------------------------------------- changed
def changed(mode: int, words: str, *, folder: bool, mask: int) -> int | None:
    """The mode after ``chmod``: ``0755``, ``u+x,go-w``, ``a=rX``; None when the words are none."""
    if words.isdigit():
        return int(words, 8) if set(words) <= set("01234567") and len(words) <= 4 else None
    for clause in words.split(","):
        who = "".join(letter for letter in clause if letter in "ugoa")
        rest = clause[len(clause) - len(clause.lstrip("ugoa")) :]
        if not rest or rest[0] not in "+-=" or not set(rest[1:]) <= set("rwxXst"):
            return None
        bits = _bits(rest[1:], mode, folder=folder)
        reach = _reach(who, mask)
        if rest[0] == "+":
            mode |= bits & reach
        elif rest[0] == "-":
            mode &= ~(bits & reach)
        else:
            mode = (mode & ~(_reach(who, 0) & 0o777)) | (bits & reach)
    return mode


def _bits(words: str, mode: int, *, folder: bool) -> int:
    runs = 0o111 if folder or mode & 0o111 else 0
    known = {"r": 0o444, "w": 0o222, "x": 0o111, "X": runs, "s": SET_USER | SET_GROUP, "t": STICKY}
    found = 0
    for letter in words:
        found |= known[letter]
    return found


def _reach(who: str, mask: int) -> int:
    """The bits that ``u``, ``g``, ``o`` stand for; nobody stands for all but those of the mask."""
    if not who:
        return (0o777 & ~mask) | STICKY | SET_USER | SET_GROUP
    parts = {"u": 0o700 | SET_USER, "g": 0o070 | SET_GROUP, "o": 0o007, "a": 0o777 | SET_USER | SET_GROUP | STICKY}
    found = STICKY
    for letter in who:
        found |= parts[letter]
    return found
