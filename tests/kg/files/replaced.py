"""The files and folders that these tests replace, with an old and a new state."""

import os

from kg.files import atomic, temporary

OLD_FOLDER = {"a.txt": b"old a", "sub/b.txt": b"old b", "only-old.txt": b"old"}
NEW_FOLDER = {"a.txt": b"new a", "sub/b.txt": b"new b" * 1_000, "sub/c.txt": b"new c"}


def put(folder, files):
    for name, value in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.write(handle, value)
        os.close(handle)


def read(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def replace_folder(target):
    with atomic.replace_folder(target) as fresh:
        put(fresh, NEW_FOLDER)


def replace_file(target):
    with atomic.replace_file(target) as stream:
        stream.write(b"new " * 10_000)


def replace_path(target):
    with atomic.replace_path(target) as fresh:
        put(fresh.parent, {fresh.name: b"new " * 10_000})


class Case:
    """One kind of thing that is replaced, at a path, with its old and its new state."""

    def __init__(self, parent, work, old):
        self.target, self.work = parent / "it", work
        self.is_folder = work is replace_folder
        self.new = NEW_FOLDER if self.is_folder else b"new " * 10_000
        self.old = (OLD_FOLDER if self.is_folder else b"old") if old else None
        self.reset()

    def reset(self):
        temporary.delete(self.target)
        if self.is_folder and self.old:
            put(self.target, self.old)
        elif self.old:
            self.target.write_bytes(self.old)

    def run(self):
        self.work(self.target)

    def state(self):
        if not os.path.lexists(self.target):
            return None
        return read(self.target) if self.is_folder else self.target.read_bytes()

    def left(self):
        return [path.name for path in self.target.parent.iterdir() if path != self.target]
