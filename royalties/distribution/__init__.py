"""A distribution run: the songs of released pools become earnings, and earnings become won on payees' accounts.

Set-based (architecture.md, section 4): songs, amounts and cells are temporary tables, divided by largest remainder in
SQL as royalties.allocation does in Python; only works are divided in Python, once per work, right, month and basis.
Everything is read once, so that the run is a value of its own whatever changes meanwhile:

0. taken back: earnings of withdrawn and replaced reports, and of songs whose amount is another one now (taken_back.py).
1. songs: those of released pools that are accepted and earn nothing that stands, with the match that says which works.
2. cells: the shares of the works, their collectors and the open holds, frozen as RunShare rows. Of a work whose music alone
   was used, what is for the words goes to suspense.
3. amounts: a pool is divided over all its songs, matched or not, and over the rejected money of each report. So a song
   gets the same amount whenever it is matched, and the money of the others rests in the pool. A song of a correction may get
   less than nothing.
4. earnings: a song's amount over work's part × right's part × cell. Of karaoke the amount is cut first: the words have their
   part of it by contract price, and the shares in the words; the music has the rest. And the negatives of what is taken back.
5. ledger: one transaction per payee, for the difference, and one for all that is held, in suspense or not ours. Held money
   that was released meanwhile is taken back from whoever got it (released.py).

Between equal remainders the services' own names and then amounts decide, within a song the register's numbers: never
the order in which lines, chunks or files came in.
"""

from __future__ import annotations

from royalties.distribution.amounts import POOL_AMOUNTS
from royalties.distribution.cells import is_held_in, read_affiliations
from royalties.distribution.posting import resting_key
from royalties.distribution.result import RunResult, totals_as_text
from royalties.distribution.run import distribute, update_statistics

__all__ = [
    "POOL_AMOUNTS",
    "RunResult",
    "distribute",
    "is_held_in",
    "read_affiliations",
    "resting_key",
    "totals_as_text",
    "update_statistics",
]
