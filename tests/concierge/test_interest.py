"""Who asks about what only a higher plan gives is noted: a reason to tell of that plan later."""

import pytest

from concierge import asked
from concierge.understanding import Entities, Intent, Understanding
from members.models import Interest
from tests.concierge.conftest import give_credit, text
from tests.factories import make_benefit, make_plan, make_service, make_version

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_question_about_coverage(monkeypatch):
    """What is asked, and about which service, is the engine's to know; here it is sure."""

    class AsksAboutCoverage:
        def read(self, text, *, services, language, **how):
            named = tuple(one.service_id for one in services if any(name in text for name in one.names))
            return Understanding(Intent.COVERAGE, 0.99, language, Entities(service_ids=named))

    monkeypatch.setattr(asked, "reader", AsksAboutCoverage)


@pytest.fixture
def peel():
    """Given by Radiance alone, the plan above."""
    peel = make_service("Glow Peel")
    above = make_plan("Radiance", tier=2)
    make_benefit(above.versions.get(), peel)
    return peel


@pytest.mark.parametrize("question", ["Can I use my credit for a Glow Peel?", "Does my plan include the Glow Peel?"])
def test_a_question_about_a_benefit_of_the_plan_above_is_noted_once(ana, membership, peel, question):
    text(ana.phone, question)

    assert list(Interest.objects.values_list("membership", "what")) == [(membership.pk, "Glow Peel")]


def test_a_question_about_ones_own_benefit_is_no_wish_for_more(ana, peel):
    text(ana.phone, "Can I use my credit for a Signature Facial?")

    assert not Interest.objects.exists()


def test_what_no_plan_gives_is_not_noted(ana, peel):
    make_service("Dermaplaning")

    text(ana.phone, "Can I use my credit for Dermaplaning?")

    assert not Interest.objects.exists()


def test_who_has_the_highest_plan_has_nothing_above(ana, membership, peel):
    membership.plan_version = make_version(make_plan("Diamond", tier=3))
    membership.save()
    give_credit(membership, make_service())

    text(ana.phone, "Can I use my credit for a Glow Peel?")

    assert not Interest.objects.exists()
