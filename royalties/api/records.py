"""What a DDEX report is made of, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from royalties.models import Report
from royalties.parts import differences, dsr_of, missing_parts
from royalties.reports.dsr.sentences import sentence_of


class RecordCount(serializers.Serializer[Any]):
    record = serializers.CharField(allow_blank=True, help_text=_("Such as SU02; # for comments."))
    count = serializers.IntegerField()


class Finding(serializers.Serializer[Any]):
    code = serializers.CharField(help_text=_("A code that is the same in every language."))
    message = serializers.CharField(help_text=_("What is irregular."))
    line = serializers.IntegerField(help_text=_("The first line of the file where it is so."))
    count = serializers.IntegerField(help_text=_("How often."))


class FooterDiffers(serializers.Serializer[Any]):
    what = serializers.CharField(help_text=_("The cell of the footer, or foot where there is none."))
    declared = serializers.CharField(allow_blank=True)
    found = serializers.CharField(allow_blank=True)


class SummaryOut(serializers.Serializer[Any]):
    record = serializers.CharField()
    id = serializers.CharField(allow_blank=True)
    territory = serializers.CharField(allow_blank=True)
    model = serializers.CharField(allow_blank=True, help_text=_("Its commercial model."))
    use = serializers.CharField(allow_blank=True, help_text=_("Its use type."))
    usages = serializers.CharField(allow_blank=True, help_text=_("How many uses it declares, as written."))
    lines = serializers.IntegerField(help_text=_("Lines that name it, taken or rejected."))
    uses = serializers.IntegerField(help_text=_("The uses of these."))
    money = serializers.CharField(help_text=_("The money of these, in the currency it names."))
    currency = serializers.CharField(allow_blank=True)


class RecordsOut(serializers.Serializer[Any]):
    profile = serializers.CharField(allow_blank=True)
    profile_version = serializers.CharField(allow_blank=True)
    message_id = serializers.CharField(allow_blank=True)
    part = serializers.IntegerField()
    parts = serializers.IntegerField(help_text=_("In how many files the report came."))
    missing_parts = serializers.ListField(
        child=serializers.IntegerField(), help_text=_("The money of all waits for these.")
    )
    lines_of_file = serializers.IntegerField(help_text=_("The lines of the report and the records that describe them."))
    described = serializers.IntegerField(help_text=_("Records that describe lines, and comments."))
    has_money = serializers.BooleanField(help_text=_("Whether its lines carry amounts."))
    records = RecordCount(many=True)
    findings = Finding(many=True)
    footer_differs = FooterDiffers(many=True)
    summaries = SummaryOut(many=True)


def records_of(report: Report) -> Mapping[str, Any] | None:
    """None of a report that is no DDEX report."""
    said = dsr_of(report)
    if not said:
        return None
    return {
        **said,
        "missing_parts": missing_parts(report),
        "lines_of_file": said["lines"],
        "records": [{"record": name, "count": count} for name, count in said["records"].items()],
        "findings": [{**finding, "message": sentence_of(finding)} for finding in said["findings"]],
        "footer_differs": differences(report),
    }
