"""Resource limits of a run, by name."""

import resource

RLIMITS = {
    "as": resource.RLIMIT_AS,
    "core": resource.RLIMIT_CORE,
    "cpu": resource.RLIMIT_CPU,
    "data": resource.RLIMIT_DATA,
    "fsize": resource.RLIMIT_FSIZE,
    "memlock": resource.RLIMIT_MEMLOCK,
    "msgqueue": resource.RLIMIT_MSGQUEUE,
    "nofile": resource.RLIMIT_NOFILE,
    "nproc": resource.RLIMIT_NPROC,
    "sigpending": resource.RLIMIT_SIGPENDING,
    "stack": resource.RLIMIT_STACK,
    "nice": resource.RLIMIT_NICE,
    "rtprio": resource.RLIMIT_RTPRIO,
}


def set_rlimits(limits):
    """Set soft and hard resource limits, by the names of ``RLIMITS``."""
    for name, value in limits.items():
        value = at_most_hard(name, value)
        resource.setrlimit(RLIMITS[name], (value, value))


def at_most_hard(name, value):
    """A limit, or the hard one of this process if that is lower."""
    hard = resource.getrlimit(RLIMITS[name])[1]
    return value if hard == resource.RLIM_INFINITY else min(value, hard)
