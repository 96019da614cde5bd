"""What holds a Python program that nobody has read. None of it needs root, and no process can undo it.

  rlimits   seconds of processor time, bytes of address space, open files, bytes of a file;
  landlock  (Linux 5.13) only the standard library and shared libraries can be opened, for reading, and files in one folder, for
            writing too, without folders in it;
  seccomp   only the system calls below; any other ends the process with SIGSYS: sockets, processes, sleeping, signals to others.
What is not contained: `stat` and `readlink` tell whether a file exists, how large it is and where a link leads. What all files
hold together, and how many threads there are, is looked at from outside (`watch.py`).
"""

import os
import resource

# Name: numbers on x86_64 and aarch64 (Linux's unistd.h); None where there is none.
ALLOWED = {
    "read": (0, 63), "write": (1, 64), "readv": (19, 65), "writev": (20, 66), "pread64": (17, 67), "close": (3, 57), "lseek": (8, 62),
    "fstat": (5, 80), "newfstatat": (262, 79), "statx": (332, 291), "stat": (4, None), "lstat": (6, None), "getdents64": (217, 61),
    "getcwd": (79, 17), "chdir": (80, 49), "readlink": (89, None), "readlinkat": (267, 78), "access": (21, None), "faccessat": (269, 48),
    "faccessat2": (439, 439), "dup": (32, 23), "dup2": (33, None), "dup3": (292, 24), "fadvise64": (221, 223),
    "mmap": (9, 222), "munmap": (11, 215), "mprotect": (10, 226), "mremap": (25, 216), "brk": (12, 214),
    "membarrier": (324, 283), "rt_sigaction": (13, 134), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "sigaltstack": (131, 132),
    "restart_syscall": (219, 128), "futex": (202, 98), "set_robust_list": (273, 99), "get_robust_list": (274, 100), "rseq": (334, 293),
    "set_tid_address": (218, 96), "arch_prctl": (158, None), "sched_yield": (24, 124), "sched_getaffinity": (204, 123), "getpid": (39, 172),
    "getppid": (110, 173), "gettid": (186, 178), "getuid": (102, 174), "geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177),
    "getrandom": (318, 278), "clock_gettime": (228, 113), "clock_getres": (229, 114), "gettimeofday": (96, 169), "time": (201, None),
    "times": (100, 153), "getrusage": (98, 165), "getrlimit": (97, 163), "sysinfo": (99, 179), "uname": (63, 160), "umask": (95, 166),
    "exit": (60, 93), "exit_group": (231, 94),
    # On files of its folder: Landlock says which.
    "pwrite64": (18, 68), "ftruncate": (77, 46), "fsync": (74, 82), "fdatasync": (75, 83), "sendfile": (40, 71), "unlink": (87, None), "unlinkat": (263, 35),
    "rename": (82, None), "renameat": (264, 38), "mkdir": (83, None), "mkdirat": (258, 34), "rmdir": (84, None),
}
# Answered with an error, so that the standard library does without: rights and times of files, which Landlock knows nothing of, locks, and what modules try as they are imported.
REFUSED = {
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "utimensat": (280, 88), "flock": (73, 32),
    "copy_file_range": (326, 285), "epoll_create1": (291, 20), "poll": (7, None), "ppoll": (271, 73),
}
# Allowed with some arguments only, see `filter_program`.
OPEN, OPENAT, CLONE, CLONE3, TGKILL, PRLIMIT64, FCNTL, PRCTL = (2, None), (257, 56), (56, 220), (435, 435), (234, 131), (302, 261), (72, 25), (157, 167)
IOCTL, MADVISE, RENAMEAT2 = (16, 29), (28, 233), (316, 276)
CLONE_FILES, CLONE_THREAD = 0x400, 0x10000
# Copies and flags of descriptors, flags and locks of files; not who gets a file's signals, leases, sizes of pipes.
FCNTL_COMMANDS = {"DUPFD": 0, "GETFD": 1, "SETFD": 2, "GETFL": 3, "SETFL": 4, "GETLK": 5, "SETLK": 6, "SETLKW": 7, "DUPFD_CLOEXEC": 1030}
# Whether something is a terminal, how large it is, what can be read; what Python uses instead of fcntl. Not attributes or space of files.
IOCTL_COMMANDS = {"TCGETS": 0x5401, "TIOCGWINSZ": 0x5413, "FIONREAD": 0x541B, "FIONBIO": 0x5421, "FIONCLEX": 0x5450, "FIOCLEX": 0x5451}
MADVISE_COMMANDS = {"NORMAL": 0, "RANDOM": 1, "SEQUENTIAL": 2, "WILLNEED": 3, "DONTNEED": 4, "FREE": 8, "HUGEPAGE": 14, "NOHUGEPAGE": 15, "WIPEONFORK": 18, "POPULATE_WRITE": 23}
RENAME_FLAGS = {"none": 0, "NOREPLACE": 1, "EXCHANGE": 2}
# A file without a name, which nobody who looks into the folder would count; Python then takes one with a name. The kernel's own bit: the name means a folder, too.
UNNAMED = 0o20000000
PR_SET_NAME = 15
EPERM, EACCES, EROFS, ENOSYS, ENOTSUP = 1, 13, 30, 38, 95
# O_WRONLY | O_RDWR: Linux opens such a file for commands to its device only, and asks Landlock nothing.
NEITHER = 3

# Berkeley packet filter: load a word, take some of its bits, jump if equal or if any bit is set, return.
LOAD, AND, EQUAL, ANY_BIT, RETURN = 0x20, 0x54, 0x15, 0x45, 0x06
KILL, ERROR, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
NUMBER_AT, ARCHITECTURE_AT = 0, 4


def argument_at(index):
    """Offset of the low half of an argument of the system call; the high half follows 4 bytes later."""
    return 16 + 8 * index


def filter_program(machine, pid):
    """The seccomp filter as (code, jump if true, jump if false, operand)."""
    column, architecture = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}[machine]

    def when(call, body):
        number = call[column]
        return [] if number is None else [(EQUAL, 0, len(body), number), *body]

    def opening(flags):
        """Landlock looks at files that are opened for writing; one that is opened for reading could be emptied behind its back."""
        return [
            (LOAD, 0, 0, argument_at(flags)), (ANY_BIT, 0, 1, UNNAMED), (RETURN, 0, 0, ERROR | ENOTSUP),
            (AND, 0, 0, NEITHER), (EQUAL, 0, 1, NEITHER), (RETURN, 0, 0, ERROR | EACCES), (LOAD, 0, 0, argument_at(flags)),
            (ANY_BIT, 0, 2, os.O_TRUNC), (ANY_BIT, 1, 0, os.O_WRONLY | os.O_RDWR), (RETURN, 0, 0, ERROR | EROFS), (RETURN, 0, 0, ALLOW),
        ]

    def one_of(call, index, commands):
        checks = [(EQUAL, len(commands) - i, 0, command) for i, command in enumerate(commands.values())]
        return when(call, [(LOAD, 0, 0, argument_at(index)), *checks, (RETURN, 0, 0, ERROR | EPERM), (RETURN, 0, 0, ALLOW)])

    program = [(LOAD, 0, 0, ARCHITECTURE_AT), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL), (LOAD, 0, 0, NUMBER_AT)]
    for call in ALLOWED.values():
        program += when(call, [(RETURN, 0, 0, ALLOW)])
    for call in REFUSED.values():
        program += when(call, [(RETURN, 0, 0, ERROR | EPERM)])
    program += when(OPEN, opening(1))
    program += when(OPENAT, opening(2))
    # Threads, not processes. The flags of clone3 cannot be seen from here; the C library then takes clone.
    program += when(CLONE3, [(RETURN, 0, 0, ERROR | ENOSYS)])
    program += when(CLONE, [(LOAD, 0, 0, argument_at(0)), (ANY_BIT, 0, 2, CLONE_THREAD), (ANY_BIT, 0, 1, CLONE_FILES), (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, KILL)])
    # Signals to itself, as `abort` sends them.
    program += when(TGKILL, [(LOAD, 0, 0, argument_at(0)), (EQUAL, 0, 1, pid), (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, KILL)])
    # Limits may be read: their new value is a null pointer.
    program += when(PRLIMIT64, [
        (LOAD, 0, 0, argument_at(2)), (EQUAL, 0, 3, 0), (LOAD, 0, 0, argument_at(2) + 4), (EQUAL, 0, 1, 0), (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, KILL),
    ])
    program += one_of(FCNTL, 1, FCNTL_COMMANDS)
    program += one_of(IOCTL, 1, IOCTL_COMMANDS)
    program += one_of(MADVISE, 2, MADVISE_COMMANDS)
    program += one_of(RENAMEAT2, 4, RENAME_FLAGS)
    # Python names its threads; allocators try to name their memory, and do without.
    program += when(PRCTL, [(LOAD, 0, 0, argument_at(0)), (EQUAL, 0, 1, PR_SET_NAME), (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, ERROR | EPERM)])
    return [*program, (RETURN, 0, 0, KILL)]


def limit_resources(limits):
    seconds = max(1, -int(-limits["time"] // 1))
    wanted = {"RLIMIT_CPU": (seconds, seconds + 1), "RLIMIT_AS": (limits["memory"],) * 2, "RLIMIT_CORE": (0, 0), "RLIMIT_FSIZE": (limits["file"],) * 2, "RLIMIT_NOFILE": (32, 32)}
    for name, values in wanted.items():
        try:
            resource.setrlimit(getattr(resource, name), values)
        except (AttributeError, ValueError, OSError):
            # macOS knows RLIMIT_AS but does not take it.
            if not limits["partial"]:
                raise


def contain(readable, folder):
    """Landlock and seccomp for this process, which may write into `folder`. Raises OSError or KeyError where they are not to be had."""
    import ctypes
    import struct

    libc = ctypes.CDLL(None, use_errno=True)

    def checked(what, result):
        if result < 0:
            raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")
        return result

    def syscall(what, number, *arguments):
        return checked(what, libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]))

    machine = os.uname().machine
    PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, SIGKILL = 1, 38, 22, 2, 9
    CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446
    WRITE_FILE, READ_FILE, READ_DIR, REMOVE_FILE, MAKE_REG, TRUNCATE = 2, 4, 8, 32, 256, 16384
    checked("no_new_privs", libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    # Who watches it may be killed; nothing would end it then.
    checked("parent_death_signal", libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))

    # root or not: no capabilities (version 3, this process; effective, permitted, inheritable: none)
    checked("capset", libc.syscall(ctypes.c_long({"x86_64": 126, "aarch64": 91}[machine]), ctypes.create_string_buffer(struct.pack("=Ii", 0x20080522, 0)), ctypes.create_string_buffer(24)))

    version = syscall("landlock", CREATE_RULESET, None, 0, 1)
    # Rights known to each version: 13 of the first, then moving between folders, truncating, device commands.
    rights = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    attributes = ctypes.create_string_buffer(struct.pack("=Q", (1 << rights) - 1), 8)
    ruleset = syscall("landlock", CREATE_RULESET, attributes, 8, 0)

    def allow(path, what):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rule = ctypes.create_string_buffer(struct.pack("=Qi", what & ((1 << rights) - 1), place), 12)
        syscall("landlock", ADD_RULE, ruleset, 1, rule, 0)
        os.close(place)

    for path in readable:
        if os.path.exists(path):
            allow(path, READ_FILE | READ_DIR if os.path.isdir(path) else READ_FILE)
    allow(folder, WRITE_FILE | READ_FILE | READ_DIR | REMOVE_FILE | MAKE_REG | TRUNCATE)
    syscall("landlock", RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)

    instructions = filter_program(machine, os.getpid())
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *instruction) for instruction in instructions))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(instructions), ctypes.addressof(code)))
    checked("seccomp", libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header, 0, 0))
