"""Talks to Kindred from Python 3: one file, nothing but the standard library. Copy it beside your program.

It speaks JSON-RPC 2.0, one JSON text a line, over anything that carries bytes. Both ends may call.

    peer = connect("/run/app.sock")                         # a client of a Unix domain socket
    peer = connect("/run/app.sock", secret=b"...")          # the same, where the server asks for a secret
    peer.call("add", 1, 2)                                  # 3
    peer.call("greet", name="world")                        # named parameters
    peer.notify("log", "no reply to this")
    for n in peer.stream("countdown", 3): ...               # one item after the other

    serve("/run/app.sock", {"add": lambda a, b: a + b})     # a server, for callers in any language
    parent({"add": lambda a, b: a + b}).wait()              # a child of a Kindred program

A service is a dictionary of functions, or a function that makes one for the peer that it is given. What a function returns is the answer, what it raises the error; what a
generator yields are the items of a stream. Each call runs in a thread of its own, so that it may call back;
notifications run one after the other, in their order.
"""

import hmac
import inspect
import itertools
import json
import os
import queue
import socket
import sys
import threading

MAX_LINE_BYTES = 64 * 1024 * 1024


class CallError(Exception):
    """The other end has answered with an error. Raised by a function, its `code` and `data` go to the caller."""

    def __init__(self, message, code=-32000, data=None):
        super().__init__(message)
        self.code, self.data = code, data


class Peer:
    """The other end of a connection: `reader` and `writer` are binary files, `hang_up` closes it."""

    def __init__(self, reader, writer, service=None, hang_up=None):
        self._reader, self._writer = reader, writer
        self._service = service(self) if callable(service) else service or {}
        self._hang_up = hang_up or writer.close
        self._ids = itertools.count(1)
        self._pending = {}  # the id of a call of ours: the queue that its answer goes to
        self._notifications = queue.Queue(1000)
        self._lock = threading.Lock()
        self._gone = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        threading.Thread(target=self._take_notifications, daemon=True).start()

    def call(self, method, *args, timeout=None, **named):
        """Calls and waits for the answer. Raises `CallError`, `ConnectionError`; after `timeout` seconds `TimeoutError`."""
        for kind, value in self._ask(method, args, named, timeout):
            if kind == "result":
                return value

    def stream(self, method, *args, timeout=None, **named):
        """Calls a function that answers with a stream: its items, as they come. `timeout` is for each of them."""
        for kind, value in self._ask(method, args, named, timeout):
            if kind == "item":
                yield value

    def notify(self, method, *args, **named):
        """Calls without waiting for anything: there is no answer, and no error."""
        self._say({"method": method, **_params(args, named)})

    def wait(self):
        """Returns when the other end says no more."""
        self._listener.join()

    def close(self):
        self._gone = True
        try:
            self._hang_up()
        except OSError:
            pass  # the other end was faster

    def _ask(self, method, args, named, timeout):
        """What comes for one call: any number of items, then its result."""
        number, answers = next(self._ids), queue.Queue()
        with self._lock:
            if self._gone:
                raise ConnectionError("the other end is gone")
            self._pending[number] = answers
        kind = "item"
        try:
            self._say({"id": number, "method": method, **_params(args, named)})
            while kind == "item":
                try:
                    kind, value = answers.get(timeout=timeout)
                except queue.Empty:
                    raise TimeoutError(f"{method}: no answer within {timeout} s") from None
                if kind == "error":
                    raise value
                yield kind, value
        finally:
            self._pending.pop(number, None)
            if kind == "item" and not self._gone:  # we have turned away before the end
                self.notify("$/cancelRequest", id=number)

    def _listen(self):
        try:
            for line in iter(lambda: self._reader.readline(MAX_LINE_BYTES), b""):
                if line.strip():
                    self._hear(json.loads(line))
        except Exception as error:  # the connection was cut, or what came is no JSON-RPC
            if not self._gone:
                print(f"kindred: the connection is broken: {error!r}", file=sys.stderr)
        with self._lock:
            self._gone = True
            waiting = list(self._pending.values())
        for answers in waiting:
            answers.put(("error", ConnectionError("the other end is gone")))
        self._notifications.put(None)

    def _hear(self, message):
        if message.get("method") == "$/item":
            item = message["params"]
            self._answered(item["id"], "item", item["value"])
        elif "method" in message and "id" in message:
            threading.Thread(target=self._run, args=(message,), daemon=True).start()
        elif "method" in message:
            self._notifications.put(message)
        elif "error" in message:
            error = message["error"]
            failure = CallError(error["message"], error["code"], error.get("data"))
            self._answered(message["id"], "error", failure)
        else:
            self._answered(message["id"], "result", message["result"])

    def _answered(self, number, kind, value):
        answers = self._pending.get(number)
        if answers is not None:
            answers.put((kind, value))

    def _run(self, message):
        number = message["id"]
        try:
            result = self._invoke(message)
            if inspect.isgenerator(result):
                for seq, value in enumerate(result):
                    self._say({"method": "$/item", "params": {"id": number, "seq": seq, "value": value}})
                result = None
            self._say({"id": number, "result": result})
        except ConnectionError:
            pass  # nobody is left to hear of it
        except Exception as error:  # whatever it is, the caller hears of it
            code, data = getattr(error, "code", None), getattr(error, "data", None)
            told = {"code": code if isinstance(code, int) else -32000, "message": str(error)}
            told["data"] = {"name": type(error).__name__} if data is None else data
            self._say({"id": number, "error": told})

    def _take_notifications(self):
        for message in iter(self._notifications.get, None):
            try:
                self._invoke(message)
            except CallError:
                pass  # there is no such function: a notification is owed no answer
            except Exception as error:
                print(f"kindred: {message['method']} failed: {error!r}", file=sys.stderr)

    def _invoke(self, message):
        method, params = message["method"], message.get("params") or []
        function = self._service.get(method)
        if function is None:
            raise CallError(f"there is no function {method}", -32601)
        if isinstance(params, list):
            return function(*params)
        return function(**{name: value for name, value in params.items() if name != "_meta"})

    def _say(self, message):
        line = json.dumps({"jsonrpc": "2.0", **message}, allow_nan=False) + "\n"
        with self._lock:
            try:
                self._writer.write(line.encode())
                self._writer.flush()
            except (OSError, ValueError):
                raise ConnectionError("the other end is gone") from None


def connect(path, service=None, secret=None):
    """A peer at a Unix domain socket. `service`: what this end offers to it. `secret`: bytes that both ends must know."""
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return _over_socket(connection, service, secret)


def serve(path, service, ready=lambda: None):
    """Serves at a Unix domain socket, for ever. `ready` is called once it can be connected to."""
    listener = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)  # for its owner alone
    try:
        listener.bind(path)
    finally:
        os.umask(before)
    listener.listen()
    ready()
    while True:
        _over_socket(listener.accept()[0], service)


def parent(service=None):
    """The program that has started this one: over the descriptor that it gave, else over stdin and stdout."""
    given = os.environ.pop("KINDRED_CHANNEL", "stdio")
    if given.startswith("fd:"):
        return _over_socket(socket.socket(fileno=int(given[3:])), service)
    reader, writer = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what else is printed must not stand among the messages
    return Peer(reader, writer, service)


def _over_socket(connection, service, secret=None):
    reader, writer = connection.makefile("rb"), connection.makefile("wb")
    if secret is not None:
        connection.settimeout(5)
        _prove(reader, writer, secret)
        connection.settimeout(None)
    return Peer(reader, writer, service, lambda: connection.shutdown(socket.SHUT_RDWR))


def _prove(reader, writer, secret):
    """Proves that this end knows the secret, and that the other one does, before anything else is said."""

    def ask(number, method, **params):
        line = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        writer.write(f"{line}\n".encode())
        writer.flush()
        answer = json.loads(reader.readline(1024) or "{}")
        if "result" not in answer:
            error = answer.get("error", {})
            raise ConnectionError(error.get("message", "the other end hung up before it had proved anything"))
        return answer["result"]

    def proof(role):
        return hmac.digest(secret, f"kindred-secret-1\n{role}\n{ours}\n{theirs}\n\n".encode(), "sha256").hex()

    ours = os.urandom(32).hex()
    theirs = bytes.fromhex(ask(1, "$/authenticate", version=1, nonce=ours)["nonce"]).hex()
    answer = ask(2, "$/prove", proof=proof("dialer"))
    if not hmac.compare_digest(answer["proof"], proof("listener")):
        raise ConnectionError("the other end has not proved that it knows the secret")


def _params(args, named):
    if args and named:
        raise TypeError("JSON-RPC takes arguments by position or by name, not both")
    return {"params": named or list(args)} if args or named else {}
