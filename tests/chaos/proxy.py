"""A wire to PostgreSQL that is cut at a COMMIT: before the server hears it, or before the worker hears the answer."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Final

COMMIT: Final = b"Q\x00\x00\x00\x0bCOMMIT\x00"  # the message by which psycopg ends a transaction
BEFORE, AFTER = "before", "after"


class Proxy:
    """Passes bytes between workers and the server. `cut` is armed once per cut; `cuts` counts those that were made."""

    def __init__(self, server_port: int) -> None:
        self.server_port = server_port
        self.cuts = 0
        self._armed = ""
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, where: str) -> None:
        with self._lock:
            self._armed = where

    def disarm(self) -> None:
        self.arm("")

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(("127.0.0.1", self.server_port))
            except OSError:  # it is stopped; the worker finds its connection closed
                client.close()
                continue
            for wire in (client, server):
                wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._to_server, args=(client, server), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while block := client.recv(65_536):
                where = self._take() if block.endswith(COMMIT) else ""
                if where == AFTER:
                    client.shutdown(socket.SHUT_RDWR)  # nobody is there any more to hear the answer
                    server.sendall(block)
                    _hear_to_the_end(server)
                if where:
                    self.cuts += 1
                    break
                server.sendall(block)
        _close(client, server)

    def _pass(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while block := server.recv(65_536):
                client.sendall(block)
        _close(client, server)

    def _take(self) -> str:
        with self._lock:
            where, self._armed = self._armed, ""
        return where


def _hear_to_the_end(server: socket.socket) -> None:
    """Let the server finish what it was told: it closes its side when it has read that we have closed ours."""
    with suppress(OSError):
        server.shutdown(socket.SHUT_WR)
        while server.recv(65_536):
            pass


def _close(*wires: socket.socket) -> None:
    for wire in wires:
        with suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            wire.close()
