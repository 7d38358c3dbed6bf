"""Databases that live for a while: for tests, and for commands that work on a register of their own."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql


def url_of_database(url: str, name: str) -> str:
    """The same server and user, another database."""
    return urlsplit(url)._replace(path="/" + quote(name, safe="")).geturl()


def create_database(owner_url: str, name: str, *, template: str = "template1") -> None:
    """Make a database as the owner, as a copy of `template`, to which nobody may be connected."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


def drop_database(owner_url: str, name: str) -> None:
    """Drop a database if it exists, whoever is still connected to it."""
    with psycopg.connect(owner_url, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
