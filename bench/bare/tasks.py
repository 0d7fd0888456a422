"""What the floors' doors enqueue, for the product's own queue."""

from django.db import connection

_REPLY = """INSERT INTO outreach_message
 (uuid, direction, channel, kind, status, address, body, created_at, due_at, segments, attempts,
  provider_status, error_code, reason, wants_answer, media_count, in_reply_to_id)
 SELECT gen_random_uuid(), 'out', 'sms', 'reply', 'held', address, 'Thank you.', now(), now(), 0, 0, '', '', '',
  false, 0, id FROM outreach_message WHERE id = %s"""


def nothing(pk: int) -> None:
    """A task that has nothing to do."""


def answer(pk: int) -> None:
    """One row as the answer of a text."""
    with connection.cursor() as cursor:
        cursor.execute(_REPLY, [pk])
