"""The rules of the house that import-linter cannot see: names in strings and templates, sizes, clocks, markup.

Each rule is one test. A finding reads `path:line what`, so that the message alone is enough to mend it.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TypeGuard

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOORS = ("common", "members", "outreach", "concierge", "medspa")  # lowest first
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40

# URL namespaces and template folders that are not called like their floor.
ALIASES = {"medspa": ("portal", "demo"), "members": ("patient",)}
# The page frame belongs to the top floor, and every floor's pages are put into it by name: the one allowed upward word.
SHARED_TEMPLATES = ("portal/",)


def modules() -> list[Path]:
    return [path for floor in FLOORS for path in sorted((ROOT / floor).rglob("*.py")) if "migrations" not in path.parts]


def templates() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.html"))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def walk() -> Iterator[tuple[Path, ast.AST]]:
    for path in modules():
        for node in ast.walk(parsed(path)):
            yield path, node


def place(path: Path, line: int) -> str:
    return f"{path.relative_to(ROOT)}:{line}"


def floor_of(path: Path) -> str:
    """The floor that owns a module or a template; templates of no floor's folder belong to the top."""
    parts = path.relative_to(ROOT).parts
    name = parts[1] if parts[0] == "templates" and len(parts) > 2 else parts[0]
    return next((floor for floor in FLOORS if name == floor or name in ALIASES.get(floor, ())), "medspa")


def names_above(floor: str) -> list[str]:
    higher = FLOORS[FLOORS.index(floor) + 1 :]
    return [name for each in higher for name in (each, *ALIASES.get(each, ()))]


def imported_names(node: ast.AST) -> list[str]:
    """`from a import b` -> ['a', 'a.b']; relative imports name their own app and are of no interest here."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def importers(*packages: str) -> list[tuple[Path, int, str]]:
    return [
        (path, getattr(node, "lineno", 0), name)
        for path, node in walk()
        for name in imported_names(node)[:1]
        if any(
            each == package or each.startswith(package + ".") for each in imported_names(node) for package in packages
        )
    ]


def docstrings(tree: ast.Module) -> set[int]:
    """ids of the nodes that are prose, not names."""
    owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        id(owner.body[0].value)
        for owner in ast.walk(tree)
        if isinstance(owner, owners) and owner.body and isinstance(owner.body[0], ast.Expr)
    }


def assert_none(found: list[str], rule: str) -> None:
    assert not found, "\n".join([rule, *(f"  {each}" for each in found)])


# --- floors -----------------------------------------------------------------------------------------------------------


def test_the_scan_sees_every_floor_and_its_templates() -> None:
    seen = {floor_of(path) for path in modules()}

    assert seen == set(FLOORS)
    assert floor_of(ROOT / "templates/members/list.html") == "members"
    assert floor_of(ROOT / "templates/patient/card.html") == "members"
    assert floor_of(ROOT / "templates/portal/shell.html") == "medspa"
    assert names_above("outreach") == ["concierge", "medspa", "portal", "demo"]


def test_no_string_names_a_higher_floor() -> None:
    """Dotted paths, `app.Model` labels, `namespace:page` and template paths: imports that import-linter cannot see."""
    found = []
    for path in modules():
        higher = names_above(floor_of(path))
        if not higher:
            continue
        pattern = re.compile(rf"(?<![\w@./-])(?:{'|'.join(higher)})(?:[.:](?=[A-Za-z_])|/(?=[\w/-]+\.(?:html|txt)))")
        prose = docstrings(parsed(path))
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                named = pattern.search(node.value)
                if named and not named[0].startswith(SHARED_TEMPLATES):
                    found.append(f"{place(path, node.lineno)} names a floor above: {node.value[:60]!r}")

    assert_none(found, "A floor names only the floors below it.")


def test_no_model_of_a_higher_floor_is_looked_up_by_app_label() -> None:
    found = []
    for path, node in walk():
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            label = getattr(node.args[0], "value", None)
            if node.func.attr in ("get_model", "get_app_config") and label in names_above(floor_of(path)):
                found.append(f"{place(path, node.lineno)} looks up {label!r}")

    assert_none(found, "Tables of a floor above are out of reach: write a row and let the floor above claim it.")


def test_no_settings_key_of_a_higher_floor_is_read_below_it() -> None:
    found = []
    for path, node in walk():
        prefixes = tuple(f"{name.upper()}_" for name in names_above(floor_of(path)) if name != "demo")
        if isinstance(node, ast.Attribute) and prefixes and node.attr.startswith(prefixes):
            found.append(f"{place(path, node.lineno)} reads {node.attr}")

    assert_none(found, "A settings key named after a floor is read on that floor or above.")


def test_no_template_names_a_higher_floor() -> None:
    found = []
    for path in templates():
        higher = names_above(floor_of(path))
        if not higher:
            continue
        pattern = re.compile(rf"['\"](?:{'|'.join(higher)})[:/][\w:/.-]*")
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            found += [
                f"{place(path, number)} names {named[1:]}"
                for tag in re.findall(r"\{%.*?%\}", line)
                for named in pattern.findall(tag)
                if not named[1:].startswith(SHARED_TEMPLATES)
            ]

    assert_none(found, "A template links to and includes only its own floor and the floors below.")


def test_work_is_handed_up_by_rows_and_never_by_signals() -> None:
    found = [
        f"{place(path, line)} imports {name}"
        for path, line, name in importers("django.dispatch", "django.db.models.signals", "django.core.signals")
    ]

    assert_none(found, "No signals: order and transaction are unclear, and nothing is left to replay.")


def test_only_the_gateway_and_the_stand_in_import_stripe() -> None:
    allowed = {ROOT / "members/stripe_gateway", ROOT / "members/stripe_standin"}

    found = [
        f"{place(path, line)} imports {name}"
        for path, line, name in importers("stripe")
        if not allowed.intersection(path.parents)
    ]

    assert_none(found, "Stripe is spoken to in members/stripe_gateway/ only.")


# What the SDK's services are asked in the gateway; everything else on them writes.
STRIPE_READS = {"retrieve", "list", "create_preview", "auto_paging_iter"}
STRIPE_WRITES = {"create", "update", "pay", "cancel", "release", "finalize_invoice", "void_invoice"}


def test_every_write_to_stripe_carries_an_idempotency_key_of_the_callers() -> None:
    """R145: a write is known by its method's name on one of the SDK's services, its key by being made from `key`."""
    without, seen = [], 0
    for path, node in walk():
        if path.parent.name != "stripe_gateway" or not _is_write(node):
            continue
        seen += 1
        pairs = [pair for options in node.args if isinstance(options, ast.Dict) for pair in _pairs(options)]
        keys = [value for name, value in pairs if name == "idempotency_key"]
        if not any(isinstance(part, ast.Name) and part.id == "key" for value in keys for part in ast.walk(value)):
            without.append(f"{path.relative_to(ROOT)}:{node.lineno} {ast.unparse(node.func)}")
    assert seen > 15
    assert without == []


def test_no_service_of_stripe_is_asked_in_a_way_that_the_key_scan_does_not_know() -> None:
    asked = {
        node.func.attr
        for path, node in walk()
        if path.parent.name == "stripe_gateway" and isinstance(node, ast.Call) and _is_on_a_service(node.func)
    }
    assert asked <= STRIPE_READS | STRIPE_WRITES


def _is_write(node: ast.AST) -> TypeGuard[ast.Call]:
    return isinstance(node, ast.Call) and _is_on_a_service(node.func) and node.func.attr in STRIPE_WRITES


def _is_on_a_service(func: ast.AST) -> TypeGuard[ast.Attribute]:
    """`client().v1.invoices.pay`, or by a name that stands for it: `invoices.pay`, `services.customers.update`."""
    words = ast.unparse(func)
    return isinstance(func, ast.Attribute) and (
        words.startswith("client().v1.") or words.split(".")[0] in ("services", "invoices", "schedules")
    )


def _pairs(options: ast.Dict) -> Iterator[tuple[str, ast.expr]]:
    for name, value in zip(options.keys, options.values, strict=True):
        if isinstance(name, ast.Constant):
            yield str(name.value), value


def test_only_the_transports_import_twilio() -> None:
    found = [
        f"{place(path, line)} imports {name}"
        for path, line, name in importers("twilio")
        if ROOT / "outreach/transports" not in path.parents
    ]

    assert_none(found, "Twilio is spoken to in outreach/transports/ only.")


# Those in it and above the floors of messages write to staff only.
WRITE_MAILS = {
    "outreach/transports",
    "medspa/monthly.py",
    "medspa/portal/team.py",
    "medspa/portal/setup/connections.py",
}


def test_nothing_is_given_to_a_carrier_but_by_the_sender_that_asks_the_gate() -> None:
    """R1; test_outbox.py holds that the sender keeps what the gate denies."""
    gives = {
        str(path.relative_to(ROOT))
        for path, node in walk()
        if isinstance(node, ast.Call) and re.fullmatch(r"transports\.\w+\(.*\)\.send", ast.unparse(node.func))
    }
    mails = {
        place(path, line)
        for path, line, _ in importers("django.core.mail", "smtplib")
        if not any(str(path.relative_to(ROOT)).startswith(allowed) for allowed in WRITE_MAILS)
    }
    carriers = {
        place(path, line)
        for path, line, _ in importers("outreach.transports.twilio_sms", "outreach.transports.twilio_voice")
        if ROOT / "outreach/transports" not in path.parents
    }

    assert (gives, mails, carriers) == ({"outreach/sending.py"}, set(), set())


# --- keys -------------------------------------------------------------------------------------------------------------

KEYS = re.compile(r"[sr]k_(?:live|test)_\w{16,}|whsec_[\w+/=]{20,}|AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY")


def test_no_key_stands_in_the_repository() -> None:
    """R129."""
    folders = (*FLOORS, "tests", "docs", "bench", "templates", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*") if path.suffix not in (".png", ".pyc")]
    files += [path for path in ROOT.iterdir() if path.suffix in (".md", ".toml", ".example", ".txt", "")]
    found = [
        f"{path.relative_to(ROOT)}: {hit[0][:12]}…"
        for path in files
        if path.is_file()
        for hit in KEYS.finditer(path.read_text(errors="replace"))
    ]

    assert len(files) > 500
    assert KEYS.search("sk_live_" + "a" * 24)
    assert_none(found, "A key in the code is a key that leaked: roll it and put it into the environment.")


def test_the_restricted_key_of_the_documents_is_enough_for_what_the_gateway_asks_and_cannot_pay_out() -> None:
    """R129."""
    asked = {
        named[1]
        for path, node in walk()
        if path.parent.name == "stripe_gateway" and isinstance(node, ast.Attribute)
        if (named := re.match(r"(?:client\(\)\.v1|services)\.(\w+)", ast.unparse(node)))
    }
    granted = re.findall(r"^\| (.+?) \| (?:Write|Read) \|", (ROOT / "docs/stripe.md").read_text(), re.M)
    words = re.sub(r"\W", "", " ".join(granted)).lower()
    part_of = {"subscription_schedules": "schedules", "invoice_items": "items", "invoice_payments": "invoices"}

    assert len(asked) > 5
    assert {
        each
        for each in asked
        if part_of.get(each, each).replace("_", "") not in words.replace("checkoutsessions", "checkout")
    } == set()
    assert not {"refund", "payout", "transfer", "balance"} & {each.rstrip("s") for each in (*asked, *granted)}


# --- time -------------------------------------------------------------------------------------------------------------

CLOCK_CALLS = {
    "timezone.now", "timezone.localtime", "timezone.localdate", "datetime.now", "datetime.utcnow", "datetime.today",
    "datetime.datetime.now", "datetime.date.today", "date.today", "time.time",
}  # fmt: skip


def test_only_the_clock_asks_what_time_it_is() -> None:
    found = [
        f"{place(path, node.lineno)} calls {ast.unparse(node.func)}()"
        for path, node in walk()
        if isinstance(node, ast.Call) and ast.unparse(node.func) in CLOCK_CALLS and path != ROOT / "common/clock.py"
    ]

    assert_none(found, "Time comes from the door: common.clock.now() there, a `now` parameter below.")


def test_no_column_is_filled_by_the_frameworks_or_the_databases_clock() -> None:
    found = [
        f"{place(path, node.value.lineno)} uses {node.arg}"
        for path, node in walk()
        if isinstance(node, ast.keyword) and node.arg in ("auto_now", "auto_now_add")
    ]
    found += [
        f"{place(path, line)} imports Now"
        for path, line, _ in importers("django.db.models.functions.Now", "django.db.models.functions.datetime.Now")
    ]

    assert_none(found, "The demo and the tests move the clock; columns must move with it.")


# --- sizes ------------------------------------------------------------------------------------------------------------


def test_a_module_fits_in_three_hundred_lines() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in modules()}

    found = [f"{place(path, 1)} has {count} lines" for path, count in lengths.items() if count > MAX_MODULE_LINES]

    assert_none(found, f"More than {MAX_MODULE_LINES} lines: split the module by meaning.")


def test_a_function_fits_in_forty_lines() -> None:
    found = []
    for path, node in walk():
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            count = (node.end_lineno or node.lineno) - node.lineno + 1
            if count > MAX_FUNCTION_LINES:
                found.append(f"{place(path, node.lineno)} {node.name}() has {count} lines")

    assert_none(found, f"More than {MAX_FUNCTION_LINES} lines: a step of it wants a name of its own.")


# --- prints and markup ------------------------------------------------------------------------------------------------


def test_product_code_logs_and_only_commands_print() -> None:
    found = [
        f"{place(path, node.lineno)} prints"
        for path, node in walk()
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("print", "sys.stdout.write", "pprint", "pprint.pprint")
        and "commands" not in path.parts
    ]

    assert_none(found, "What is printed has no level, no id and is not scrubbed of patient data.")


BLOCKED_MARKUP = {
    "an inline script": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=[\"']application/json)[^>]*>", re.I),
    "a script with both src and a body": re.compile(r"<script[^>]*\bsrc=[^>]*>(?!\s*</script>)", re.I),
    "a style attribute": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.I),
    "a style block": re.compile(r"<style[\s>]", re.I),
    "an inline handler": re.compile(r"<[a-z][^>]*\s(?:on[a-z]+|hx-on[:\w-]*)\s*=", re.I),
    "a javascript: address": re.compile(r"[\"']\s*javascript:", re.I),
    "an asset of another host": re.compile(
        r"<(?:script|img|iframe|source|video|link)\b[^>]*\b(?:src|href)=[\"'](?:https?:)?//", re.I
    ),
}


# No page: it goes out by mail, where no style sheet of ours reaches it.
MAILS = {"a style block": {ROOT / "templates/portal/monthly.html"}}


@pytest.mark.parametrize("what", BLOCKED_MARKUP)
def test_no_template_holds_what_the_content_security_policy_blocks(what: str) -> None:
    found = []
    for path in set(templates()) - MAILS.get(what, set()):
        text = re.sub(r"\{#.*?#\}|<!--.*?-->", lambda comment: " " * len(comment[0]), path.read_text(), flags=re.S)
        found += [
            f"{place(path, text.count(chr(10), 0, hit.start()) + 1)} has {what}: {hit[0][:50]!r}"
            for hit in BLOCKED_MARKUP[what].finditer(text)
        ]

    assert_none(found, "The browser would refuse it: move it to static/ (docs/architecture.md, pages).")


@pytest.mark.parametrize(
    ("what", "markup"),
    [
        ("an inline script", "<script>go()</script>"),
        ("a script with both src and a body", '<script src="/static/a.js" defer>go()</script>'),
        ("a style attribute", '<div\n  class="card" style="color:red">'),
        ("a style block", "<style>b{}</style>"),
        ("an inline handler", '<button class="btn" onclick="go()">'),
        ("an inline handler", '<form hx-on:submit="go()">'),
        ("a javascript: address", '<a href="javascript:go()">'),
        ("an asset of another host", '<link rel="stylesheet" href="https://cdn.example/x.css">'),
    ],
)
def test_the_markup_scan_finds_what_it_looks_for(what: str, markup: str) -> None:
    found = BLOCKED_MARKUP[what].search(markup)

    assert found


@pytest.mark.parametrize(
    "markup",
    [
        "<script src=\"{% static 'js/portal.js' %}\" defer></script>",
        '<script id="facts" type="application/json">{"a": 1}</script>',
        '<a href="https://dashboard.stripe.com/" rel="noopener">Stripe</a>',
        '<p data-style="x">one = 1</p>',
    ],
)
def test_the_markup_scan_lets_honest_markup_through(markup: str) -> None:
    hits = [what for what, pattern in BLOCKED_MARKUP.items() if pattern.search(markup)]

    assert hits == []


# --- settings ---------------------------------------------------------------------------------------------------------


def read_by_settings() -> set[str]:
    return {
        node.args[0].value
        for node in ast.walk(parsed(ROOT / "medspa/settings.py"))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def documented() -> set[str]:
    return set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), flags=re.M))


def test_every_setting_read_from_the_environment_is_documented() -> None:
    undocumented = read_by_settings() - documented()

    assert read_by_settings() >= {"SECRET_KEY", "DATABASE_URL", "STRIPE_WEBHOOK_SECRETS"}
    assert undocumented == set()


def test_the_environment_example_documents_nothing_that_is_not_read() -> None:
    stale = documented() - read_by_settings()

    assert stale == set()
