"""Which files of a month stand, for people: what was decided, what may be decided, and what money moves by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from portal.accounts.access import Reader, is_staff
from royalties.forms import SettleForm, WithdrawForm
from royalties.models import Earning, Pool, Report
from royalties.standing import TO_SETTLE, AtStake, at_stake, files_of_month

STATES: Final = dict(Earning.State.choices)


def standing_context(user: Reader, shown: Report, pools: Sequence[Pool]) -> dict[str, Any]:
    """What a report's page says about its place among the files of its month, and which decisions it offers."""
    staff = is_staff(user)
    to_settle = shown.held_reason in TO_SETTLE
    files = files_of_month(shown) if to_settle else []
    stake = at_stake(shown, pools)
    gone = shown.withdrawn_at is not None or shown.held_reason == Report.HeldReason.REPLACED
    may_withdraw = staff and shown.withdrawn_at is None and shown.superseded_at is None
    return {
        "decisions": list(shown.decisions.select_related("actor")),
        "concerns": list(shown.concerns.order_by("pk")),
        "concerned_by": list(shown.concerned_by.order_by("pk")),
        "to_settle": to_settle,
        "files": [{"report": one, **_consequences(one, at_stake(one), instead=shown)} for one in files],
        "settle": settle_form(shown, files) if staff and to_settle else None,
        "withdraw": WithdrawForm() if may_withdraw and shown.state != Report.State.REFUSED else None,
        "consequences": _consequences(shown, stake),
        "to_be_taken_back": gone and any(stake.won.values()),
    }


def settle_form(shown: Report, files: Sequence[Report], data: Any = None) -> SettleForm:
    return SettleForm(data, earlier=files, is_correction=shown.kind == Report.Kind.CORRECTION)


def _consequences(report: Report, stake: AtStake, *, instead: Report | None = None) -> Mapping[str, Any]:
    """What has been distributed by a report, and what its pools would say without it, or with another one in its place."""
    money = report.accepted_micros + report.rejected_micros
    comes = instead.accepted_micros + instead.rejected_micros if instead else 0
    return {
        "won": [{"words": STATES[state], "won": micros} for state, micros in sorted(stake.won.items()) if micros],
        "payees": stake.payees,
        "pools": [
            {
                "pool": pool,
                "reported": int(pool.reported_micros - money + comes),
                "difference": int(pool.source_micros - (pool.reported_micros - money + comes)),
            }
            for pool in stake.pools
        ],
    }
