"""DSR flat files for tests, demo and bench, written from the table of records: whatever a record version has, it gets.

Facts of a usage are given once (Fact); where they go in a file (its resource, work, release, usage and shares) depends on the profile.
All of it is invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from royalties.reports.dsr.records import Record, records

RECIPIENT, SENDER = "GARAK", "MELODY"
PARTY: Final = "PADPIDA2014999999Z"
NAME: Final = "DSR_{recipient}_{sender}_Stream_{period}_{territory}_{part}of{parts}_20261005T092522.tsv"


@dataclass(frozen=True, kw_only=True)
class Fact:
    """A usage as a line of the report has it. `shares`: rights controller and amount; `uses`: as written."""

    song_id: str = "R-1"
    isrc: str = "KRA301500001"
    title: str = "달빛"
    artist: str = "해온"
    album: str = "달빛 아래"
    iswc: str = "T0345246801"
    writers: tuple[str, ...] = ("KIM HAEON",)
    duration: str = "PT3M45S"
    uses: str = "100"
    summary: str = "S1"
    start: str = ""
    shares: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Form:
    """Which record versions a file is made of. `single`: the record that says everything; without it, blocks."""

    profile: str
    version: str
    head: str = "dsrf/1.2/4/1.2"
    summary: str = "SY02.01"
    resource: str = ""
    work: str = ""
    release: str = ""
    usage: str = ""
    share: str = ""
    single: str = ""


FORMS: Final = {
    "audio-1.0": Form(profile="BasicAudioProfile", version="1.0", summary="SY01", resource="AS02", release="RE01", usage="SU02"),
    "audio-1.0-sales": Form(profile="BasicAudioProfile", version="1.0", summary="SY01", resource="AS01", work="MW01", release="RE01", usage="SU01"),
    "audio-1.1": Form(profile="BasicAudioProfile", version="1.1", summary="SY02.01", resource="AS02.01", release="RE01", usage="SU02"),
    "audio-1.2": Form(profile="BasicAudioProfile", version="1.2", summary="SY02.02", resource="AS01.01", work="MW01.01", release="RE01", usage="SU02"),
    "audio-1.2-single": Form(profile="BasicAudioProfileSRB", version="1.2", summary="SY02.02", single="SR02"),
    "audio-1.2-downloads": Form(profile="BasicAudioProfileSRB", version="1.2", summary="SY01.01", single="SR01"),
    "audio-1.4": Form(profile="BasicAudioProfile", version="1.4", summary="SY01.03", resource="AS02.04", release="RE01.03", usage="SU02.03"),
    "ugc-1.0": Form(profile="UgcProfile", version="1.0", summary="SY02", resource="AS02", usage="RU01", share="LI01"),
    "ugc-1.1.1": Form(profile="UgcProfile", version="1.1.1", summary="SY02.01", resource="AS01", work="MW01.01", usage="SU03.01", share="LI01.01"),
    "ugc-1.2": Form(profile="UGCProfile", version="1.2", summary="SY02.02", resource="AS02.02", usage="SU03.02", share="LI01.02"),
    "ugc-1.2-single": Form(profile="UGCProfileSRB", version="1.2", summary="SY09", single="SR03"),
    "ugc-1.2-shares": Form(profile="UGCProfileSRB", version="1.2", summary="SY09", single="SR06"),
    "ugc-1.2-releases": Form(profile="UGCProfile", version="1.2", summary="SY02.02", resource="AS02.02", usage="RU02.01", share="LI01.02"),
    "audio-1.4-sales": Form(
        profile="BasicAudioProfile", version="1.4", summary="SY01.03", resource="AS01.03", work="MW01.03", release="RE01.03", usage="SU01.03",
    ),
    "royalty-1.0.1": Form(profile="RoyaltyReportingProfile", version="1.0.1", summary="SY07", resource="AS02.01", usage="SU03.01", share="LI01.01"),
}  # fmt: skip


@dataclass(kw_only=True)
class DsrFile:
    """A file under way, line by line, that knows what its footer must say."""

    form: Form
    part: int = 1
    parts: int = 1
    message_id: str = "M1"
    period: str = "2026-09"
    start: str = "2026-09-01"
    end: str = "2026-09-30"
    repertoire: tuple[str, ...] = ()
    lines: list[str] = field(default_factory=list)
    summaries: int = 0
    blocks: int = 0

    @property
    def name(self) -> str:
        return NAME.format(
            recipient=RECIPIENT, sender=SENDER, period=self.period, territory="CN", part=self.part, parts=self.parts
        )

    def head(self, **changes: str) -> None:
        self.add(
            "HEAD", MessageVersion=self.form.head, Profile=self.form.profile, ProfileVersion=self.form.version, MessageId=self.message_id,
            MessageCreatedDateTime="2026-10-05T09:25:22Z", FileNumber=str(self.part), NumberOfFiles=str(self.parts),
            UsageStartDate=self.start, UsageEndDate=self.end, SenderPartyId=PARTY, SenderName=SENDER, ServiceDescription="Stream",
            RecipientPartyId=PARTY, RecipientName=RECIPIENT, RepresentedRepertoire=values_of(self.repertoire), **changes,
        )  # fmt: skip

    def summary(self, summary_id: str = "S1", *, territory: str = "CN", currency: str = "CNY", **changes: str) -> None:
        self.summaries += 1
        self.add(
            self.form.summary, SummaryRecordId=summary_id, CommercialModel="SubscriptionModel", CommercialModelType="SubscriptionModel",
            UseType="OnDemandStream", Territory=territory, ServiceDescription="Stream", Usages="1000", TotalUsages="1000", Currency=currency,
            CurrencyOfReporting=currency, NetRevenue="12.5", ContentCategory="Music", RightsType="PerformingRight",
            AllocatedRevenue="0" if self.form.summary == "SY07" else "", AllocatedNetRevenue="0" if self.form.summary == "SY07" else "",
            **changes,
        )  # fmt: skip

    def block(self, facts: Sequence[Fact], *, block_id: str = "") -> None:
        """A song and its usages: what all of them have in common stands in the first."""
        form, song = self.form, facts[0]
        if form.single:
            for fact in facts:
                self.single(fact)
            return
        self.blocks += 1
        block = block_id or str(self.blocks)
        if form.release:
            self.add(
                form.release, block, ReleaseReference="A1", DspReleaseId="REL", DisplayArtistName=song.artist,
                ReleaseDisplayArtistName=song.artist, Title=song.album, ReleaseTitle=song.album,
            )  # fmt: skip
        self.add(
            form.resource, block, ResourceReference="R1", DspResourceId=song.song_id, ResourceType="SoundRecording", **described(song)
        )  # fmt: skip
        if form.work:
            self.add(
                form.work, block, DspWorkId="W1", DspMusicalWorkId="W1", ResourceReference="R1", MusicalWorkTitle=escaped(song.title),
                **described(song),
            )  # fmt: skip
        for number, fact in enumerate(facts, 1):
            self.add(
                form.usage, block, SummaryRecordId=fact.summary, SalesTransactionId=f"U{number}", TransactedRelease="A1",
                TransactedReleaseReference="A1", TransactedResource="R1", TransactedResourceReference="R1", DspResourceId=song.song_id,
                DspReleaseId="REL" if form.usage.startswith("RU") else song.song_id, IsRoyaltyBearing="true", SalesUpgrade="false",
                Usages=fact.uses, NumberOfStreams=fact.uses, Returns="0", NetRevenue="1.5", ValidityPeriodStart=fact.start,
                ReleaseTitle=escaped(song.album), ReleaseURL="https://example.org/watch",
            )  # fmt: skip
            for controller, amount in fact.shares if form.share else ():
                self.add(
                    form.share, block, SummaryRecordId=fact.summary, RightsController=controller, RightSharePercentage="100",
                    RightsType="PerformingRight", AllocatedNetRevenue="0", AllocatedAmount=amount,
                )  # fmt: skip

    def single(self, fact: Fact) -> None:
        controller, amount = fact.shares[0] if fact.shares else ("", "")
        written = described(fact) | {"Title": "", "ISRC": escaped(fact.isrc)}
        self.add(
            self.form.single, SummaryRecordId=fact.summary, DspResourceId=fact.song_id, ResourceType="SoundRecording", DspWorkId="W1",
            ISWC=fact.iswc, ReleaseDisplayArtistName=fact.artist, WorkTitle=fact.title, ReleaseTitle=escaped(fact.album),
            NumberOfTransactedResources="1", SalesTransactionId="U1", IsRoyaltyBearing="true", SalesUpgrade="false", Downloads=fact.uses,
            Returns="0", NumberOfStreams=fact.uses, Usages=fact.uses, ContentCategory="Music", ValidityPeriodStart=fact.start or self.start,
            ValidityPeriodEnd=self.end, RightsController=controller, AllocatedAmount=amount,
            **{name: text for name, text in written.items() if name != "ISWC"},
        )  # fmt: skip

    def foot(self, **changes: str) -> None:
        lines, blocks = str(len(self.lines) + 1), str(self.blocks)
        said = {
            "NumberOfLinesInFile": lines, "NumberOfLinesInReport": lines, "NumberOfSummaryRecords": str(self.summaries),
            "NumberOfBlocksInFile": blocks, "NumberOfBlocksInReport": blocks,
        }  # fmt: skip
        self.add("SRFO" if self.form.single else "FOOT", **{**said, **changes})

    def add(self, name: str, block: str = "", /, **cells: str) -> None:
        self.lines.append(written_record(records()[name], {**cells, "BlockId": block}))

    def content(self, *, line_end: str = "\n") -> bytes:
        return "".join(line + line_end for line in self.lines).encode()


def described(fact: Fact) -> dict[str, str]:
    """What records of resources call the same things, old and new."""
    title, artist, writers = escaped(fact.title), escaped(fact.artist), values_of(fact.writers)
    return {
        "ISRC": fact.isrc, "ResourceISRC": fact.isrc, "Title": title, "ResourceTitle": title, "DisplayArtistName": artist,
        "ResourceDisplayArtistName": artist, "Duration": fact.duration, "ResourceDuration": fact.duration, "ISWC": fact.iswc,
        "MusicalWorkISWC": fact.iswc, "ComposerAuthor": writers, "MusicalWorkComposerAuthorName": writers,
    }  # fmt: skip


def written_record(record: Record, cells: dict[str, str]) -> str:
    """A line of the cells that a record has, in its order; what it does not have is left out."""
    return "\t".join([record.name, *(cells.get(cell.name, "") for cell in record.cells[1:])])


def escaped(text: str) -> str:
    r"""Text for a cell: | is \| and \ is \\."""
    return text.replace("\\", "\\\\").replace("|", "\\|")


def values_of(texts: Iterable[str]) -> str:
    return "|".join(escaped(text) for text in texts)


def dsr_file(form: str, blocks: Iterable[Sequence[Fact]], **given: object) -> DsrFile:
    """A whole file of a profile: head, a summary for China, its blocks, footer."""
    file = DsrFile(form=FORMS[form], **given)  # type: ignore[arg-type] # the fields of DsrFile
    file.head()
    file.summary()
    for facts in blocks:
        file.block(facts)
    file.foot()
    return file


def many_blocks(lines: int, songs: int) -> Iterator[bytes]:
    """A block file of about so many lines for measuring: a release, a resource and a stream in each block."""
    file = DsrFile(form=FORMS["audio-1.1"])
    file.head()
    file.summary()
    yield file.content()
    written, number = len(file.lines), 0
    while written + 4 <= lines:
        file.lines, song = [], number % songs
        number += 1
        file.block([
            Fact(
                song_id=f"R-{song}", isrc=f"KRA3015{song % 100_000:05d}", title=f"노래 {song}", artist=f"가수 {song % 1000}", album=f"앨범 {song % 5000}",
                iswc="", writers=(f"WRITER {song % 700}",), uses=str(number % 977 + 1),
            )
        ])  # fmt: skip
        written += len(file.lines)
        yield file.content()
    file.lines = []
    file.foot(NumberOfLinesInFile=str(written + 1), NumberOfLinesInReport=str(written + 1))
    yield file.content()
