"""Rows for tests of money, made directly: parties, works, reports, remittances. No file is read and no matcher asked."""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Final

from django.db import connection

from portal.accounts.models import User
from portal.files.models import StoredFile
from royalties.models import (
    Basis,
    DeductionRule,
    Match,
    MatchWork,
    Pool,
    RejectedLine,
    Report,
    ReportedRecording,
    RightSplit,
    Service,
    SongUsage,
    Source,
)
from royalties.money_in import record_remittance
from tests.royalties.stored import store_lines
from works.models import Affiliation, Party, Right, Share, Society, Work

OURS: Final = "118"
JASRAC: Final = "038"
MONTH: Final = dt.date(2026, 1, 1)
DISTRIBUTION_MONTH: Final = dt.date(2026, 3, 1)
YUAN: Final = 1_000_000
WON: Final = 1_000_000
NUMBERS: Final = itertools.count(1)


def tme() -> Source:
    """Tencent Music as the migrations seed it: WHOLE, half performing and half mechanical."""
    return Source.objects.get(code="tme")


def staff() -> User:
    found = User.objects.filter(email="staff@example.org").first()
    return found or User.objects.create_user("staff@example.org", name="Staff")


def one_right(source: Source) -> None:
    """From 2021 on, all the money of the source is for the performing right: figures of tests stay readable."""
    RightSplit.objects.get_or_create(
        source=source, from_date=dt.date(2021, 1, 1), defaults={"performing": 1, "mechanical": 0, "denominator": 1}
    )


def party(name: str, society: str | None = OURS, kind: str = "society") -> Party:
    """A writer collected for by a society; None: nobody knows; or of kind non_member or public_domain."""
    made = Party.objects.create(kind=Party.Kind.WRITER, name=name)
    if kind != "society":
        Affiliation.objects.create(party=made, kind=kind)
    elif society is not None:
        Affiliation.objects.create(party=made, kind=kind, society=society_of(society))
    return made


def society_of(code: str) -> Society:
    return Society.objects.get_or_create(code=code, defaults={"name": code, "territory": 410})[0]


def work(
    title: str,
    shares: Mapping[Party, Fraction],
    rights: Sequence[str] = (Right.PERFORMING, Right.MECHANICAL),
    *,
    roles: Mapping[Party, str] | None = None,
    writers: Mapping[Party, Party] | None = None,
) -> Work:
    """A work of composers and authors, but for those who have another role; publishers stand behind their writers."""
    made = Work.objects.create(title=title)
    for right in rights:
        for owner, fraction in shares.items():
            writer = (writers or {}).get(owner)
            Share.objects.create(
                work=made,
                writer_share=share_of(made, writer, right) if writer else None,
                party=owner,
                role=(roles or {}).get(owner, "CA"),
                right=right,
                numerator=fraction.numerator,
                denominator=fraction.denominator,
            )
    return made


def share_of(of: Work, owner: Party, right: str = Right.PERFORMING) -> Share:
    return Share.objects.get(work=of, party=owner, right=right, until_date=None)


@dataclass
class Line:
    """A line as a service sends it: its song id, where and when it was used, its money in micros."""

    song: str
    micros: int
    service: str = Service.QQ
    month: dt.date = MONTH
    uses: int = 1
    words: int | None = None  # uses of the words and of the music, of karaoke
    music: int | None = None


@dataclass
class Reported:
    """A song's match: the works with their parts (accepted), or how else it ended."""

    works: Mapping[Work, Fraction] = field(default_factory=dict)
    outcome: str = Match.Outcome.ACCEPTED
    music_alone: bool = False


def matched(of: Work) -> Reported:
    return Reported(works={of: Fraction(1)})


def music_of(of: Work) -> Reported:
    return Reported(works={of: Fraction(1)}, music_alone=True)


REVIEW: Final = Reported(outcome=Match.Outcome.REVIEW)
UNMATCHED: Final = Reported(outcome=Match.Outcome.NONE)


def report(
    lines: Sequence[Line],
    songs: Mapping[str, Reported],
    *,
    rejected: Sequence[int] = (),
    source: Source | None = None,
    basis: str = Basis.WHOLE,
    period: dt.date = MONTH,
    currency: str = "CNY",
    family: str = "song",
) -> Report:
    """A report that is ready, with its lines, sums and the first match of songs that are new. `rejected`: lines' micros."""
    source = source or tme()
    sha256 = hashlib.sha256(f"report {next(NUMBERS)}".encode()).hexdigest()
    file = StoredFile.objects.create(label="statement.xlsx", sha256=sha256, size_bytes=1)
    made = Report.objects.create(
        source=source,
        file=file,
        sha256=sha256,
        family=family,
        period=period,
        currency=currency,
        state=Report.State.READY,
        basis=basis,
        lines=len(lines) + len(rejected),
        accepted=len(lines),
        rejected=len(rejected),
        accepted_micros=sum(line.micros for line in lines),
        rejected_micros=sum(rejected),
    )
    known = {name: song(name, songs[name], made) for name in dict.fromkeys(line.song for line in lines)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT royalties_make_partition(%s)", [period])
    store_lines(
        made,
        [(known[line.song].pk, line.service, line.month, line.uses, line.micros) for line in lines],
        None if family != "k" else [(line.words or 0, line.music or 0) for line in lines],
    )
    RejectedLine.objects.bulk_create(
        RejectedLine(report=made, line_no=number, raw="…", reason="amount", amount_micros=micros)
        for number, micros in enumerate(rejected, start=len(lines) + 2)
    )
    sums: dict[tuple[str, str, dt.date], list[Line]] = {}
    for line in lines:
        sums.setdefault((line.song, line.service, line.month), []).append(line)
    SongUsage.objects.bulk_create(
        SongUsage(
            report=made,
            recording=known[name],
            service=service,
            usage_month=month,
            lines=len(of_song),
            uses=sum(line.uses for line in of_song),
            amount_micros=sum(line.micros for line in of_song),
            words_uses=sum(line.words or 0 for line in of_song) if family == "k" else None,
            music_uses=sum(line.music or 0 for line in of_song) if family == "k" else None,
        )
        for (name, service, month), of_song in sums.items()
    )
    return made


def song(name: str, as_what: Reported, first_report: Report) -> ReportedRecording:
    """The recording of this song id; the first time with the match that it is to have."""
    key = f"tme:id:{name}"
    found = ReportedRecording.objects.filter(key=key).first()
    if found is not None:
        return found
    made = ReportedRecording.objects.create(
        key=key, id_space="tme", song_id=name, title=name, artists="singer", first_report=first_report
    )
    decide(made, as_what)
    return made


def decide(recording: ReportedRecording, as_what: Reported) -> Match:
    """A standing match in place of whatever stood."""
    recording.matches.filter(superseded_at=None).update(superseded_at=dt.datetime.now(tz=dt.UTC))
    match = Match.objects.create(
        recording=recording, outcome=as_what.outcome, method="staff", probability_permille=1000
    )
    MatchWork.objects.bulk_create(
        MatchWork(
            match=match,
            work=of,
            rank=rank,
            numerator=part.numerator,
            denominator=part.denominator,
            music_alone=as_what.music_alone,
        )
        for rank, (of, part) in enumerate(as_what.works.items(), start=1)
    )
    return match


def money(
    micros: int,
    rate: str = "200",
    *,
    source: Source | None = None,
    period: dt.date = MONTH,
    reference: str | None = None,
) -> Pool:
    """A remittance of the source for the month, with its pool and exchange."""
    remittance = record_remittance(
        source=source or tme(),
        period=period,
        amount_micros=micros,
        currency="CNY",
        rate=Decimal(rate),
        rate_date=dt.date(2026, 2, 20),
        reference=reference,
    )
    return remittance.pool


def deduction(
    kind: str, fraction: Fraction, *, base: str = "gross", position: int = 1, begins: dt.date = MONTH
) -> DeductionRule:
    return DeductionRule.objects.create(
        kind=kind,
        base=base,
        position=position,
        numerator=fraction.numerator,
        denominator=fraction.denominator,
        from_date=begins,
        text_ko="공제",
        text_en="deduction",
        text_zh="扣除",
    )


def check_now() -> None:
    """Run the checks that the database keeps for the commit, which a rolled back test never reaches."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
