# One image for web, worker, beat and migrate; docker-compose.yml says which is which.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --create-home --uid 10001 garak && install -d -o garak -g garak /srv/garak /var/lib/garak
WORKDIR /srv/garak

COPY requirements.txt .
RUN pip install --require-hashes --requirement requirements.txt

COPY manage.py ./
COPY portal portal
COPY works works
COPY royalties royalties
COPY claims claims
COPY templates templates

ENV DEBUG=False PORTAL_DATA_DIR=/var/lib/garak
RUN pybabel --quiet compile --directory portal/locale --domain django

USER garak
VOLUME /var/lib/garak
EXPOSE 8000
CMD ["gunicorn", "portal.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "3", "--threads", "4", "--timeout", "120", "--no-control-socket"]
