"""The claims on trial are well formed."""

from __future__ import annotations

import pytest

from bn_lab.engine.outcome import PROBES
from bn_lab.studies.claims import CLAIMS, STUDIES
from bn_lab.studies.measures import MEASURES
from bn_lab.studies.study import Question, Study

EVERY = [(study, question) for study in STUDIES.values() for question in study.questions]


def test_every_study_is_on_one_card_and_every_question_has_its_own_name() -> None:
    cards = [name for claim in CLAIMS.values() for name in claim.studies]
    assert sorted(cards) == sorted(STUDIES)
    names = [question.id for _, question in EVERY]
    assert len(set(names)) == len(names)
    assert [claim.id for claim in CLAIMS.values() if not claim.beyond] == ["faster", "initial", "overfitting"]


@pytest.mark.parametrize(("study", "question"), EVERY, ids=[question.id for _, question in EVERY])
def test_questions_ask_for_networks_that_are_there(study: Study, question: Question) -> None:
    for side, measure in ((question.ours, question.measure), (question.theirs, question.their_measure or question.measure)):
        cells = study.matching(side.values)
        assert len(cells) == 1 or MEASURES[measure].row
        assert side.arm in study.base.arms
        assert set(study.probes) <= set(PROBES)


def test_every_claim_of_the_lesson_has_another_side() -> None:
    for claim in CLAIMS.values():
        if not claim.beyond:
            assert any(question.other_side for name in claim.studies for question in STUDIES[name].questions)
