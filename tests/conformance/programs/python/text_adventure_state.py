import sys
from enum import Enum, auto


class State(Enum):
    IDLE = auto()
    RUNNING = auto()
    PAUSED = auto()
    DONE = auto()


MOVES = {
    (State.IDLE, "start"): State.RUNNING,
    (State.RUNNING, "pause"): State.PAUSED,
    (State.PAUSED, "resume"): State.RUNNING,
    (State.RUNNING, "stop"): State.DONE,
}
state = State.IDLE
for event in map(str.strip, sys.stdin):
    state = MOVES.get((state, event), state)
    print(f"{event:8} -> {state} {state.name} {state.value}")
