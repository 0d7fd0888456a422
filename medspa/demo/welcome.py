"""What the demo prints when it is ready."""

from django.conf import settings

from medspa.demo.seeding.practice import DEMO_PASSWORD, STAFF
from medspa.demo.stories import STORIES


def welcome() -> str:
    base = settings.PUBLIC_BASE_URL
    width = max(len(email) for email, *_ in STAFF)
    logins = "\n".join(f"    {email:<{width}}  {role.label}" for email, _, _, role, _ in STAFF)
    first, second = STORIES[0], STORIES[1]
    return f"""
  Glow Theory is open.

  Staff portal      {base}/
  Patients' phones  {base}/phonebook/

  Staff logins, all with the password {DEMO_PASSWORD}
{logins}

  What to try
    1. Open {base}/phonebook/{first.number}/ — {first.who}'s phone.
    2. Press “Fail the payment”. In a few seconds she gets a text (at night: press “To 9 am” first).
    3. Open the link in it, choose the card 4242, and see the thank-you text.
    4. Text “Do I still have my facial credit?” from her phone, then from {second.who}'s.
    5. Sign in at {base}/ and look at Today, Escalations and her timeline.

  Ctrl-C stops everything and keeps the data; `make demo-reset` starts over.
"""
