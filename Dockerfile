# One container, one port, one process: the whole suite on port 7860, as Hugging Face Spaces (docker) expects it.
#   docker build -t vitrine . && docker run --rm -p 7860:7860 vitrine
FROM python:3.12-slim

RUN useradd --create-home --uid 1000 user
WORKDIR /home/user/vitrine

# What Vitrine needs, not what its developers need: pyproject.toml says which, requirements.lock says exactly
# which version and which hash. The layer changes only when one of the two does.
COPY tools/uv.lock.txt tools/
RUN pip install --no-cache-dir --require-hashes -r tools/uv.lock.txt
COPY pyproject.toml requirements.lock ./
RUN uv pip install --system --no-cache --require-hashes -r pyproject.toml -c requirements.lock

COPY README.md LICENSE ./
COPY assets assets
COPY core core
COPY demos demos
COPY app app
RUN uv pip install --system --no-cache --no-deps --build-constraints requirements.lock . \
    && rm -rf app assets core demos build

USER user
ENV VITRINE_HOST=0.0.0.0 VITRINE_PORT=7860 PYTHONUNBUFFERED=1
WORKDIR /home/user
EXPOSE 7860
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7860/healthz', timeout=4)"]
CMD ["vitrine", "serve"]
