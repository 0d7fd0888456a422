"""The `?` panel of a page: what it is for, what its acts do, what to do when it is empty."""

from typing import Any

from django import template
from django.template import TemplateDoesNotExist
from django.template.loader import select_template

register = template.Library()


@register.simple_tag(takes_context=True)
def help_of_page(context: template.Context) -> Any:
    """The template that explains this page: templates/help/<the page's template>, or, where pages share one template,
    templates/help/<the name of the address>. None where there is neither (tests/medspa/test_help.py finds that).
    """
    match = context["request"].resolver_match
    names = [f"help/{context.template.name}"] if context.template else []
    if match:
        names.append(f"help/{match.view_name.replace(':', '/')}.html")
    try:
        return getattr(select_template(names), "template", None) if names else None
    except TemplateDoesNotExist:
        return None
