"""A client that knows a secret: `python3 with_secret.py /run/app.sock /path/to/app.secret`."""

import sys

import kindred

# #region client
with open(sys.argv[2], "rb") as file:
    peer = kindred.connect(sys.argv[1], secret=file.read().rstrip(b"\r\n"))
print(peer.call("add", 1, 2))
# #endregion
peer.close()
