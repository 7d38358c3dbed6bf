"""PostgreSQL and Redis from wheels, for a machine that has neither.

Only `manage.py` (through `portal.bootstrap`) and the tests ask for them; the settings never do, and production never.
"""
