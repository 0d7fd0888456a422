"""The optional outside reader: off without an agreement, gives labels only, is not waited for, gets no identifiers."""

import json
import threading
from datetime import date
from io import StringIO

import httpx2
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from common.errors import Refused
from concierge import outside_reading
from concierge.models import OutsideReader
from concierge.understanding import ServiceWords, llm, reader
from concierge.understanding.base import Intent
from members.models import AuditEntry
from tests.factories import NOON

SERVICES = [ServiceWords(1, ("Signature Facial", "facial"))]
SIGNED = {"baa_signed_on": date(2026, 1, 31), "baa_reference": "Drive/BAA.pdf"}


class Provider:
    """A server that speaks the OpenAI or the Anthropic API, without a socket."""

    def __init__(self, answer, *, status=200):
        self.answer, self.status, self.asked = answer, status, []

    def __call__(self, request):
        self.asked.append(json.loads(request.content))
        if request.url.path.endswith("/messages"):
            block = {"type": "tool_use", "id": "t", "name": "understood", "input": self.answer}
            body = {
                "id": "m",
                "type": "message",
                "role": "assistant",
                "model": "x",
                "content": [block],
                "stop_reason": "tool_use",
                "stop_sequence": None,
                "usage": {"input_tokens": 1, "output_tokens": 1},
            }
        else:
            said = self.answer if isinstance(self.answer, str) else json.dumps(self.answer)
            choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
            body = {"id": "c", "object": "chat.completion", "created": 1, "model": "x", "choices": [choice]}
        return httpx2.Response(self.status, json=body)

    @property
    def client(self):
        return httpx2.Client(transport=httpx2.MockTransport(self))


def read(text, provider, *, kind=llm.OpenAiLabels):
    labels = kind("small", "http://model.test/v1", provider.client)
    return llm.LlmReader(labels, reader(), budget_seconds=60).read(text, services=SERVICES, language="en")


@pytest.fixture(autouse=True)
def _key(settings):
    settings.CONCIERGE_LLM_API_KEY = "sk-test"


LABELS = {"intent": "reschedule", "also": ["location_hours"], "confidence": 0.8}


@pytest.mark.parametrize("kind", [llm.OpenAiLabels, llm.AnthropicLabels])
def test_the_model_gives_labels_and_the_rest_stays_ours(kind):
    found = read("could my facial be some other day? and where do i park", Provider(LABELS), kind=kind)

    assert (found.intent, found.also, found.confidence) == (Intent.RESCHEDULE, (Intent.LOCATION_HOURS,), 0.8)
    assert found.language == "en"


@pytest.mark.parametrize(
    "answer",
    [
        "no json",
        "",
        {"intent": "give_refund", "also": [], "confidence": 1},
        {"intent": "book"},
        ["book"],
        {"intent": "book", "also": 5, "confidence": "high"},
    ],
)
def test_an_answer_of_another_form_is_thrown_away(answer):
    """R168: the model can name our intents and nothing else."""
    assert read("could my facial be some other day", Provider(answer)).intent == Intent.OTHER


@pytest.mark.parametrize("status", [400, 401, 429, 500])
def test_a_provider_that_fails_is_not_waited_for(status):
    provider = Provider(LABELS, status=status)

    assert read("could my facial be some other day", provider).intent == Intent.OTHER
    assert len(provider.asked) == 1


def test_a_provider_that_is_late_is_left_behind():
    released = threading.Event()

    class Late:
        def label(self, text):
            released.wait(5)

    found = llm.LlmReader(Late(), reader(), budget_seconds=0.02).read("some other day", services=(), language="en")
    released.set()

    assert found.intent == Intent.OTHER


def test_what_the_embedded_reader_holds_for_grave_stays_so():
    provider = Provider({"intent": "thanks", "also": [], "confidence": 1.0})

    assert read("this is ridiculous, I want my money back", provider).intent == Intent.COMPLAINT


def test_a_second_request_that_the_model_finds_is_kept_beside_a_grave_first():
    provider = Provider({"intent": "reschedule", "also": ["update_card"], "confidence": 0.9})

    found = read("this is ridiculous, I want my money back", provider)

    assert (found.intent, found.also) == (Intent.COMPLAINT, (Intent.RESCHEDULE, Intent.UPDATE_CARD))


def test_what_is_grave_stays_beside_what_the_model_holds_for_graver():
    found = read(
        "this is ridiculous, I want my money back", Provider({"intent": "clinical", "also": [], "confidence": 1})
    )

    assert (found.intent, found.also) == (Intent.CLINICAL, (Intent.COMPLAINT,))


def test_a_bare_yes_is_not_sent():
    provider = Provider(LABELS)

    assert read("yes", provider).intent == Intent.AFFIRM
    assert provider.asked == []


def test_identifiers_are_taken_out_before_a_text_leaves():
    """R120."""
    provider = Provider(LABELS)

    read("Hi this is Maria Lopez, call 512-555-0199 or maria@example.com about order 88213 https://x.test/a", provider)

    sent = json.dumps(provider.asked)
    assert all(secret not in sent for secret in ("Maria", "Lopez", "555", "maria@", "88213", "x.test"))


# --- the switch ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_it_is_off_by_default():
    embedded = reader()

    assert llm.over(embedded) is embedded


@pytest.mark.django_db
@pytest.mark.parametrize(
    "missing", [{"baa_signed_on": None}, {"baa_reference": " "}, {"baa_signed_on": date(2030, 1, 1)}]
)
def test_it_cannot_be_switched_on_without_an_agreement(missing):
    """R120."""
    with pytest.raises(Refused, match="agreement"):
        outside_reading.switch_on(provider="openai", model="small", actor="staff:1", now=NOON, **SIGNED | missing)

    assert not OutsideReader.objects.exists()


@pytest.mark.django_db
def test_the_database_refuses_one_without_an_agreement_too():
    with pytest.raises(IntegrityError), transaction.atomic():
        OutsideReader.objects.create(provider="openai", model="small", is_on=True, changed_at=NOON)


@pytest.mark.django_db
def test_with_an_agreement_it_is_switched_on_and_off_with_a_trace():
    outside_reading.switch_on(provider="openai", model="small", actor="staff:1", now=NOON, **SIGNED)
    outside_reading.switch_on(provider="anthropic", model="tiny", actor="staff:1", now=NOON, **SIGNED)
    was = llm.over(reader())
    outside_reading.switch_off(actor="staff:1", now=NOON)

    assert isinstance(was, llm.LlmReader)
    assert OutsideReader.objects.filter(is_on=True).count() == 0
    actions = list(AuditEntry.objects.order_by("pk").values_list("action", flat=True))
    assert actions == ["outside_reader.on", "outside_reader.on", "outside_reader.off"]


@pytest.mark.django_db
@pytest.mark.parametrize(("key", "provider"), [("", "openai"), ("sk", "someone")])
def test_what_is_missing_is_said(settings, key, provider):
    """R120: no provider but those that the table knows is asked."""
    settings.CONCIERGE_LLM_API_KEY = key

    with pytest.raises(CommandError, match=r"CONCIERGE_LLM_API_KEY|provider"):
        call_command("outside_reader", "on", provider, "small", "--baa-signed-on=2026-01-31", "--baa-reference=x")


@pytest.mark.django_db
def test_the_command_says_how_it_stands():
    out = StringIO()

    call_command(
        "outside_reader", "on", "openai", "small", "--baa-signed-on=2026-01-31", "--baa-reference=x", stdout=out
    )
    call_command("outside_reader", "off", stdout=out)

    assert out.getvalue().splitlines() == ["On: openai small (on)", "Off: texts are read on this machine only."]
