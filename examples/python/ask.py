"""A client: `python3 ask.py /run/app.sock` calls the service there."""

import sys

import kindred

heard = []

# #region client
peer = kindred.connect(sys.argv[1], {"hello": heard.append})

print(peer.call("add", 1, 2))
print(peer.call("subtract", minuend=5, subtrahend=2))
for n in peer.stream("countdown", 3):
    print(n)
try:
    peer.call("fail")
except kindred.CallError as error:
    print(f"{error} ({error.code})")
peer.notify("log", "from Python")
# #endregion
print(peer.call("greetBack"), heard)
peer.close()
