"""A TCP proxy in front of an ingest, that can end TLS, cut, refuse and stall."""

import select
import socket
import ssl
import struct
import subprocess
import threading
import time


# Handshake (3,073 bytes), commands, metadata and sequence headers stay below; with the first key
# frame a connection is above.
BEFORE_MEDIA = 7_000


class Proxy:
    """Listens on a free port and passes on what comes. `target` is a port on loopback; without
    one, connections are accepted and nothing is ever said."""

    def __init__(self, target=None, tls=None):
        self.target = target
        self.tls = tls
        self.connections = []
        self.accepted = 0
        self.lock = threading.Lock()
        self.listener = self._listen(0)
        self.port = self.listener.getsockname()[1]
        self.refusing = False
        self.closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.closed = True
        self.refuse()
        self.cut()

    @property
    def url(self):
        return f"{'rtmps' if self.tls else 'rtmp'}://127.0.0.1:{self.port}/live"

    def cut(self):
        """Resets every connection."""
        for connection in self.open_connections():
            connection.reset()

    def refuse(self):
        """Refuses connections, as if nothing listened."""
        self.refusing = True
        listener, self.listener = self.listener, None
        if listener:
            # Wakes the thread that waits in accept.
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def accept(self):
        """Accepts connections again."""
        self.listener = self._listen(self.port)
        self.refusing = False

    def stall(self):
        """Reads nothing more from the connections that are open; later ones are well."""
        with self.lock:
            for connection in self.connections:
                connection.stalled.set()

    def first_media(self):
        """When, by the wall clock, the first key frame came in on any connection."""
        with self.lock:
            return min((one.media_at for one in self.connections if one.media_at), default=None)

    def first_media_since(self, time):
        """Asks whether a key frame came in after a time."""
        def asked():
            with self.lock:
                return any(one.media_at and one.media_at > time for one in self.connections)
        return asked

    def open_connections(self):
        with self.lock:
            return [connection for connection in self.connections if not connection.is_closed()]

    @staticmethod
    def _listen(port):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Small, so that a stall is felt at the publisher and not hidden by the kernel.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        return listener

    def _accept(self):
        while not self.closed:
            listener = self.listener
            if listener is None:
                time.sleep(0.01)
                continue
            try:
                client, _ = listener.accept()
            except OSError:
                continue
            self.accepted += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        connection = Connection(client)
        with self.lock:
            self.connections.append(connection)
        try:
            if self.target is None:
                connection.stalled.set()
            elif self.tls:
                connection.client = self.tls.wrap_socket(client, server_side=True)
            connection.run(self.target)
        except OSError:
            pass
        finally:
            connection.close()


class Connection:
    def __init__(self, client):
        self.tcp = client
        self.client = client
        self.server = None
        self.stalled = threading.Event()
        self.opened = time.monotonic()
        self.closed = None
        self.received = 0
        self.media_at = None

    def run(self, target):
        """Passes bytes both ways until either side is gone."""
        if target is not None:
            self.server = socket.create_connection(("127.0.0.1", target))
            threading.Thread(target=self._back, daemon=True).start()
        while not self.is_closed():
            if self.stalled.is_set():
                if self._hung_up():
                    return
                continue
            data = self.client.recv(64 * 1024)
            if not data:
                return
            self.received += len(data)
            if self.media_at is None and self.received > BEFORE_MEDIA:
                self.media_at = time.time()
            if self.server:
                self.server.sendall(data)

    def _back(self):
        try:
            while data := self.server.recv(64 * 1024):
                self.client.sendall(data)
        except OSError:
            pass
        self.close()

    def _hung_up(self):
        """Whether the client closed, found out without reading."""
        poll = select.poll()
        poll.register(self.tcp.fileno(), select.POLLRDHUP)
        return bool(poll.poll(100))

    def is_closed(self):
        return self.closed is not None

    def reset(self):
        try:
            self.tcp.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        self.close()

    def close(self):
        if self.closed is None:
            self.closed = time.monotonic()
        for end in (self.client, self.server):
            if end:
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                end.close()


def certificate_authority(directory):
    """Makes an authority and a certificate for this machine; returns the authority's file and the
    server's TLS context."""
    def openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, cwd=directory, capture_output=True)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", 2, "-keyout", "ca.key", "-out", "ca.pem",
            "-subj", "/CN=Rehearsal CA", "-addext", "basicConstraints=critical,CA:TRUE",
            "-addext", "keyUsage=critical,keyCertSign")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "server.key", "-out", "server.csr",
            "-subj", "/CN=localhost")
    extensions = directory / "server.ext"
    extensions.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", 2, "-out", "server.pem", "-extfile", extensions)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "server.pem", directory / "server.key")
    return directory / "ca.pem", context
