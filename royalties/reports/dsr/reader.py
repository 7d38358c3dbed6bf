"""A program of its own: a DSR flat file → one JSON list of texts per usage. `python -m royalties.reports.dsr.reader IN OUT LABEL PERIOD CODEC`

Run as a child process with limits on memory, time and output (spool.py), as the reader of sheets is. Imports nothing of Django. It
says on stdout, as JSON, what the file is and what is irregular in it, or why nothing is taken from it.

A block is held at a time, up to a limit, so memory is steady whatever the file. OUT begins with a line of headers. Each further line is
a usage (blocks.Usage), or {"reason", "column", "value", "raw", "amount", "line"} for a record that cannot be taken; last stands the
line of the file, as a person counts. All other records only describe: they are counted by their names. So lines of the file = usages +
lines not taken + describing records.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, BinaryIO, Final

from portal.files.sheet_reader import DISK_IS_FULL, die_with_parent
from portal.lib import disk
from royalties.reports.dsr.blocks import (
    AMBIGUOUS,
    EXACT,
    HEADERS,
    Entry,
    Report,
    Summary,
    Usage,
    number,
    read_block,
    read_single,
)
from royalties.reports.dsr.file_name import FileName, file_name_of, first_day
from royalties.reports.dsr.findings import Findings
from royalties.reports.dsr.records import (
    NAME,
    NAMED_ONLY,
    OLD_NAMES,
    OTHER_FAMILY,
    USAGE_KINDS,
    Record,
    family_of,
    plain,
    records,
    records_of,
    standard_name,
    values,
)

REFUSED: Final = 3  # exit status; anything else but 0 is a death
MEMORY_BYTES: Final = 1_500_000_000
CPU_SECONDS: Final = 1_800
OUTPUT_BYTES: Final = 8_000_000_000

MARK: Final = b"\xef\xbb\xbf"
UTF8: Final = "utf-8"
LONGEST_LINE: Final = 1_000_000  # bytes: a video song may be listed under ten thousand releases
BLOCK_RECORDS: Final = 50_000
BLOCK_BYTES: Final = 8_000_000
RAW_KEPT: Final = 2_000  # characters
FACT_KEPT: Final = 200  # characters of what the head and a summary say
ROWS_AT_ONCE: Final = 5_000
NAMES_KNOWN: Final = 1_000
SUMMARIES_SHOWN: Final = 100
SUMMARIES_KNOWN: Final = 100_000
VERSION: Final = re.compile(r"dsrf/[^/\s]+/[^/\s]+/[^/\s]+")
DAY_WITHOUT_LINES: Final = re.compile(r"\d{8}", re.ASCII)
PARTY_ID: Final = re.compile(r"\|?\w+::\S+")
CHINA: Final = frozenset({"CN", "156"})  # ISO 3166, and CISAC's number for it
COMMENT, BLANK, UNREAD = "#", "", "?"  # in the counts, beside names of records


class Refused(Exception):  # caught in main
    """The whole file is not taken: a code of a DomainError, and its parameters."""

    def __init__(self, code: str, **params: str) -> None:
        self.code, self.params = code, params
        super().__init__(code)


class Reader:
    """Reads one file, record by record."""

    def __init__(self, out: IO[str], label: str, period: str, codec: str) -> None:
        self.out, self.codec = out, codec
        self.name: FileName | None = file_name_of(label)
        self.label = label
        self.findings = Findings()
        self.note = self.findings.add
        self.counts: Counter[str] = Counter()
        self.known: dict[str, Record | str] = {}  # as written → the record, or its standard name if it is not read
        self.report = Report(start=period, territory=self.name.territory if self.name else "")
        self.head: dict[str, Any] = {}
        self.foot: tuple[int, Record, list[str]] | None = None
        self.of_profile: frozenset[str] = frozenset()
        self.summaries: list[dict[str, Any]] = []
        self.summary_records = 0
        self.summed: dict[str, list[int]] = {}  # summary id → lines, uses
        self.money: dict[str, Decimal] = {}  # summary id → amounts
        self.has_money = False
        self.currency = ""
        self.line = 0
        self.blocks = 0
        self.last_block = ""
        self.block: list[Entry] = []
        self.block_bytes = 0
        self.is_single = False
        self.rows = self.taken = 0
        self.buffer: list[str] = []
        self.encode = json.JSONEncoder(ensure_ascii=False).encode

    # ── lines ───────────────────────────────────────────────────────────────────────────────────────────────────────

    def read(self, file: BinaryIO) -> dict[str, Any]:
        """Read the whole file; what is said of it. Raises Refused."""
        self.buffer.append(self.encode(list(HEADERS)))
        if self.codec == UTF8 and file.read(len(MARK)) != MARK:
            file.seek(0)
        for raw in _lines(file):
            self.line += 1
            self._read_line(raw)
        self._end_block()
        self._write()
        return self._summing_up()

    def _read_line(self, raw: bytes) -> None:
        line = raw[:-1] if raw.endswith(b"\n") else raw
        if len(line) >= LONGEST_LINE:
            self._unread("too_long", line[:RAW_KEPT].decode(self.codec, "backslashreplace") + "…")
            return
        if line.endswith(b"\r"):
            line = line[:-1]
        if line.startswith(b"#"):
            self.counts[COMMENT] += 1
            return
        try:
            text = line.decode(self.codec)
        except UnicodeDecodeError:
            self._unread("undecodable", line.decode(self.codec, "backslashreplace"))
            return
        if "\0" in text:
            self._unread("unwritable", text.replace("\0", "\N{SYMBOL FOR NULL}"))
            return
        cells = text.split("\t")
        written = cells[0]
        record = self.known.get(written) or self._learn(written)
        if not text.strip():
            self.counts[BLANK] += 1
            self.note("blank-line", self.line)
            return
        if isinstance(record, str):
            self._read_unknown(record, text)
            return
        self.counts[record.name] += 1
        if self.foot is not None and record.kind not in {"FOOT", "SRFO"}:
            self.note("after-foot", self.line, record=record.name)
        self._look(record, cells)
        kind = record.kind
        if kind == "HEAD":
            self._read_head(written.strip().upper(), cells)
        elif kind == "SY":
            self._read_summary(record, cells)
        elif kind == "SR":
            self.is_single = True
            self._take(read_single(Entry(record, cells, self.line), self.report, self.note))
        elif kind in {"FOOT", "SRFO"}:
            self._end_block()
            if self.foot is not None:
                self.note("foot-twice", self.line)
            self.foot = (self.line, record, cells)
        else:
            self._read_of_block(record, cells, len(raw), text)

    def _learn(self, written: str) -> Record | str:
        """What a record is by its name as it is written; the first time it is met, with what is odd about the name."""
        name = standard_name(written)
        record = records().get(name)
        if written.strip().upper() in OLD_NAMES:
            self.note("old-name", self.line, written, written=written, record=name)
        if record is None:
            found: Record | str = name if NAME.fullmatch(name) else UNREAD
        else:
            found = record
            if written != name and written.strip() in {name.lower(), name.capitalize(), name}:
                self.note("name-as-written", self.line, written, written=written, record=name)
            if self.of_profile and name not in self.of_profile:
                profile = f"{self.head.get('profile', '')} {self.head.get('profile_version', '')}"
                self.note("record-of-other-profile", self.line, name, record=name, profile=profile)
        if len(self.known) < NAMES_KNOWN:
            self.known[written] = found
        return found

    def _read_unknown(self, name: str, text: str) -> None:
        """A record of another profile or version is named; if it says how often something was used, it costs its line."""
        if len(self.counts) >= NAMES_KNOWN and name not in self.counts:
            name = UNREAD
        self.counts[name] += 1
        first = text.split("\t", 1)[0]
        if name == UNREAD:
            self.note("no-record", self.line, value=first)
            self._reject("record", "RecordType", first, text, self.line)
            return
        self.note("unknown-record", self.line, name, record=name, called=name[:4] if name[:4] in NAMED_ONLY else "")
        if name[:2] in USAGE_KINDS:
            self._reject("record", "RecordType", name, text, self.line)

    def _unread(self, reason: str, text: str) -> None:
        self.counts[UNREAD] += 1
        self.note("line-" + reason.replace("_", "-"), self.line)
        self._reject(reason, "", "", text, self.line)

    def _look(self, record: Record, cells: list[str]) -> None:
        """Pad a short record, and note what does not stand where it should. A cell too many is no harm if it is empty."""
        width, name, note = record.width, record.name, self.note
        written = width
        if len(cells) != width:
            if len(cells) < width:
                note("short-record", self.line, name, record=name, cells=len(cells), expected=width)
                _find_shifted(self, record, cells)
                written = len(cells)
                cells += [""] * (width - len(cells))
            elif any(cells[width:]):
                note("long-record", self.line, name, record=name, cells=len(cells), expected=width)
        for at in record.needed:
            if not cells[at] and at < written:
                note("empty-cell", self.line, name, record.cells[at].name, record=name, cell=record.cells[at].name)
        for at, cell_name, kind, multi, fits in record.checks:
            cell = cells[at]
            if not cell or fits(cell):
                continue
            if multi and "|" in cell and all(not value or fits(value) for value in values(cell)):
                continue
            if kind == "date" and DAY_WITHOUT_LINES.fullmatch(cell):
                note("date-form", self.line, name, cell_name, record=name, cell=cell_name, value=cell)
            else:
                note("bad-value", self.line, name, cell_name, record=name, cell=cell_name, value=cell)

    # ── records ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _read_head(self, written: str, cells: list[str]) -> None:
        if self.head:
            self.note("head-twice", self.line)
            return
        if self.line - self.counts[COMMENT] - self.counts[BLANK] > 1:
            self.note("head-late", self.line)
        version, profile, profile_version = (plain(cell).strip() for cell in cells[1:4])
        said = (version, profile, profile_version)
        self.head = dict(
            zip(("version", "profile", "profile_version"), (text[:FACT_KEPT] for text in said), strict=True)
        )
        in_place = version.startswith("dsrf/")
        if written != "HEAD" or not in_place:
            self.note("head-not-in-place", self.line, value=version)
        elif not VERSION.fullmatch(version):
            self.note("message-version", self.line, value=version)
        if not in_place and family_of(profile) == OTHER_FAMILY:
            self.head.update(profile="", profile_version="")
        elif not family_of(profile):
            raise Refused("family-not-yet", family=profile[:FACT_KEPT])
        self.of_profile = records_of(profile, profile_version)
        if not self.of_profile and self.head["profile"]:
            self.note("profile-version", self.line, profile=profile, version=profile_version)
        if in_place:
            self._take_head([plain(cell).strip() for cell in cells[:15]], cells[15])

    def _take_head(self, cells: list[str], repertoire: str) -> None:
        """The facts of a head that is built as it should be."""
        names = (
            "message_id", "created", "part", "parts", "start", "end", "sender_id", "sender", "service", "recipient_id", "recipient",
        )  # fmt: skip
        self.head.update(zip(names, (cell[:FACT_KEPT] for cell in cells[4:15]), strict=True))
        self.head["repertoire"] = [value for value in values(repertoire) if value]
        if self.head["repertoire"]:
            own = {*self.head["repertoire"], self.head["recipient"], self.head["recipient_id"]}
            self.report.controllers = frozenset(own - {""})
        self.report.start = first_day(self.head["start"]) or _day(self.head["start"]) or self.report.start

    def _read_summary(self, record: Record, cells: list[str]) -> None:
        said = {meaning: plain(cells[at]).strip() for meaning, at in record.at.items()}
        summary_id = said["id"]
        summary = Summary(said["territory"], said["model"], said["use"], said.get("currency", ""))
        self.summary_records += 1
        standing = self.report.summaries.get(summary_id)
        if standing is None:
            if len(self.report.summaries) < SUMMARIES_KNOWN:
                self.report.summaries[summary_id] = summary
        else:
            self.note("summary-twice", self.line, summary_id, summary=summary_id)
            if standing != summary:
                agreed = (mine if mine == its else AMBIGUOUS for mine, its in zip(standing, summary, strict=True))
                self.report.summaries[summary_id] = Summary(*agreed)
        if not self.currency:
            self.currency = summary.currency
        if self.blocks or self.rows:
            self.note("summary-late", self.line)
        if len(self.summaries) < SUMMARIES_SHOWN:
            self.summaries.append(
                {"record": record.name, **{meaning: text[:FACT_KEPT] for meaning, text in said.items()}}
            )

    def _read_of_block(self, record: Record, cells: list[str], size: int, text: str) -> None:
        block = cells[1]
        if not self.blocks or block != self.last_block:
            self._end_block()
            if self.blocks and block.isdecimal() and self.last_block.isdecimal() and int(block) < int(self.last_block):
                self.note("block-order", self.line, block=block)
            self.blocks += 1
            self.last_block = block
        self.block_bytes += size
        if len(self.block) < BLOCK_RECORDS and self.block_bytes < BLOCK_BYTES:
            self.block.append(Entry(record, cells, self.line))
            return
        self.note("block-too-long", self.line, block, block=block, most=BLOCK_RECORDS)
        if record.kind in {*USAGE_KINDS, "LI"}:
            amount = plain(cells[record.at["amount"]]).strip() if "amount" in record.at else "0"
            self._reject("block_too_long", "BlockId", block, text, self.line, amount=amount)

    def _end_block(self) -> None:
        if self.block:
            for usage in read_block(self.block, self.report, self.note):
                self._take(usage)
        self.block, self.block_bytes = [], 0

    # ── what is written ─────────────────────────────────────────────────────────────────────────────────────────────

    def _take(self, usage: Usage) -> None:
        """Write a usage: in China, and in the currency of the report; any other is rejected, and its money counted."""
        summary = self.report.summaries.get(usage.summary)
        currency = summary.currency if summary else ""
        territory, amount = usage.territory, usage.amount
        counted = self.summed.get(usage.summary)
        if counted is None:
            counted = [0, 0]
            if len(self.summed) < SUMMARIES_KNOWN:
                self.summed[usage.summary] = counted
        counted[0] += 1
        if usage.uses.isdecimal():
            counted[1] += int(usage.uses)
        has_money = amount.strip("0.") != ""
        if has_money:
            self._sum_money(usage)
        if territory in {"", AMBIGUOUS}:
            self._reject_usage("summary", "SummaryRecordId", usage.summary, usage)
        elif territory not in CHINA and not territory.startswith("CN-"):
            self._reject_usage("not_china", "Territory", territory, usage)
        elif has_money and currency and currency != self.currency:
            self._reject_usage("currency", "CurrencyOfReporting", currency, usage)
        else:
            self.taken += 1
            self._put(self.encode(usage))

    def _sum_money(self, usage: Usage) -> None:
        self.has_money = True
        amount = number(usage.amount)
        if amount is not None:
            self.money[usage.summary] = EXACT.add(self.money.get(usage.summary, Decimal(0)), amount)

    def _reject_usage(self, reason: str, column: str, value: str, usage: Usage) -> None:
        amount = usage.amount if reason != "currency" else "0"  # sums are of one currency
        self._reject(reason, column, value, "\t".join(usage), int(usage.line), amount=amount)

    def _reject(self, reason: str, column: str, value: str, raw: str, line: int, *, amount: str = "0") -> None:
        cut = raw if len(raw) <= RAW_KEPT else raw[:RAW_KEPT] + "…"
        row = {
            "reason": reason,
            "column": column,
            "value": value[:RAW_KEPT],
            "raw": cut,
            "amount": amount,
            "line": str(line),
        }
        self._put(self.encode(row))

    def _put(self, row: str) -> None:
        self.rows += 1
        self.buffer.append(row)
        if len(self.buffer) >= ROWS_AT_ONCE:
            self._write()

    def _write(self) -> None:
        self.out.write("".join(row + "\n" for row in self.buffer))
        self.buffer = []

    # ── at the end ──────────────────────────────────────────────────────────────────────────────────────────────────

    def _summing_up(self) -> dict[str, Any]:
        known = sum(count for name, count in self.counts.items() if name in records())
        if not known:
            raise Refused("dsr-without-records")
        if not self.head:
            self.note("no-head", 1)
        head, name = self.head, self.name
        self._compare_with_name()
        part, parts = _whole(head.get("part")), _whole(head.get("parts"))
        if name and not (part and parts):
            part, parts = name.part, name.parts
        message = head.get("message_id") or (name.without_part if name else self.label)
        declared, of_report = self._declared(parts or 1)
        start = self.report.start or (first_day(name.period) if name else "")
        return {
            **{key: head.get(key, "") for key in ("version", "profile", "profile_version", "message_id", "created", "start", "end")},
            **{key: head.get(key, "") for key in ("sender", "service", "recipient")},
            "family": family_of(head.get("profile", "")) or OTHER_FAMILY,
            "variant": "records" if self.is_single else "blocks",
            "message": message, "part": part or 1, "parts": parts or 1,
            "month": start[:7], "currency": self.currency, "has_money": self.has_money,
            "lines": self.line, "comments": self.counts[COMMENT], "rows": self.rows, "taken": self.taken, "described": self.line - self.rows,
            "blocks": self.blocks, "summary_records": self.summary_records,
            "records": dict(sorted(self.counts.items())),
            "summaries": self._summaries(), "more_summaries": self.summary_records - len(self.summaries),
            "others": {controller: format(amount, "f") for controller, amount in self.report.others.items()},
            "declared": declared, "of_report": of_report,
            "findings": self.findings.as_json(),
        }  # fmt: skip

    def _summaries(self) -> list[dict[str, Any]]:
        """Summary records, and beside the first of each id what its lines came to."""
        shown, told = [], set[str]()
        for said in self.summaries:
            summary_id = said["id"]
            lines, uses = self.summed.get(summary_id, [0, 0]) if summary_id not in told else [0, 0]
            money = self.money.get(summary_id, Decimal(0)) if summary_id not in told else Decimal(0)
            told.add(summary_id)
            shown.append({**said, "lines": lines, "uses": uses, "money": format(money, "f")})
        return shown

    def _declared(self, parts: int) -> tuple[list[dict[str, str]], dict[str, int]]:
        """What the footer counts otherwise than we do, and what it says of the report as a whole, if that has several parts."""
        if self.foot is None:
            self.note("no-foot", self.line)
            return [{"what": "foot", "declared": "", "found": ""}], {}
        _line, record, cells = self.foot
        said = dict(zip((cell.name for cell in record.cells), cells, strict=False))
        found = {
            "NumberOfLinesInFile": {self.line, self.line - self.counts[COMMENT]},  # some count comments, some do not
            "NumberOfSummaryRecords": {self.summary_records},
            "NumberOfBlocksInFile": {self.blocks},
        }
        if parts == 1:
            found["NumberOfLinesInReport"] = found["NumberOfLinesInFile"]
            found["NumberOfBlocksInReport"] = found["NumberOfBlocksInFile"]
        differ = []
        for what, counts in found.items():
            written = said.get(what, "").strip()
            if written and (not written.isdecimal() or int(written) not in counts):
                differ.append({"what": what, "declared": written, "found": str(max(counts))})
                self.note("foot-differs", self.foot[0], what, cell=what, declared=written, found=max(counts))
        of_report = {
            what: int(said[what]) for what in ("NumberOfLinesInReport", "NumberOfBlocksInReport") if said.get(what, "").isdecimal()
        }  # fmt: skip
        return differ, of_report if parts > 1 else {}

    def _compare_with_name(self) -> None:
        """The name of the file and the head say the same, as far as both say it."""
        name, head = self.name, self.head
        if name is None:
            self.note("file-name", 1, value=self.label)
            return
        if "message_id" not in head:
            return
        start = self.report.start or first_day(head["start"])
        pairs = (
            ("FileNumber", head["part"], {str(name.part)}),
            ("NumberOfFiles", head["parts"], {str(name.parts)}),
            ("SenderName", head["sender"], {name.sender}),
            ("RecipientName", head["recipient"], {name.recipient}),
            ("ServiceDescription", head["service"], {name.service}),
            ("UsageStartDate", start, {first_day(name.period)}),
            ("MessageCreatedDateTime", head["created"], {name.time}),
        )
        ids = {"SenderName": head["sender_id"], "RecipientName": head["recipient_id"]}
        for cell, said, named in pairs:
            letters = {_letters(text) for text in named} - {""}
            both = {_letters(said), _letters(ids.get(cell, ""))} - {""}
            if letters and both and not any(one[: len(other)] == other for one in both for other in letters):
                self.note("name-differs", 1, cell, cell=cell, value=said, named=", ".join(named))
        territories = {summary.territory for summary in self.report.summaries.values()}
        if len(name.territory) == 2 and territories and name.territory.upper() not in territories:
            named_territories = ", ".join(sorted(territories))
            self.note("name-differs", 1, "Territory", cell="Territory", value=named_territories, named=name.territory)


def _find_shifted(reader: Reader, record: Record, cells: list[str]) -> None:
    """In a record with cells too few, an id where text should stand shows that what follows has moved to the left."""
    for at, cell in enumerate(cells):
        if record.cells[at].type == "text" and PARTY_ID.fullmatch(cell):
            name = record.cells[at].name
            reader.note("id-in-text", reader.line, record.name, name, record=record.name, cell=name, value=cell)


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file. Of one that is too long only its beginning is held."""
    while line := file.readline(LONGEST_LINE):
        yield line
        rest = line
        while len(rest) >= LONGEST_LINE and not rest.endswith(b"\n"):
            rest = file.readline(LONGEST_LINE)


def _day(text: str) -> str:
    """20151001 as 2015-10-01."""
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if DAY_WITHOUT_LINES.fullmatch(text) else ""


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) <= 4 else 0


def _letters(text: str) -> str:
    """A name as it may stand in the name of a file: letters and digits alone."""
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def read_report(source: Path, target: Path, *, label: str, period: str = "", codec: str = UTF8) -> dict[str, Any]:
    """Write the usages of a file to `target`; what is said of it. `period`: a day of the month a person stated. Raises Refused."""
    with (
        source.open("rb", buffering=1 << 20) as file,
        target.open("w", encoding=UTF8, newline="\n", errors="backslashreplace", buffering=1 << 20) as out,
    ):
        return Reader(out, label, period, codec).read(file)


def main() -> int:
    source, target, label, period, codec = sys.argv[1:]
    die_with_parent()  # a killed worker leaves no reader behind
    for limit, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_FSIZE, OUTPUT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(limit, (most, most))
    try:
        json.dump(read_report(Path(source), Path(target), label=label, period=period, codec=codec), sys.stdout)
    except Refused as refused:
        json.dump({"code": refused.code, "params": refused.params}, sys.stdout)
        return REFUSED
    except OSError as error:
        if not disk.is_full(error):
            raise
        json.dump({"code": DISK_IS_FULL, "params": {}}, sys.stdout)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
