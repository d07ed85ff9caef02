import os
import signal


def handler(number, frame):
    print("got", signal.Signals(number).name)


signal.signal(signal.SIGUSR1, handler)
os.kill(os.getpid(), signal.SIGUSR1)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.02)
while signal.getitimer(signal.ITIMER_REAL)[0]:  # not pause(): it would miss one that comes just before it
    pass
print(signal.getsignal(signal.SIGINT) is signal.default_int_handler, signal.getsignal(signal.SIGPIPE))
