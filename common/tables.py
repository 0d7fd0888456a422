"""Every list of the portal: ordered by its headings, 25 rows a page, no COUNT over joins."""

from typing import Any

import django_tables2 as tables
from django.core.paginator import InvalidPage
from django.http import HttpRequest, HttpResponse
from django_tables2.config import RequestConfig

from common import htmx

ROWS_A_PAGE = 25
_LONGEST_NUMBER = 5  # a page that far on is nonsense, and its OFFSET more than a database can count


class BaseTable(tables.Table):  # type: ignore[misc]
    """A table in the house's look (`DJANGO_TABLES2_TEMPLATE`); name its columns and its empty text in a subclass."""

    class Meta:
        attrs = {"class": "table table-vcenter card-table table-stack"}
        empty_text = "Nothing here."
        order_by_field = "sort"


def page(
    request: HttpRequest,
    table: BaseTable,
    template: str,
    context: dict[str, Any] | None = None,
    *,
    partial: str = "table",
) -> HttpResponse:
    """The list page: `?sort=` and `?page=` are obeyed where they make sense and ignored where they do not."""
    RequestConfig(request, paginate=False).configure(table)
    rows = table.data.data
    # Rows that are equal in the sorted column keep one order, else pages skip or repeat them.
    order = rows.query.order_by or rows.model._meta.ordering
    table.data.data = rows.order_by(*order, "pk")
    _paginate(table, request.GET.get(table.prefixed_page_field, "1"))
    return htmx.render(request, template, {**(context or {}), "table": table}, partial=partial)


def _paginate(table: BaseTable, number: str) -> None:
    for wanted in (number if len(number) <= _LONGEST_NUMBER else "1", "1"):
        try:
            table.paginate(paginator_class=tables.LazyPaginator, per_page=ROWS_A_PAGE, page=wanted)
        except InvalidPage:
            continue  # "?page=nonsense", or one past the end: show the first
        return
