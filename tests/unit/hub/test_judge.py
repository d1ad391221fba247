"""Every rule of the judge, alone and in its order."""

import pytest

from bridge.contract import Reason
from bridge.hub.judge import Facts, Ruling, judge


@pytest.mark.parametrize(
    ("facts", "ruling", "reason"),
    [
        (Facts(linked=True), Ruling.ACCEPT, None),
        (Facts(linked=False), Ruling.IGNORE, None),
        (Facts(linked=False, echo=True), Ruling.ECHO, None),
        (Facts(linked=True, repeat=True, empty=True), Ruling.REPEAT, None),
        (Facts(linked=True, empty=True), Ruling.REFUSE, Reason.NOT_ACCEPTABLE),
        (Facts(linked=True, speaker=False), Ruling.REFUSE, Reason.FORBIDDEN),
        (Facts(linked=True, speaker=False, refuser="author"), Ruling.REFUSE, Reason.POLICY),
        (Facts(linked=True, speaker=False, refuser="addressee"), Ruling.REFUSE, Reason.POLICY),
        (Facts(linked=True, speaker=False, refuser="room"), Ruling.REFUSE, Reason.FORBIDDEN),
        (Facts(linked=True, changes=True, refuser="author", target_known=False), Ruling.REFUSE, Reason.POLICY),
        (Facts(linked=True, changes=True), Ruling.ACCEPT, None),
        (Facts(linked=True, changes=True, target_known=False), Ruling.REFUSE, Reason.NOT_FOUND),
        (Facts(linked=True, changes=True, target_is_message=False), Ruling.REFUSE, Reason.NOT_FOUND),
        (Facts(linked=True, changes=True, own_target=False), Ruling.ACCEPT, None),
        (Facts(linked=True, changes=True, needs_author=True, own_target=False), Ruling.REFUSE, Reason.FORBIDDEN),
        (Facts(linked=True, changes=True, target_retracted=True), Ruling.REFUSE, Reason.GONE),
        (Facts(linked=True, changes=True, speaker=False), Ruling.REFUSE, Reason.FORBIDDEN),
    ],
)
def test_judge(facts: Facts, ruling: Ruling, reason: Reason | None) -> None:
    verdict = judge(facts)

    assert verdict.ruling is ruling
    if reason is not None:
        assert verdict.reason is reason
        assert verdict.text.endswith(".")
