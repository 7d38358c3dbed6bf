"""From a file to matched songs: receive → plan → parse (n) → match (n) → finish. royalties/README.md draws it.

Every step is a chunk of portal.jobs: it runs again from its start after any failure, and commits its rows together with
its checkpoint. Bulk work is COPY and set-based SQL, for a statement has hundreds of thousands of lines.
"""

from __future__ import annotations

import datetime as dt
import gc
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop
from psycopg import sql

from portal.accounts.access import society_staff
from portal.accounts.models import User
from portal.files.models import StoredFile
from portal.files.services import discard_upload, path_of
from portal.jobs.models import Chunk, Job
from portal.jobs.services import QUARANTINED, NewChunk, Stage, Stopped, Work, add_chunks, create_job, drain
from portal.lib.refs import new_ref
from portal.notices.services import notify
from royalties.models import Match, RejectedPair, Report, ReportedRecording, Source, UsageLine
from royalties.money_in import attach_waiting
from royalties.reports import csv_lines, tme
from royalties.reports.base import BadLine, Layout, LinesDoNotAddUp, PeriodIsImpossible, PeriodIsUnknown
from royalties.reports.csv_lines import Tile
from royalties.reports.lines import (
    YEARS,
    Line,
    Lines,
    Rejected,
    Rules,
    Song,
    first_of_month,
    isrc_of,
    key_of,
    read_lines,
)
from royalties.reports.spool import spool_sheet
from royalties.services import apply_basis
from works.matching import Decision, SongQuery, match

TASK: Final = "royalties.tasks.import_report"
SONGS_A_CHUNK: Final = 2_000
SPOOL_ENCODING: Final = "utf-8"
DRAIN_SECONDS: Final = 120  # a worker then rings and lets others have their turn

READY: Final = gettext_noop(
    "Report %(report)s of %(source)s has been read: %(accepted)s lines accepted, %(rejected)s rejected."
)
HELD: Final = gettext_noop("Report %(report)s of %(source)s has been read, but its money waits for your decision.")
REFUSED: Final = gettext_noop("Report %(report)s of %(source)s cannot be read.")
STOPPED: Final = gettext_noop("Reading report %(report)s of %(source)s has stopped.")


# ── receiving ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def receive_report(
    *, source: Source, stored: StoredFile, period: dt.date | None, user: User | None, bell: bool = True
) -> tuple[Report, bool]:
    """Take a stored file as a report of a source; workers do the rest. False: these bytes are here already.

    The same bytes are one report however often and however concurrently they come; a further copy of them is discarded.
    Only a file that was refused gets another try, perhaps with the month stated this time. `period` is any day of the
    month, or nothing: then the first line says it. Without `bell` the caller drains the job (see work_on).
    """
    if period is not None:
        period = _month(period)
    try:
        with transaction.atomic():
            report = Report.objects.create(
                source=source,
                file=stored,
                sha256=stored.sha256,
                period=period,
                currency=source.currency,
                uploaded_by=user,
            )
            _begin(report, user, bell=bell)
    except IntegrityError:  # same_bytes_are_one_report
        return _receive_again(source, stored, period, user, bell=bell)
    return report, True


def work_on(job_id: int, *, seconds: float | None = None) -> None:
    """Do what there is to do of an import; several workers may do so at once, and again."""
    drain(job_id=job_id, stages=stages(), seconds=seconds)


def stages() -> dict[str, Stage]:
    """What a worker does in each stage. It remembers songs from chunk to chunk."""
    remembered: dict[Song, int] = {}
    work_parse = partial(_work_parse, remembered)
    return {
        "plan": Stage(prepare=_prepare_plan, work=_work_plan, then=lambda _job: "parse", stopped=_stopped),
        "parse": Stage(prepare=_prepare_parse, work=work_parse, then=_then_match, stopped=_stopped),
        "match": Stage(work=_work_match, then=_then_finish, stopped=_stopped),
        "finish": Stage(work=_work_finish, then=lambda _job: None, stopped=_stopped),
    }


def _receive_again(
    source: Source, stored: StoredFile, period: dt.date | None, user: User | None, *, bell: bool
) -> tuple[Report, bool]:
    with transaction.atomic():
        report = Report.objects.select_for_update(no_key=True).get(source=source, sha256=stored.sha256)
        if report.state == Report.State.REFUSED:
            report.file, report.period, report.uploaded_by = stored, period, user
            report.state, report.error_code, report.error_params = Report.State.RECEIVED, "", {}
            report.save()
            _begin(report, user, bell=bell)
            return report, True
        if report.file_id != stored.pk:
            discard_upload(stored=stored)
    return report, False


def _begin(report: Report, user: User | None, *, bell: bool) -> None:
    report.job = create_job(kind=TASK, subject_id=report.pk, owner=user, stage="plan", chunks=[NewChunk({})], bell=bell)
    report.save(update_fields=["job"])


def _month(day: dt.date) -> dt.date:
    if day.year not in YEARS:
        raise PeriodIsImpossible(period=day.isoformat())
    return day.replace(day=1)


# ── plan: what kind of file it is, and where its lines begin and end ────────────────────────────────────────────────────


@dataclass(frozen=True)
class Plan:
    container: str
    encoding: str
    spool: str  # the name of the spooled file, nothing for CSV
    layout: Layout
    period: dt.date
    tiles: list[Tile]


def _prepare_plan(work: Work) -> Plan:
    report = Report.objects.select_related("file").get(pk=work.job.subject_id)
    path = path_of(report.file)
    with path.open("rb") as file:
        is_sheet = file.read(2) == b"PK"
    if is_sheet:
        spool = f"{work.job.pk}-{work.attempt}.jsonl"
        spool_sheet(path, _spool_path(spool), keep=work.keep)
        path, encoding = _spool_path(spool), SPOOL_ENCODING
    else:
        spool, encoding = "", ""
    survey = csv_lines.survey(path, encoding=encoding, on_tile=work.keep)
    layout = tme.recognise(_headers(survey.header, spool), report.file.label)
    period = report.period or _first_period(path, survey, layout, spool)
    container = "xlsx" if is_sheet else "csv"
    return Plan(container, "" if is_sheet else survey.encoding, spool, layout, period, survey.tiles)


def _work_plan(work: Work, plan: Plan) -> None:
    Report.objects.filter(pk=work.job.subject_id).update(
        container=plan.container,
        encoding=plan.encoding,
        family=plan.layout.family,
        period=plan.period,
        state=Report.State.READING,
    )
    with connection.cursor() as cursor:
        cursor.execute("SELECT royalties_make_partition(%s)", [plan.period])
    add_chunks(work.job, "parse", [NewChunk({"spool": plan.spool, **asdict(tile)}, tile.lines) for tile in plan.tiles])


def _first_period(path: Path, survey: csv_lines.Survey, layout: Layout, spool: str) -> dt.date:
    """The month of the first line that names one, among the first lines of the file."""
    for tile in survey.tiles[:1]:
        for _raw, cells in _rows(csv_lines.read_tile(path, tile), survey.encoding, spool):
            if not isinstance(cells, BadLine) and len(cells) == len(layout.headers):
                try:
                    return dt.date.fromisoformat(first_of_month(cells[layout.period]))
                except BadLine:
                    continue
    raise PeriodIsUnknown


def _headers(header: str, spool: str) -> list[str]:
    if not spool:
        return csv_lines.split_header(header)
    return [str(cell) for cell in json.loads(header or "[]")]


def _rows(block: bytes, encoding: str, spool: str) -> list[tuple[str, csv_lines.Row]]:
    return csv_lines.sheet_rows(block) if spool else csv_lines.csv_rows(block, encoding)


def _spool_path(name: str) -> Path:
    return Path(settings.PORTAL_DATA_DIR) / "spool" / name


# ── parse: lines into rows ──────────────────────────────────────────────────────────────────────────────────────────────


def _prepare_parse(work: Work) -> tuple[Report, Lines]:
    report = Report.objects.select_related("file", "source").get(pk=work.job.subject_id)
    payload = dict(work.payload)
    spool = payload["spool"]
    tile = Tile(**{name: payload[name] for name in ("offset", "size", "first_line", "lines", "sha256")})
    path = _spool_path(spool) if spool else path_of(report.file)
    encoding = SPOOL_ENCODING if spool else report.encoding
    layout = tme.recognise(_headers(csv_lines.read_header(path, encoding), spool), report.file.label)
    rules = Rules(layout, tme.PLATFORMS, tme.NOT_CHINA)
    block = csv_lines.read_tile(path, tile)
    lines, line_no = Lines(), tile.first_line
    with _without_looking_for_cycles():
        for run in csv_lines.runs(block):
            rows = _rows(run, encoding, spool)
            lines.add(read_lines(rows, first_line=line_no, rules=rules))
            line_no += len(rows)
    return report, lines


@contextmanager
def _without_looking_for_cycles() -> Iterator[None]:
    """Cells and lines hold no reference in a circle, and looking for some takes as long as reading the lines."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _work_parse(remembered: dict[Song, int], work: Work, prepared: tuple[Report, Lines]) -> dict[str, Any]:
    report, lines = prepared
    if len(lines.accepted) + len(lines.rejected) != work.units:
        raise LinesDoNotAddUp(lines=work.units, accepted=len(lines.accepted), rejected=len(lines.rejected))
    songs = resolve_songs(report, {line.song for line in lines.accepted}, remembered)
    _copy_accepted(report, lines.accepted, songs)
    _copy_rejected(report, lines.rejected)
    return {"rounded": lines.rounded, "remainder": str(_exact_decimal(lines.remainder))}


def resolve_songs(report: Report, songs: set[Song], remembered: dict[Song, int]) -> Mapping[Song, int]:
    """The recording of each song, made where none is known yet. Known ones cost one join, remembered ones nothing.

    Where lines of a new song name it differently, it gets the first of these names in the order of their letters: so the
    order of the lines and the number of workers leave no trace. Rows are made in the order of their keys, so that two
    workers wait for each other but never in a circle. Remembered is only what was committed before this transaction.
    """
    id_space = report.source.id_space
    key_of_song = {song: key_of(song, id_space) for song in songs if song not in remembered}
    if not key_of_song:
        return remembered
    first: dict[str, Song] = {}
    for song, key in key_of_song.items():
        if key not in first or _name_order(song) < _name_order(first[key]):
            first[key] = song
    known = _known_recordings(list(first))
    missing = sorted(first.keys() - known.keys())
    if missing:
        _insert_recordings(report, [(key, first[key]) for key in missing])
    found = known | _known_recordings(missing)
    renamed = {
        key: song
        for key, song in first.items()
        if found[key].report_id == report.pk and _name_order(song) < _name_order(found[key].song)
    }
    if renamed:
        _rename_recordings(report, {found[key].id: song for key, song in renamed.items()})
    remembered.update({song: known[key].id for song, key in key_of_song.items() if key in known and key not in renamed})
    new = {song: found[key].id for song, key in key_of_song.items()}
    return {song: new[song] if song in new else remembered[song] for song in songs}


@dataclass(frozen=True)
class Known:
    id: int
    report_id: int  # the first one that named it
    song: Song


def _name_order(song: Song) -> tuple[bool, str, str, str, str]:
    return (not song.title, song.title, song.artists, isrc_of(song), song.album)


def _known_recordings(keys: list[str]) -> dict[str, Known]:
    with connection.cursor() as cursor:
        if not keys:
            return {}
        cursor.execute(
            """
            SELECT key, id, first_report_id, song_id, title, artists, isrc, album FROM royalties_reportedrecording
            WHERE key = ANY(%s::text[])""",
            [keys],
        )
        return {row[0]: Known(row[1], row[2], Song(*row[3:])) for row in cursor.fetchall()}


def _insert_recordings(report: Report, songs: Sequence[tuple[str, Song]]) -> None:
    columns = [
        [new_ref("S") for _ in songs],
        [key for key, _song in songs],
        [song.song_id for _key, song in songs],
        [song.title for _key, song in songs],
        [song.artists for _key, song in songs],
        [song.album for _key, song in songs],
        [isrc_of(song) for _key, song in songs],
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO royalties_reportedrecording
                (ref, key, song_id, title, artists, album, isrc, id_space, first_report_id, created_at)
            SELECT ref, key, song_id, title, artists, album, isrc, %s, %s, now()
            FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
                AS new (ref, key, song_id, title, artists, album, isrc)
            ORDER BY key COLLATE "C"
            ON CONFLICT (key) DO NOTHING""",
            [report.source.id_space, report.pk, *columns],
        )


def _rename_recordings(report: Report, songs: Mapping[int, Song]) -> None:
    """Give recordings an earlier name, unless another worker has found one that is earlier still."""
    rows = ReportedRecording.objects.filter(pk__in=list(songs), first_report=report)
    changed = []
    for row in rows.select_for_update(no_key=True).order_by("key"):
        song = songs[row.pk]
        if _name_order(song) < _name_order(Song(row.song_id, row.title, row.artists, row.isrc, row.album)):
            row.title, row.artists, row.isrc, row.album = song.title, song.artists, isrc_of(song), song.album
            changed.append(row)
    ReportedRecording.objects.bulk_update(changed, ["title", "artists", "isrc", "album"], batch_size=500)


def _period_of(report: Report) -> dt.date:
    """The month, which every report has from its plan on."""
    if report.period is None:
        raise PeriodIsUnknown
    return report.period


def _copy_accepted(report: Report, lines: Sequence[Line], songs: Mapping[Song, int]) -> None:
    """COPY straight into the month's partition. Every value is a number, a date or a word of ours: nothing to escape."""
    period = _period_of(report)
    statement = sql.SQL(
        "COPY {} (period, report_id, line_no, recording_id, service, usage_month, uses, amount_micros) FROM STDIN"
    ).format(sql.Identifier(f"royalties_usageline_{period:%Y_%m}"))
    head = f"{period.isoformat()}\t{report.pk}\t"
    rows = [
        f"{head}{line_no}\t{songs[song]}\t{service}\t{month}\t{uses}\t{micros}\n"
        for line_no, song, service, month, uses, micros in lines
    ]
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write("".join(rows))


def _copy_rejected(report: Report, lines: Sequence[Rejected]) -> None:
    if not lines:
        return
    statement = (
        'COPY royalties_rejectedline (report_id, line_no, raw, "column", value, reason, amount_micros) FROM STDIN'
    )
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for line in lines:
            copy.write_row(
                (report.pk, line.line_no, line.raw, line.column[:100], line.value, line.reason, line.amount_micros)
            )


def _exact_decimal(value: Fraction) -> Decimal:
    """A fraction over a power of ten as a decimal, exactly: what an amount loses at six decimals has nine more at most."""
    return Decimal(int(value * 10**12)).scaleb(-12)


def _then_match(job: Job) -> str:
    """Cut the songs of the report that no match stands for into runs of ids."""
    Report.objects.filter(pk=job.subject_id).update(state=Report.State.MATCHING)
    report = Report.objects.get(pk=job.subject_id)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT min(id), max(id), count(*) FROM (
                SELECT recording_id AS id, (row_number() OVER (ORDER BY recording_id) - 1) / %s AS run
                FROM (SELECT DISTINCT recording_id FROM royalties_usageline WHERE period = %s AND report_id = %s) AS songs
                WHERE NOT EXISTS (
                    SELECT 1 FROM royalties_match m WHERE m.recording_id = songs.recording_id AND m.superseded_at IS NULL)
            ) AS runs GROUP BY run ORDER BY run""",
            [SONGS_A_CHUNK, report.period, report.pk],
        )
        runs = cursor.fetchall()
    add_chunks(job, "match", [NewChunk({"from": first, "to": last}, songs) for first, last, songs in runs])
    return "match"


# ── match: songs into works ─────────────────────────────────────────────────────────────────────────────────────────────


def _work_match(work: Work, _prepared: Any) -> None:
    songs = list(_songs_to_match(work))
    rejected: dict[str, set[int]] = {}
    pairs = RejectedPair.objects.filter(recording__in=[song.pk for song in songs])
    for key, work_id in pairs.values_list("recording__key", "work_id"):
        rejected.setdefault(key, set()).add(work_id)
    queries = [
        SongQuery(key=song.key, title=song.title, artists=song.artists, isrc=song.isrc, album=song.album)
        for song in songs
    ]
    decisions = match(queries, {key: frozenset(works) for key, works in rejected.items()})
    _write_matches(songs, decisions)


def _songs_to_match(work: Work) -> QuerySet[ReportedRecording]:
    """Of this run of ids, the report's songs that no match stands for. Another report may have matched some meanwhile."""
    report = Report.objects.get(pk=work.job.subject_id)
    standing = Match.objects.filter(recording=OuterRef("pk"), superseded_at__isnull=True)
    lines = UsageLine.objects.filter(recording_id=OuterRef("pk"), report_id=report.pk, period=_period_of(report))
    run = ReportedRecording.objects.filter(pk__range=(work.payload["from"], work.payload["to"]))
    return run.filter(~Exists(standing), Exists(lines)).order_by("pk")


def _write_matches(songs: Sequence[ReportedRecording], decisions: Sequence[Decision]) -> None:
    """Write what was decided, unless a match stands by now: another report's, or a person's, who is always right."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO royalties_match
                (recording_id, outcome, method, probability_permille, evidence, reason, created_at)
            SELECT recording_id, outcome, method, permille, evidence::jsonb, '', now()
            FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::int[], %s::text[])
                AS new (recording_id, outcome, method, permille, evidence)
            ORDER BY recording_id
            ON CONFLICT (recording_id) WHERE superseded_at IS NULL DO NOTHING
            RETURNING recording_id, id""",
            [
                [song.pk for song in songs],
                [decision.outcome for decision in decisions],
                [decision.method for decision in decisions],
                [decision.probability_permille for decision in decisions],
                [json.dumps(decision.evidence) for decision in decisions],
            ],
        )
        written = dict(cursor.fetchall())
        rows = [
            row
            for song, decision in zip(songs, decisions, strict=True)
            if song.pk in written
            for row in _works_of(written[song.pk], decision)
        ]
        statement = """COPY royalties_matchwork
            (match_id, work_id, rank, numerator, denominator, probability_permille, evidence) FROM STDIN"""
        with cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)


def _works_of(match_id: int, decision: Decision) -> list[tuple[int, int, int, int, int, int, str]]:
    """Rows of MatchWork: the parts of an accepted song, or the candidates of one to review, in order of rank."""
    evidence = {candidate.work_id: candidate for candidate in decision.candidates}
    if decision.outcome == "accepted":
        parts = list(decision.works)
    elif decision.outcome == "review":
        parts = [(candidate.work_id, Fraction(1)) for candidate in decision.candidates]
    else:
        parts = []
    rows = []
    for rank, (work_id, part) in enumerate(parts, 1):
        candidate = evidence.get(work_id)
        permille = decision.probability_permille if candidate is None else candidate.probability_permille
        found = json.dumps({} if candidate is None else candidate.evidence)
        rows.append((match_id, work_id, rank, part.numerator, part.denominator, permille, found))
    return rows


def _then_finish(job: Job) -> str:
    add_chunks(job, "finish", [NewChunk({})])
    return "finish"


# ── finish: sums, proofs, and whether the money may move ────────────────────────────────────────────────────────────────


def _work_finish(work: Work, _prepared: Any) -> None:
    report = Report.objects.select_related("source").get(pk=work.job.subject_id)
    Source.objects.select_for_update(no_key=True).get(pk=report.source_id)  # one file of a source after the other
    report = Report.objects.select_related("source").select_for_update(of=("self",), no_key=True).get(pk=report.pk)
    with connection.cursor() as cursor:
        cursor.execute(SUM_UP, [report.period, report.pk])
    _require_every_line_once(report)
    figures = report_figures(report)
    rounded, remainder = _rounding(work.job)
    report.lines, report.accepted, report.rejected = figures.lines, figures.accepted, figures.rejected
    report.songs, report.new_songs = figures.songs, figures.new_songs
    report.accepted_micros = Decimal(figures.money_micros - figures.rejected_micros)
    report.rejected_micros = Decimal(figures.rejected_micros)
    report.rounded_lines, report.rounding_remainder = rounded, remainder
    report.finished_at = timezone.now()
    report.save()
    _decide_state(report)
    _tell(report, READY if report.state == Report.State.READY else HELD)
    transaction.on_commit(partial(_remove_spool, work.job.pk))


SUM_UP: Final = """
    INSERT INTO royalties_songusage (report_id, recording_id, service, usage_month, lines, uses, amount_micros)
    SELECT report_id, recording_id, service, usage_month, count(*), sum(uses), sum(amount_micros)
    FROM royalties_usageline WHERE period = %s AND report_id = %s
    GROUP BY report_id, recording_id, service, usage_month
    ORDER BY recording_id, service, usage_month"""

# Accepted and rejected lines, the lowest and highest number, and numbers that stand on both sides. Within each table a
# line stands once by its key, so these prove that every number from 2 to the last stands exactly once.
LINE_NUMBERS: Final = """
    WITH accepted AS (SELECT line_no FROM royalties_usageline WHERE period = %(period)s AND report_id = %(report)s),
         rejected AS (SELECT line_no FROM royalties_rejectedline WHERE report_id = %(report)s)
    SELECT (SELECT count(*) FROM accepted), (SELECT count(*) FROM rejected),
        least((SELECT min(line_no) FROM accepted), (SELECT min(line_no) FROM rejected)),
        greatest((SELECT max(line_no) FROM accepted), (SELECT max(line_no) FROM rejected)),
        (SELECT count(*) FROM rejected JOIN accepted USING (line_no))"""


def _require_every_line_once(report: Report) -> None:
    """Every line of the file is accepted or rejected, once (reliability J1, J2). Raises LinesDoNotAddUp."""
    chunks = Chunk.objects.filter(job=report.job_id, stage="parse").values_list("units", flat=True)
    lines = sum(chunks)
    with connection.cursor() as cursor:
        cursor.execute(LINE_NUMBERS, {"period": report.period, "report": report.pk})
        accepted, rejected, lowest, highest, doubled = cursor.fetchone()
    complete = accepted + rejected == lines and not doubled
    if not complete or (lines and (lowest, highest) != (2, lines + 1)):
        raise LinesDoNotAddUp(lines=lines, accepted=accepted, rejected=rejected)


def _rounding(job: Job) -> tuple[int, Decimal]:
    """How many lines had more than six decimals, and the micros they lost by it."""
    payloads = list(Chunk.objects.filter(job=job, stage="parse").values_list("payload", flat=True))
    remainder = sum((Decimal(payload["remainder"]) for payload in payloads), Decimal(0))
    return sum(payload["rounded"] for payload in payloads), remainder


def _decide_state(report: Report) -> None:
    """Ready on the declared basis; held without one, and held when another file of its kind and month is here."""
    others = Report.objects.filter(
        Q(state=Report.State.READY) | Q(state=Report.State.HELD) & ~Q(held_reason=Report.HeldReason.ASIDE),
        source=report.source_id,
        family=report.family,
        period=report.period,
    )
    apply_basis(report)
    if others.exclude(pk=report.pk).exists():
        report.state, report.held_reason = Report.State.HELD, Report.HeldReason.SECOND_FILE
        report.save(update_fields=["state", "held_reason"])
    elif report.state == Report.State.READY:
        attach_waiting()


def _remove_spool(job_id: int) -> None:
    for path in _spool_path("").glob(f"{job_id}-*.jsonl"):
        path.unlink(missing_ok=True)


def _stopped(job: Job, reason: Stopped) -> None:
    """A file that cannot be planned is refused, and nothing was taken from it; later than that, staff must look."""
    report = Report.objects.select_related("source").get(pk=job.subject_id)
    refused = job.stage == "plan" and reason.code != QUARANTINED
    report.state = Report.State.REFUSED if refused else Report.State.STOPPED
    report.error_code = reason.code
    report.error_params = {name: str(value) for name, value in reason.params.items()}
    report.save(update_fields=["state", "error_code", "error_params"])
    _tell(report, REFUSED if refused else STOPPED)
    if refused:
        transaction.on_commit(partial(_remove_spool, job.pk))


def _tell(report: Report, sentence: str) -> None:
    """Staff, and whoever brought the file."""
    params = {
        "report": report.ref,
        "source": report.source.name,
        "accepted": report.accepted,
        "rejected": report.rejected,
    }
    people = [*society_staff(), *([report.uploaded_by] if report.uploaded_by else [])]
    notify(users=people, sentence=sentence, params=params, url=f"/reports/{report.ref}/")


# ── figures ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True)
class ReportFigures:
    """Identity 1 of a report: money_micros = matched + review + unmatched + rejected. Money in millionths, as integers."""

    lines: int
    accepted: int
    rejected: int
    songs: int
    new_songs: int
    matched_lines: int
    review_lines: int
    unmatched_lines: int
    money_micros: int
    matched_micros: int
    review_micros: int
    unmatched_micros: int
    rejected_micros: int


FIGURES: Final = """
    SELECT coalesce(sum(u.lines), 0), count(DISTINCT u.recording_id),
        count(DISTINCT u.recording_id) FILTER (WHERE s.first_report_id = u.report_id),
        coalesce(sum(u.lines) FILTER (WHERE m.outcome = 'accepted'), 0),
        coalesce(sum(u.lines) FILTER (WHERE m.outcome = 'review'), 0),
        coalesce(sum(u.amount_micros::numeric), 0),
        coalesce(sum(u.amount_micros::numeric) FILTER (WHERE m.outcome = 'accepted'), 0),
        coalesce(sum(u.amount_micros::numeric) FILTER (WHERE m.outcome = 'review'), 0),
        (SELECT count(*) FROM royalties_rejectedline WHERE report_id = %(report)s),
        (SELECT coalesce(sum(amount_micros::numeric), 0) FROM royalties_rejectedline WHERE report_id = %(report)s)
    FROM royalties_songusage u JOIN royalties_reportedrecording s ON s.id = u.recording_id
    LEFT JOIN royalties_match m ON m.recording_id = u.recording_id AND m.superseded_at IS NULL
    WHERE u.report_id = %(report)s"""


def report_figures(report: Report) -> ReportFigures:
    """Counts and money of a report that has been read, from its rows, by the matches that stand now."""
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, {"report": report.pk})
        numbers = [int(number) for number in cursor.fetchone()]
    accepted, songs, new_songs, matched, review, money, matched_micros, review_micros, rejected, rejected_micros = (
        numbers
    )
    return ReportFigures(
        lines=accepted + rejected,
        accepted=accepted,
        rejected=rejected,
        songs=songs,
        new_songs=new_songs,
        matched_lines=matched,
        review_lines=review,
        unmatched_lines=accepted - matched - review,
        money_micros=money + rejected_micros,
        matched_micros=matched_micros,
        review_micros=review_micros,
        unmatched_micros=money - matched_micros - review_micros,
        rejected_micros=rejected_micros,
    )
