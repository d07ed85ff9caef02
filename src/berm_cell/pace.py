"""How often the warden looks at a run: rarely enough to cost little, soon enough to be in time."""

FIRST_TICK = 0.005
"""Seconds from the start of a run to the first look at it; each next pause is twice as long. Most runs are
over before."""

SHORTEST_PAUSE = 0.001

WATCH_SHARE = 0.05
"""At most this part of one core is spent on looking, by CPU time: on a busy machine a look takes long
and costs little, and the next must not wait for that."""

URGENT_SHARE = 0.5
"""The same for a tree that is on its way over a limit: what it takes between two looks is what it takes too much."""

LONGEST_PAUSE = 0.25
"""Seconds; a tree so large that looking at it costs more is looked at all the same."""


def next_pause(pause, spent, interval, ahead=LONGEST_PAUSE * 2):
    """Return the seconds until the next look, after a look that took ``spent`` seconds of CPU.

    ``ahead``: seconds until the tree is over a limit, if it goes on as it did since the last look.
    """
    calm = max(min(2 * pause, interval), min(spent / WATCH_SHARE, LONGEST_PAUSE))
    soonest = max(SHORTEST_PAUSE, min(spent / URGENT_SHARE, LONGEST_PAUSE))
    return max(min(calm, ahead / 2), soonest)


class Pressure:
    """How fast a tree comes closer to its limits, from the largest part used of any of them."""

    def __init__(self):
        self._used = 0.0
        self._at = 0.0

    def ahead(self, used, at):
        """Return seconds until ``used`` is 1 at the present rate; ``at`` is the time of this look."""
        grown, passed = used - self._used, at - self._at
        self._used, self._at = used, at
        if grown <= 0 or passed <= 0:
            return LONGEST_PAUSE * 2
        return max(0.0, 1.0 - used) * passed / grown
