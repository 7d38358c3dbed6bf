"""The demo society: invented people, works, statements and money, so that a stranger sees every page full.

Nothing here is imported by the other rooms; `manage.py demo` and the tests use it.
"""
