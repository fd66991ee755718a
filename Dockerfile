# syntax=docker/dockerfile:1
# Inhouse in a container: not root, nothing but /data written, the same locked versions as `make try` installs.
#
#   docker build -t inhouse .                          for processors
#   docker build -t inhouse --build-arg TORCH=cuda .   for an NVIDIA GPU (adds about 2.7 GB)
#
#   docker run -d --name inhouse --restart unless-stopped --init --stop-timeout 30 \
#     --read-only --tmpfs /tmp --cap-drop ALL --security-opt no-new-privileges --pids-limit 512 \
#     --env-file .env -v inhouse-data:/data inhouse
#   (with a GPU: add --gpus all; tokens from files instead of .env: docs/operations.md)
#
# No port is published: the bot calls Slack. To fetch a model, once, into the volume:
#   docker run --rm -e HF_HUB_OFFLINE=0 -v inhouse-data:/data inhouse models pull Qwen/Qwen3-1.7B
# To look at what is wrong:  docker exec inhouse inhouse doctor
FROM python:3.11-slim

ARG TORCH=cpu

ENV PIP_NO_CACHE_DIR=1 \
    PYTHONUNBUFFERED=1

WORKDIR /app

# What rarely changes comes first, so that a change of our code does not install PyTorch again.
COPY pyproject.toml README.md LICENSE requirements.lock models.lock ./
COPY tools/setup.py tools/installer.py tools/
COPY bot/__init__.py bot/
COPY rag/__init__.py rag/
RUN python tools/setup.py --torch "$TORCH"

COPY manifest.yml ./
COPY bot bot
COPY rag rag
RUN .venv/bin/python -m compileall -q bot rag \
    && useradd --system --uid 10001 --no-create-home --home-dir /data inhouse \
    && install -d -o inhouse -g inhouse -m 700 /data

# Everything that is written lies in the volume: database, originals, index, converted and fetched models.
ENV PATH="/app/.venv/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/data \
    INHOUSE_DATA_DIR=/data/inhouse \
    HF_HOME=/data/models \
    HF_HUB_OFFLINE=1 \
    TRANSFORMERS_OFFLINE=1 \
    HF_HUB_DISABLE_TELEMETRY=1 \
    DO_NOT_TRACK=1 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
VOLUME /data
USER inhouse

# Healthy is: a connection is open, which can only be the one to Slack. It asks nobody.
HEALTHCHECK --interval=60s --timeout=10s --start-period=10m --retries=5 \
    CMD ["python", "-c", "import psutil, sys; sys.exit(not any(c.status == 'ESTABLISHED' for c in psutil.net_connections('tcp')))"]

ENTRYPOINT ["inhouse"]
CMD ["run"]
