"""Runs a Python program that nobody has read: `watch.py LIMITS`, with the program and its input on stdin, the report on descriptor 3.

Stdin is a line with the number of bytes of the program, the program, and what the program itself reads. A child contains itself
(`contain.py`) and becomes the program. This process stays outside and looks, at fixed intervals, at what no limit of the system
bounds: files all together, those deleted but still held among them, and threads. The report is one object of JSON:
  uncontained  why the child could not be contained, else null; then nothing of the program has run;
  over         what it had too much of, `files` or `threads`, else null;
  state        its exit state, or null;
  signal       the name of the signal that ended it, or null.
"""

import json
import os
import resource
import signal
import stat
import sys

from contain import contain, limit_resources

REPORT = 3
OUT_OF_MEMORY = 86
LOOK_SECONDS = 0.02


def read_program():
    """Exactly the program; what follows on stdin is its own."""
    def exactly(count):
        parts = []
        while count > 0:
            part = os.read(0, min(count, 65536))
            if part == b"":
                break
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    digits = b""
    while (byte := exactly(1)) not in (b"\n", b""):
        digits += byte
    return exactly(int(digits)).decode()


def become(source, limits, complain):
    """The program, in this process, when everything that holds it is in place; else `complain` has the reason."""
    # Not the folder of this file, which is the first place by default.
    sys.path = [path for path in sys.path if path != os.path.dirname(os.path.abspath(__file__))]
    sys.argv = ["program.py"]
    try:
        limit_resources(limits)
        if not os.path.isdir("/proc/self/fd"):
            raise OSError("/proc is not mounted, so that nobody could look at what a program does")
        contain([*sys.path, "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache"], limits["folder"])
    except (OSError, KeyError, AttributeError, ValueError) as cause:
        if not limits["partial"]:
            os.write(complain, f"{type(cause).__name__}: {cause}".encode())
            os._exit(1)
        # Nothing says where it may write: so nowhere.
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    os.close(complain)
    try:
        exec(compile(source, "program.py", "exec"), {"__name__": "__main__"})
    except MemoryError:
        os._exit(OUT_OF_MEMORY)
    except Exception as cause:
        sys.stdout.flush()
        sys.stderr.write(f"{type(cause).__name__}: {cause}")
        sys.stderr.flush()
        os._exit(1)


def bytes_of(found):
    """Space can be taken beyond a file's end, and a hole takes none."""
    return max(found.st_size, 512 * found.st_blocks)


def in_folder(limits):
    """Files in the program's folder, and their bytes; counting ends where they are too many."""
    count = size = 0
    with os.scandir(os.fsencode(limits["folder"])) as entries:
        for entry in entries:
            count += 1
            if count > limits["files"]:
                break
            try:
                size += bytes_of(entry.stat(follow_symlinks=False))
            except FileNotFoundError:
                pass
    return count, size


def deleted_but_held(limits, pid):
    """Bytes of files without a name that a process has open or mapped."""
    held = {}
    for number in os.listdir(f"/proc/{pid}/fd"):
        try:
            found = os.stat(f"/proc/{pid}/fd/{number}")
        except FileNotFoundError:
            continue
        if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
            held[found.st_ino] = bytes_of(found)
    begin = os.fsencode(os.path.realpath(limits["folder"])) + b"/"
    with open(f"/proc/{pid}/maps", "rb") as maps:
        for line in maps:
            _, _, _, _, inode, *path = line.rstrip(b"\n").split(None, 5)
            if path and path[0].startswith(begin) and path[0].endswith(b" (deleted)"):
                # How large it is cannot be seen from here, only how large it may be.
                held.setdefault(int(inode), limits["file"])
    return sum(held.values())


def threads_of(pid):
    """RLIMIT_NPROC counts what all processes of a user have, and does not hold root."""
    return len(os.listdir(f"/proc/{pid}/task"))


def overflows(limits, more=0):
    """Whether its folder holds too much, together with `more` bytes; one that cannot be looked at may hold anything."""
    try:
        count, size = in_folder(limits)
    except OSError:
        return True
    return count > limits["files"] or size + more > limits["bytes"]


def excess(limits, pid):
    """What a process has too much of, or None."""
    try:
        more = deleted_but_held(limits, pid)
        if overflows(limits, more):
            return "files"
        return "threads" if threads_of(pid) > limits["threads"] else None
    except OSError:
        # It ended meanwhile: no program can hide from /proc, as it may not change whether it can be looked at.
        return None


def watch(pid, limits):
    """Waits for the child: what it had too much of, and its end as `waitpid` has it."""
    over = None

    def look(*_):
        nonlocal over
        over = over or excess(limits, pid)
        if over:
            os.kill(pid, signal.SIGKILL)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, LOOK_SECONDS, LOOK_SECONDS)
    _, end = os.waitpid(pid, 0)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return over or ("files" if overflows(limits) else None), end


def name_of(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def main():
    limits = json.loads(sys.argv[1])
    source = read_program()
    reasons, complain = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(REPORT)
        os.close(reasons)
        become(source, limits, complain)
        return
    os.close(complain)
    over, end = watch(pid, limits)
    uncontained = os.read(reasons, 4096).decode()
    killed = os.WIFSIGNALED(end)
    report = {
        "uncontained": uncontained or None,
        "over": over,
        "state": None if killed else os.WEXITSTATUS(end),
        "signal": name_of(os.WTERMSIG(end)) if killed else None,
    }
    os.write(REPORT, json.dumps(report).encode())
    os._exit(0)


if __name__ == "__main__":
    main()
