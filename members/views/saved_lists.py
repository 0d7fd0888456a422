"""The member list's filters, kept under a name."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from common import clock, texts
from common.access import SHARED, staff
from common.errors import Refused
from members import saved_lists
from members.models import SavedList
from members.views import signed_in


@staff(place=SHARED)
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    asked = QueryDict(request.POST.get("asked", "")[:1_000])
    try:
        kept = saved_lists.save(
            name=texts.storable(request.POST.get("name", "")),
            asked={key: texts.storable(asked[key]) for key in asked},
            shared="shared" in request.POST,
            by=signed_in.person(request),
            now=clock.now(),
        )
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect(f"{reverse('members:list')}?{asked.urlencode()}")
    messages.success(request, f"“{kept.name}” is kept.")
    return redirect(f"{reverse('members:list')}?{kept.query}")


@staff(place=SHARED)
@require_POST
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Only one's own; a colleague's list is not there for this act."""
    get_object_or_404(SavedList, pk=pk, owner=signed_in.person(request)).delete()
    messages.success(request, "The list is removed. Its members are not touched.")
    return redirect("members:list")
