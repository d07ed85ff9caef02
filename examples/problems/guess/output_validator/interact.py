"""Answers guesses; whatever the submission does, it ends with 42 or 43."""
import os
import sys


def end(code, text):
    with open(sys.argv[3] + "judgemessage.txt", "w") as message:
        message.write(text + "\n")
    sys.exit(code)


def say(text):
    try:
        print(text, flush=True)
    except BrokenPipeError:
        end(43, "it stopped listening")


hidden = int(open(sys.argv[1]).read())
for number in range(1, 11):
    line = sys.stdin.readline(100)
    if not line:
        end(43, "it ended after %d guesses" % (number - 1))
    try:
        guess = int(line)
    except ValueError:
        end(43, "no number: %r" % line[:20])
    if guess == hidden:
        say("correct")
        os.close(1)  # some runtimes end only at the end of their input
        rest = sys.stdin.read(100).strip()
        end(43 if rest else 42, "found after %d guesses" % number)
    say("lower" if guess > hidden else "higher")
end(43, "too many guesses")
