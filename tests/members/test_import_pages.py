"""The pages Imports and API keys, as their users meet them."""

import io
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.urls import reverse

from common import clock
from members import api_keys
from members.models import ApiKey, ImportJob, Patient
from tests import factories

pytestmark = pytest.mark.django_db

HEAD = "id,first name,last name,mobile,location,note"
ANA = "p1,Ana,Ortiz,(512) 555-0123,austin,kind"


@pytest.fixture
def owner(client):
    factories.make_location()
    client.force_login(factories.make_staff(role="owner"))
    return client


def upload(owner, *lines, kind="patients"):
    file = SimpleUploadedFile("clients.csv", "\n".join(lines).encode())
    return owner.post(reverse("members:imports"), {"kind": kind, "file": file})


def words(response) -> str:
    return " ".join(response.content.decode().split())


def test_without_imports_the_page_says_what_to_do(owner):
    page = words(owner.get(reverse("members:imports")))

    assert "Nothing was imported yet" in page
    assert "consent_wording" in page


def test_a_file_is_checked_shown_confirmed_and_in(owner, drain):
    address = upload(owner, HEAD, ANA, "p2,Bea,Ortiz,911,austin,").headers["Location"]
    checking = words(owner.get(address))
    drain()
    preview = words(owner.get(address))
    before = Patient.objects.count()

    owner.post(f"{address}confirm/")
    drain()

    done = words(owner.get(address))
    assert "Checking 2 rows; nothing is written yet." in checking
    assert 'hx-trigger="every 2s"' in checking
    assert "Import 1 row" in preview
    assert "Line 3" in preview
    assert "These columns are not read: note." in preview
    assert "hx-trigger" not in preview.partition('id="progress"')[2]
    assert (before, Patient.objects.count()) == (0, 1)
    assert "The refused rows stayed out" in done


def test_htmx_gets_only_the_part_that_moves(owner):
    address = upload(owner, HEAD, ANA).headers["Location"]

    part = owner.get(address, headers={"HX-Request": "true"}).content.decode()

    assert "<html" not in part
    assert 'id="progress"' in part


def test_a_file_that_cannot_be_read_comes_back_with_the_reason(owner):
    response = upload(owner, "a,b,c", "1,2,3")

    assert response.status_code == 422
    assert "A column is missing" in words(response)
    assert not ImportJob.objects.exists()


def test_without_a_file_the_form_says_so(owner):
    response = owner.post(reverse("members:imports"), {"kind": "patients"})

    assert response.status_code == 422
    assert "This field is required" in words(response)


def test_refused_rows_are_downloaded_with_their_reason_and_no_formula_in_them(owner, drain):
    address = upload(owner, HEAD, '=HYPERLINK("x"),Bea,@Ortiz,+44 20 7946 0958,austin,-1', ANA).headers["Location"]
    drain()

    rows = owner.get(f"{address}refused.csv").content.decode().splitlines()

    assert rows[0].endswith(HEAD)
    assert rows[1].startswith("2,phone: Only US phone numbers")
    assert '"\'=HYPERLINK(""x"")",Bea,\'@Ortiz,\'+44 20 7946 0958,austin,\'-1' in rows[1]


def test_confirming_twice_says_so_and_does_it_once(owner, drain):
    address = upload(owner, HEAD, ANA).headers["Location"]
    drain()
    owner.post(f"{address}confirm/")

    again = owner.post(f"{address}confirm/", follow=True)

    assert "cannot be started" in words(again)


def test_a_discarded_file_is_gone(owner, drain):
    address = upload(owner, HEAD, ANA).headers["Location"]
    drain()

    page = owner.post(f"{address}discard/", follow=True)

    assert "Nothing was written" in words(page)
    assert not Patient.objects.exists()


def test_a_new_key_is_shown_once_and_works(owner, client):
    asked = {"name": "Scheduler", "scopes": ["read", "patients"], "requests_a_minute": 60}
    page = owner.post(reverse("members:api_keys"), asked)
    token = page.context["fresh"]

    again = owner.get(reverse("members:api_keys"))

    assert token in page.content.decode()
    assert token not in again.content.decode()
    assert "Write patients" in words(again)
    assert client.get("/api/v1/visits", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_a_key_without_a_scope_is_refused_beside_the_form(owner):
    response = owner.post(reverse("members:api_keys"), {"name": "Scheduler", "requests_a_minute": 60})

    assert response.status_code == 422
    assert not ApiKey.objects.exists()


def test_an_owner_revokes_a_key(owner):
    key, token = api_keys.issue(name="Old", scopes=["read"], actor="staff:1", now=clock.now() - timedelta(days=1))

    owner.post(reverse("members:api_key_revoke", args=[key.pk]))

    assert api_keys.find(token, now=clock.now()) is None


def test_the_command_issues_lists_and_revokes_keys():
    out = io.StringIO()
    call_command("api_key", "issue", "Scheduler", scope=["read"], stdout=out)
    token = out.getvalue().strip()
    prefix = ApiKey.objects.get().prefix

    call_command("api_key", "list", stdout=out)
    call_command("api_key", "revoke", prefix, stdout=out)

    assert f"{prefix}  read" in out.getvalue()
    assert api_keys.find(token, now=clock.now()) is None
    with pytest.raises(CommandError, match="no key"):
        call_command("api_key", "revoke", "nothing")
