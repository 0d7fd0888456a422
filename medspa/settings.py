"""Settings, read from the environment (and from `.env` beside manage.py). `.env.example` documents each one.

Without a vendor's keys the embedded stand-ins serve, but only where DEMO is on; in production a missing or
half-set vendor fails a system check with a sentence that says what to set (`members/checks.py`, `outreach/checks.py`).
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

env = environ.Env()
environ.Env.read_env(BASE_DIR / ".env")

# --- who we are ---
DEMO = env.bool("DEMO", default=False)
DEBUG = env.bool("DEBUG", default=False)
PORT = env.int("PORT", default=8000)
PUBLIC_BASE_URL = env.str("PUBLIC_BASE_URL", default=f"http://localhost:{PORT}").rstrip("/")
_HOSTS = [urlsplit(PUBLIC_BASE_URL).hostname or "localhost", *(["localhost", "127.0.0.1"] if DEMO else [])]
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=_HOSTS)
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL]

SECRET_KEY = env.str("SECRET_KEY", default="demo-only-key-that-production-refuses" if DEMO else "")
if not SECRET_KEY:
    raise ImproperlyConfigured("Set SECRET_KEY to a long random string (50 characters or more). See .env.example.")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

# --- apps, in floor order: a floor imports only the ones below it ---
INSTALLED_APPS = [
    "medspa",
    "concierge",
    "outreach",
    "members",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "django_q",
    "django_tables2",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "ninja",
    "template_partials.apps.SimpleAppConfig",
    "csp",
]
AUTH_USER_MODEL = "members.StaffUser"
LOGIN_URL = "portal:login"
LOGIN_REDIRECT_URL = "portal:today"
LOGOUT_REDIRECT_URL = "portal:login"

# --- staff accounts: sign-in, second factor and sessions are django-allauth's ---
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
ACCOUNT_ADAPTER = "medspa.portal.adapters.Accounts"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # the invitation went to that address
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = LOGOUT_REDIRECT_URL
# Failed tries: of one account, and of one caller, behind whom a whole front desk may sit.
ACCOUNT_RATE_LIMITS = {"login_failed": "60/m/ip,10/m/key", "login": "120/m/ip"}
MFA_ADAPTER = "medspa.portal.adapters.SecondFactor"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = DEMO or DEBUG
# Who must have a second factor (R115): everyone, managers (and owners), nobody (the demo only).
SECOND_FACTOR_FOR = env.str("SECOND_FACTOR_FOR", default="nobody" if DEMO else "everyone")
SECOND_FACTOR_URL = "mfa_index"
IDLE_SIGN_OUT_MINUTES = env.int("IDLE_SIGN_OUT_MINUTES", default=15)

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "common.logs.RequestIdMiddleware",
    "common.origins.OriginMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "medspa.portal.idle.SignOutWhenIdle",
    "medspa.portal.languages.SpeakTheirLanguage",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "medspa.urls"
WSGI_APPLICATION = "medspa.wsgi.application"

_LOADERS: list[Any] = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "loaders": [
                ("template_partials.loader.Loader", [("django.template.loaders.cached.Loader", _LOADERS)]),
            ],
            "builtins": [
                "template_partials.templatetags.partials",
                "django.templatetags.i18n",
                "common.templatetags.facts",
                "common.templatetags.look",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "medspa.portal.shell.context",
            ],
        },
    },
]

DJANGO_TABLES2_TEMPLATE = "portal/table.html"

# --- database: SQLite is the embedded default, PostgreSQL is production ---
# The demo has a file of its own, so that starting it over cannot touch real data.
_SQLITE_FILE = "demo.sqlite3" if DEMO else "medspa.sqlite3"
_DATABASE_URL = env.str("DATABASE_URL", default="") or f"sqlite:///{VAR_DIR / _SQLITE_FILE}"
DATABASES: dict[str, Any] = {"default": env.db_url_config(_DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    VAR_DIR.mkdir(exist_ok=True)
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    # Persistent connections beat a pool under gunicorn's threads (docs/decisions/006).
    DATABASES["default"]["CONN_MAX_AGE"] = None
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # A round is one long statement: compiling it to machine code took 20 s, running it one (docs/performance.md).
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")

REDIS_URL = env.str("REDIS_URL", default="")
CACHES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

# --- queue: a ticker of tiny idempotent tasks on the same database (docs/decisions/005) ---
Q_CLUSTER = {
    "name": "medspa",
    "label": "Queue",
    "orm": "default",
    "workers": env.int("WORKERS", default=2),
    "timeout": 60,
    "retry": env.int("TASK_RETRY_SECONDS", default=300),  # > timeout * (queue_limit + 1): or a slow task runs twice
    "queue_limit": 2,
    "bulk": 1,
    "max_attempts": 3,
    "ack_failures": False,
    "save_limit": -1,
    "catch_up": False,
    "poll": 0.05,
    "recycle": 500,
    "time_zone": "UTC",
}
TICK_STALE_SECONDS = env.int("TICK_STALE_SECONDS", default=180)
ROUND_SECONDS = env.int("ROUND_SECONDS", default=8)  # a step of the tick; all of them together stay below `timeout`
UNDERSTAND_WAIT_SECONDS = env.float("UNDERSTAND_WAIT_SECONDS", default=4.0)  # for a worker to read one text
SEND_LEASE_SECONDS = env.int("SEND_LEASE_SECONDS", default=120)

# What the concierge has learnt; built by `manage.py train_concierge`, kept between runs, found by a key.
CONCIERGE_LLM_API_KEY = env.str("CONCIERGE_LLM_API_KEY", default="")  # used only where an outside reader is switched on
CONCIERGE_MODEL_DIR = env.str("CONCIERGE_MODEL_DIR", default=str(VAR_DIR / "concierge"))

# --- language, time, files ---
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("es", "Español")]  # of the portal; a patient's language is the patient's own column
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["medspa.formats"]
LANGUAGE_COOKIE_AGE = 365 * 86_400
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# The demo's clock runs this many seconds ahead; only where DEMO is on (a system check refuses it elsewhere).
CLOCK_OFFSET_FILE = env.str("CLOCK_OFFSET_FILE", default=str(VAR_DIR / "clock-offset") if DEMO else "")

# --- security ---
_HTTPS = PUBLIC_BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SECURE_SSL_REDIRECT = _HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
LANGUAGE_COOKIE_SECURE = _HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_AGE = 12 * 3600
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Tabler's stylesheet carries its icons as data: images
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, "https://checkout.stripe.com", "https://invoice.stripe.com"],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# --- vendors ---
STRIPE_API_KEY = env.str("STRIPE_API_KEY", default="")
STRIPE_WEBHOOK_SECRETS = env.list(
    "STRIPE_WEBHOOK_SECRETS", default=["whsec_demo"] if DEMO and not STRIPE_API_KEY else []
)
STRIPE_API_VERSION = "2026-05-27.dahlia"

TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKENS = env.list(
    "TWILIO_AUTH_TOKENS", default=["phonebook-demo-token"] if DEMO and not TWILIO_ACCOUNT_SID else []
)
TWILIO_MESSAGING_SERVICE_SID = env.str("TWILIO_MESSAGING_SERVICE_SID", default="")
TWILIO_FROM_NUMBER = env.str("TWILIO_FROM_NUMBER", default="+15125550100" if DEMO and not TWILIO_ACCOUNT_SID else "")
TWILIO_API_BASE = env.str("TWILIO_API_BASE", default="")
# What the carriers grant our registered brand (R58, R75): 1 a second and 2,000 a day is the lowest tier.
_GRANTED = (1, 2000) if TWILIO_ACCOUNT_SID else (1000, 1_000_000)
TWILIO_SEGMENTS_A_SECOND = env.float("TWILIO_SEGMENTS_A_SECOND", default=_GRANTED[0])
TWILIO_SEGMENTS_A_DAY = env.int("TWILIO_SEGMENTS_A_DAY", default=_GRANTED[1])

# Whose diary it is: `embedded` (ours), `keyed_in` (another scheduler's, into which the desk keys what patients book).
SCHEDULER = env.str("SCHEDULER", default="embedded")

EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
vars().update(env.email_url("EMAIL_URL", default="smtp://localhost:25"))
EMAIL_TIMEOUT = 20
if DEMO and not env.str("EMAIL_URL", default=""):
    EMAIL_BACKEND = "outreach.transports.mailbox.Mailbox"  # the inboxes on the phonebook's pages
# The address that patients' e-mail comes from; empty: nobody is e-mailed, and what was meant for e-mail is texted.
MAIL_FROM = env.str("MAIL_FROM", default="care@glowtheory.example" if DEMO else "")
MAIL_REPLY_TO = env.str("MAIL_REPLY_TO", default="")  # where answers are read by MAIL_PROVIDER's inbound webhook
DEFAULT_FROM_EMAIL = MAIL_FROM or "webmaster@localhost"
# The e-mail service whose webhooks tell of bounces, complaints and answers: a module of anymail.webhooks.
MAIL_PROVIDER = env.str("MAIL_PROVIDER", default="")
MAIL_WEBHOOK_SECRET = env.str("MAIL_WEBHOOK_SECRET", default="")  # user:password of those webhooks' addresses

# --- logs: JSON, with request and task ids, never with patient data ---
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"ids": {"()": "common.logs.IdFilter"}},
    "formatters": {"json": {"()": "common.logs.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "filters": ["ids"]}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "level": "WARNING", "propagate": False},
        "django-q": {"level": "WARNING"},  # it notes each task queued
        # The vendors' SDKs log request bodies (recipients, texts) at INFO and DEBUG.
        "stripe": {"level": "WARNING"},
        "twilio": {"level": "WARNING"},
        "openai": {"level": "WARNING"},
        "anthropic": {"level": "WARNING"},
        "httpx2": {"level": "WARNING"},
    },
}
