"""The one settings module. Every value comes from the environment or from here; .env.example lists the variables.

Servers are never started here: `manage.py` and the `make run` supervisor ask `portal.embedded` for them and set
DATABASE_URL and REDIS_URL before these lines run.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from portal import env

BASE_DIR = Path(__file__).resolve().parent.parent
PORTAL_DATA_DIR = Path(env.text("PORTAL_DATA_DIR", str(BASE_DIR / ".portal"))).resolve()

DEBUG = env.boolean("DEBUG", default=True)  # a bare checkout is a development machine; production says DEBUG=False
SECRET_KEY = env.text(
    "SECRET_KEY",
    "for-development-only-a-key-that-signs-nothing-of-worth" if DEBUG else None,
)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]" if DEBUG else "")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS", "")
if not DEBUG and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must be set when DEBUG is False.")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "portal",
    "portal.accounts",
    "portal.files",
    "portal.jobs",
    "portal.notices",
    "portal.rest",
    "works",
    "royalties",
    "claims",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "portal.middleware.WholeBodyMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "portal.middleware.UserLanguageMiddleware",
    "portal.middleware.NoStoreMiddleware",
    "portal.middleware.NoNulMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.middleware.DomainErrorMiddleware",
]
ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.context.shell",
            ],
        },
        "APP_DIRS": True,
    }
]

# The database. Everything runs as the role garak_app, which may not change the ledger; only `manage.py migrate` runs as the
# owner (manage.py then sets GARAK_AS_OWNER). Without a URL no server is reachable, but checks, mypy and linting still work.
DATABASE_URL = env.text("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none" if DEBUG else None)
DATABASE_OWNER_URL = env.text("DATABASE_OWNER_URL", DATABASE_URL)
GARAK_AS_OWNER = env.boolean("GARAK_AS_OWNER", default=False)
DATABASE_APP_ROLE = "garak_app"
DATABASES: dict[str, dict[str, Any]] = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        **env.postgres(DATABASE_OWNER_URL if GARAK_AS_OWNER else DATABASE_URL),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "options": "-c lock_timeout=15s -c idle_in_transaction_session_timeout=600s",
            **({} if GARAK_AS_OWNER else {"assume_role": DATABASE_APP_ROLE}),
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Celery is the doorbell, the tables of portal.jobs are the truth: a message may be lost or doubled without harm.
REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:1/0" if DEBUG else None)
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True  # a killed child rings again; portal.jobs counts its attempts
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_DB_REUSE_MAX = CELERY_WORKER_MAX_TASKS_PER_CHILD  # portal.celery keeps connections from task to task
CELERY_TASK_SOFT_TIME_LIMIT = 3300
CELERY_TASK_TIME_LIMIT = 3600
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_mutex_expire": 30,
    "socket_timeout": 30,
    "socket_connect_timeout": 2,
    "retry_on_timeout": True,
    "max_retries": 0,
}
# Remote control listens on a connection of its own, and when Redis comes back a worker waits on that one for ever (kombu 5.7
# with redis-py 8: the read is tried again on a new connection, where nothing comes). Nobody needs it: rows say what goes on.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "portal.jobs.beat:Metronome"
JOB_LEASE_SECONDS = env.integer(
    "JOB_LEASE_SECONDS", 60
)  # how long a worker may hold a chunk before another may take it
JOB_SILENCE_SECONDS = env.integer(
    "JOB_SILENCE_SECONDS", 80
)  # after which work that is due is done beside beat, because no worker hears the bell
JOB_SWEEP_SECONDS = env.integer("JOB_SWEEP_SECONDS", 30)  # how often beat rings again for work that is due
CELERY_BEAT_SCHEDULE = {
    "sweep": {"task": "portal.jobs.tasks.sweep", "schedule": float(JOB_SWEEP_SECONDS)},
    "leftovers of imports": {"task": "royalties.tasks.sweep", "schedule": 3600.0},
    "words of new songs": {"task": "royalties.tasks.keep_words", "schedule": 300.0},
    "what new titles mean": {"task": "works.tasks.keep_vectors", "schedule": 300.0},
    "works that may be one": {"task": "royalties.tasks.look_for_duplicates", "schedule": 6 * 3600.0},
    "leftovers of uploads": {"task": "portal.files.tasks.sweep", "schedule": 3600.0},
    "forget answers of the API": {"task": "portal.rest.tasks.sweep", "schedule": 3600.0},
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = "[Garak] "
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "garak@localhost")

LANGUAGE_CODE = "ko"
LANGUAGES = [
    ("ko", _("Korean")),
    ("en", _("English")),
    ("zh-hans", _("Simplified Chinese")),
]
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
FORMAT_MODULE_PATH = ["portal.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Seoul"

STATIC_URL = "static/"
STATIC_ROOT = PORTAL_DATA_DIR / "static"
MEDIA_ROOT = PORTAL_DATA_DIR / "files"
# Uploads lie in that folder, or in a bucket of S3 when one is named: workers on several machines then share nothing but it,
# PostgreSQL and Redis, and the folder holds copies (portal/files/copies.py).
STORAGE_BUCKET = env.text("STORAGE_BUCKET", "")
STORAGE_CACHE_BYTES = env.integer("STORAGE_CACHE_BYTES", 20_000_000_000)  # of such copies on one machine
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "portal.files.bucket.Bucket",
        "OPTIONS": {
            "bucket": STORAGE_BUCKET,
            "endpoint": env.text("STORAGE_ENDPOINT", ""),
            "region": env.text("STORAGE_REGION", ""),
            "access_key": env.text("STORAGE_ACCESS_KEY", ""),
            "secret_key": env.text("STORAGE_SECRET_KEY", ""),
        },
    }
    if STORAGE_BUCKET
    else {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(MEDIA_ROOT)}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG
UPLOAD_MAX_BYTES = env.integer("UPLOAD_MAX_BYTES", 2_000_000_000)
UPLOAD_DAILY_BYTES = env.integer("UPLOAD_DAILY_BYTES", 20_000_000_000)  # of one person
UPLOAD_SCANNER = env.text(
    "UPLOAD_SCANNER", ""
)  # a command, such as clamdscan --no-summary -; nothing: uploads are not scanned
UPLOAD_SCANNER_SECONDS = env.integer("UPLOAD_SCANNER_SECONDS", 60)
FILE_UPLOAD_HANDLERS = ["portal.files.uploads.StopsAtTheLimit"]
DATA_UPLOAD_MAX_NUMBER_FILES = 10

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_SECURE = not DEBUG
SECURE_SSL_REDIRECT = env.boolean("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.boolean("BEHIND_PROXY", default=False) else None
SECURE_HSTS_SECONDS = 0 if DEBUG else 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    }
}

# The API. Endpoints stand on portal.rest.api.ApiView, which asks for scope and role; the defaults below let nobody in.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.rest.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_PARSER_CLASSES": ["portal.rest.parsers.JsonParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "portal.rest.parsers.AlwaysJson",
    "DEFAULT_SCHEMA_CLASS": "portal.rest.schema.GarakSchema",
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "portal.rest.errors.handle_exception",
    "URL_FORMAT_OVERRIDE": None,
    "NUM_PROXIES": 1 if SECURE_PROXY_SSL_HEADER else 0,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Garak",
    "DESCRIPTION": _(
        "What the pages of the portal show and do, for programs. Money is a whole number of millionths of its currency, a share "
        "an exact fraction, a day 2026-11-22. Things are named by their public reference."
    ),
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "ENUM_NAME_OVERRIDES": {  # where fields of one name have different values
        "AccountKind": "royalties.models.LedgerAccount.Kind",
        "CaseKind": "claims.models.Case.Kind",
        "CaseOutcome": "claims.models.Case.Outcome",
        "CaseSeat": "claims.api.SEATS",
        "CaseState": "claims.models.Case.State",
        "CatalogueEncoding": "works.api.ENCODING_NAMES",
        "CatalogueRowOutcome": "works.models.CatalogueRow.Outcome",
        "DeclaredOrigin": "royalties.declared.SAID_BY_PEOPLE",
        "DeductionKind": "royalties.models.DeductionRule.Kind",
        "DistributedPart": "royalties.api.runs.PARTS",
        "EarningState": "royalties.models.Earning.State",
        "HoldState": "royalties.models.Hold.State",
        "JobState": "portal.jobs.models.Job.State",
        "MatchOutcome": "royalties.models.Match.Outcome",
        "Meaning": "royalties.tables.MEANING_CHOICES",
        "MovementKind": "royalties.models.LedgerTransaction.Kind",
        "NameDisputeOutcome": "works.models.NameDispute.Outcome",
        "NameKind": "works.provenance.NameKind",
        "NameSource": "works.provenance.NameSource",
        "NameState": "works.provenance.NameState",
        "OrganisationKind": "portal.accounts.models.Organisation.Kind",
        "OverlapKind": "royalties.forms.KIND_CHOICES",
        "PartyKind": "works.models.Party.Kind",
        "PoolState": "royalties.models.Pool.State",
        "RematchState": "royalties.models.Rematch.State",
        "ReportEncoding": "royalties.reports.encodings.CHOICES",
        "ReportState": "royalties.models.Report.State",
        "RunState": "royalties.api.runs.OUTCOMES",
        "Service": "royalties.models.Service",
        "ShareRole": "works.models.Share.Role",
        "StatementKind": "royalties.api.statements.KINDS",
        "TitleKind": "works.models.WorkTitle.Kind",
        "TotalOrigin": "royalties.models.DeclaredTotal.Origin",
        "WaitingOutcome": "royalties.api.songs.WAITING",
    },
}
API_REQUESTS_PER_MINUTE = {"read": 600, "write": 60, "stranger": 60}  # per person, whatever the number of her tokens

SOCIETY_CODE = env.text(
    "SOCIETY_CODE", "118"
)  # CISAC code of the society this portal works for; shares it collects are "ours"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {
        "handlers": ["console"],
        "level": env.text("LOG_LEVEL", "INFO" if not DEBUG else "WARNING"),
    },
}
