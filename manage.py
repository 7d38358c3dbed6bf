#!/usr/bin/env python
"""Run a command of Garak: `.venv/bin/python manage.py <command>`. What happens before Django starts is in portal/bootstrap.py."""

from __future__ import annotations

import sys

from portal.bootstrap import run

if __name__ == "__main__":
    sys.exit(run(sys.argv))
