"""The tables of royalties, a file for each subject.

The path of money: Report → UsageLine → SongUsage → (Remittance → Pool) → Earning → LedgerEntry → Statement.
"""

from __future__ import annotations

from royalties.models.control import DeclaredTotal, ReportingCalendar
from royalties.models.distribution import (
    DeductionRule,
    DistributionRun,
    Earning,
    Hold,
    RunShare,
    Statement,
    StatementDeduction,
    run_ref,
    statement_ref,
)
from royalties.models.ledger import LedgerAccount, LedgerEntry, LedgerTransaction
from royalties.models.matches import (
    Lesson,
    LikelyDuplicate,
    Match,
    MatchWork,
    RejectedPair,
    Rematch,
    RematchSong,
    StaffDecision,
    decision_ref,
    rematch_ref,
)
from royalties.models.money import ExchangeRun, Pool, Remittance, remittance_ref
from royalties.models.reports import (
    FileLines,
    FirstLines,
    LineBlock,
    LumpSum,
    RejectedLine,
    Report,
    ReportDecision,
    ReportedRecording,
    SocietyLine,
    SongUsage,
    SongWords,
    TileTotal,
    UsageLine,
    report_ref,
    song_ref,
)
from royalties.models.sources import Basis, KaraokePrice, Mapping, RightSplit, Service, Source, SourceProfile

__all__ = [
    "Basis",
    "DeclaredTotal",
    "DeductionRule",
    "DistributionRun",
    "Earning",
    "ExchangeRun",
    "FileLines",
    "FirstLines",
    "Hold",
    "KaraokePrice",
    "LedgerAccount",
    "LedgerEntry",
    "LedgerTransaction",
    "Lesson",
    "LikelyDuplicate",
    "LineBlock",
    "LumpSum",
    "Mapping",
    "Match",
    "MatchWork",
    "Pool",
    "RejectedLine",
    "RejectedPair",
    "Rematch",
    "RematchSong",
    "Remittance",
    "Report",
    "ReportDecision",
    "ReportedRecording",
    "ReportingCalendar",
    "RightSplit",
    "RunShare",
    "Service",
    "SocietyLine",
    "SongUsage",
    "SongWords",
    "Source",
    "SourceProfile",
    "StaffDecision",
    "Statement",
    "StatementDeduction",
    "TileTotal",
    "UsageLine",
    "decision_ref",
    "rematch_ref",
    "remittance_ref",
    "report_ref",
    "run_ref",
    "song_ref",
    "statement_ref",
]
