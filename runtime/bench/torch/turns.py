# The other side of a contest: answers each line with one turn, as `ours/turns.ts` does.
# Ends with status 3 where a library is missing.

import json
import resource
import sys
import time

task = json.loads(sys.argv[1])
row, model_sizes = task["row"], task["row"]["model"]

# What the libraries print must not be taken for a turn.
_answers = sys.stdout
sys.stdout = sys.stderr


def need(load):
    """What `load` imports, or the end of the process."""
    try:
        return load()
    except ImportError as error:
        print(error, file=sys.stderr)
        sys.exit(3)


def _status(key):
    try:
        with open("/proc/self/status") as lines:
            return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


_before = 0.0


def loaded():
    """Memory counts from here: the libraries are in."""
    global _before
    _before = _status("VmRSS")


def asked():
    return sys.stdin.readline() != ""


def now():
    return time.perf_counter(), time.process_time()


def tell(since):
    clock, cpu = now()
    print(json.dumps({"ms": (clock - since[0]) * 1000, "cpu": (cpu - since[1]) * 1000, "mib": _status("VmHWM") - _before}), file=_answers, flush=True)


def turns(once):
    while asked():
        start = now()
        once()
        tell(start)
