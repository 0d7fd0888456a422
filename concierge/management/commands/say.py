"""`say +15125550123 "Do I still have my facial credit?"`: a patient's text through the real door, and its answers."""

import json
import time
from argparse import ArgumentParser
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from common import clock, doors, loopback, phones
from common.errors import Refused
from concierge import answering
from concierge.models import Turn
from concierge.understanding import local
from members import links
from outreach.models import Message
from outreach.transports import signatures
from outreach.wording import LINK

_PATIENCE_SECONDS = 10.0  # a worker may have begun to answer before us


class Command(BaseCommand):
    help = "Send an inbound text through the real pipeline and print the replies."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("phone", help="The patient's number, e.g. +15125550123.")
        parser.add_argument("text")
        parser.add_argument(
            "--json", action="store_true", help="Intent, decision, rule and replies as one JSON object."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            phone = phones.to_e164(options["phone"])
        except Refused as refused:
            raise CommandError(refused.message) from None
        message = _post(phone, options["text"])
        if message.wants_answer:
            local.preload()
            answering.answer(message.pk, now=clock.now())
        turn = _turn(message)
        replies = [_body(reply) for reply in message.replies.order_by("pk")]
        if options["json"]:
            self.stdout.write(json.dumps(_report(message, turn, replies), ensure_ascii=False))
            return
        for reply in replies:
            self.stdout.write(reply)
        if not replies:
            self.stdout.write(f"(no reply: {_report(message, turn, replies)['rule']})")


def _post(phone: str, text: str) -> Message:
    """Through the webhook, signed as Twilio signs. Raises CommandError when the door does not take it."""
    form = {
        "MessageSid": f"SM{uuid4().hex}",
        "From": phone,
        "To": settings.TWILIO_FROM_NUMBER,
        "Body": text.encode("utf-8", "replace").decode(),
        "NumMedia": "0",
    }
    status, answer = loopback.post(
        doors.TWILIO_SMS,
        body=urlencode(form).encode(),
        content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signatures.sign(doors.TWILIO_SMS, form)},
    )
    if status != 200:
        raise CommandError(f"The inbound webhook answered {status}: {answer.decode(errors='replace')[:200]}")
    return Message.objects.get(provider_sid=form["MessageSid"])


def _turn(message: Message) -> Turn | None:
    """The finished turn; waits a little for a worker that has it."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        turn = Turn.objects.filter(message=message).first()
        if turn is None or turn.finished_at or time.monotonic() > until:
            return turn
        time.sleep(0.05)


def _body(reply: Message) -> str:
    return reply.body.replace(LINK, links.url(reply.link)) if reply.link else reply.body


def _report(message: Message, turn: Turn | None, replies: list[str]) -> dict[str, Any]:
    if turn:
        decision, rule = turn.decision, turn.rule
    elif message.duplicate_of_id:
        decision, rule = "silent", "The same text within a minute."
    else:
        decision, rule = "keyword", "Settled by a keyword."
    return {
        "message": message.pk,
        "intent": turn.intent if turn else "",
        "confidence": turn.confidence if turn else None,
        "decision": decision,
        "rule": rule,
        "replies": replies,
    }
