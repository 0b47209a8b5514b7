"""A server: `python3 math_server.py /run/math.sock` says `ready` once it can be called."""

import sys

import kindred


# #region service
def countdown(start):
    while start > 0:
        yield start
        start -= 1


service = {"add": lambda *numbers: sum(numbers), "countdown": countdown}
# #endregion

# #region serve
kindred.serve(sys.argv[1], service, ready=lambda: print("ready", flush=True))
# #endregion
