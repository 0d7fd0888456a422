"""The API's root: /api/v1 from the routes of every floor, one shape of error, docs for whoever is signed in."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from common import problems
from common.access import by_key, staff
from common.problems import Problem
from concierge import api as concierge_api
from members import api as members_api
from members.importing import fields

log = logging.getLogger(__name__)

_ABOUT = """Send patients, services, memberships, visits and credits from your system of record, and read back
balances, memberships, visits and cases. Each key has scopes and a number of requests a minute; owners issue keys in
the portal. Errors are application/problem+json."""


class Api(NinjaAPI):
    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        """Ninja's, but that errors are told in their own media type."""
        schema = super().get_openapi_schema(**kwargs)
        for operations in schema["paths"].values():
            for operation in operations.values():
                for status, answer in operation["responses"].items():
                    if int(status) >= 400:
                        answer["content"] = {problems.CONTENT_TYPE: answer["content"]["application/json"]}
        return schema


api = Api(
    title="Membership layer",
    version="1",
    description=_ABOUT,
    docs_url=None,
    openapi_url=None,
    urls_namespace="api",
)
api.add_router("", members_api.router)
api.add_router("/concierge", concierge_api.router)


@api.exception_handler(Problem)
def _problem(request: HttpRequest, error: Problem) -> HttpResponse:
    return problems.response(error.status, error.detail, headers=error.headers)


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    errors = [
        {"field": ".".join(str(part) for part in each["loc"] if part not in ("body", "query", "asked")),
         "message": fields.sentence(each)}
        for each in error.errors
    ]  # fmt: skip
    return problems.response(422, "The request does not have the right shape; see errors.", errors=errors)


@api.exception_handler(RequestDataTooBig)
def _too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
    return problems.response(413, "A request holds at most 2.5 MB. Send fewer rows at once.")


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    if error.status_code == 400:
        return problems.response(400, "The body is not JSON in UTF-8.")
    return problems.response(error.status_code, str(error))


@api.exception_handler(Exception)
def _broken(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("api request failed", exc_info=error, extra={"path": request.path})
    return problems.response(500, "It is noted. Send the request again later; what was written is not written twice.")


@staff()
@require_safe
def openapi(request: HttpRequest) -> HttpResponse:
    return JsonResponse(api.get_openapi_schema())


@staff()
@require_safe
def docs(request: HttpRequest) -> HttpResponse:
    shown = {"url": reverse("api:openapi"), "layout": "BaseLayout", "defaultModelsExpandDepth": -1}
    return render(request, "portal/api_docs.html", {"settings": shown})


@by_key
@csrf_exempt
def nothing_here(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    return problems.response(404, "There is nothing at this address. The docs list what there is.")


def _door(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """An operation's view: a key lets in, so no CSRF token is asked for; a wrong method is a problem like any other."""

    @wraps(view)
    def door(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        if response.status_code != 405:
            return response
        allowed = response.headers["Allow"]
        return problems.response(405, f"Use {allowed}.", headers={"Allow": allowed})

    return by_key(csrf_exempt(door))


def _operations() -> list[URLPattern]:
    patterns = [each for each in api.urls[0] if isinstance(each, URLPattern) and each.name != "api-root"]
    for each in patterns:
        each.callback = _door(each.callback)
    return patterns


urlpatterns = [
    path("docs", docs, name="docs"),
    path("openapi.json", openapi, name="openapi"),
    *_operations(),
    path("", nothing_here, name="api-root"),
    path("<path:rest>", nothing_here, name="nothing_here"),
]
app_name = "api"
