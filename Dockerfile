# kptm with its server and PostgreSQL's driver; the workspace is in /data.
#     docker build -t kptm .
#     docker run --rm -v "$PWD/my:/data" -p 127.0.0.1:8000:8000 kptm
FROM python:3.13-slim AS build
# Where packages come from besides the default: for example an index of torch for processors alone,
# which is a tenth of the size of torch with CUDA.
ARG PIP_EXTRA_INDEX_URL=""
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY kg kg
COPY kptm kptm
COPY migrations migrations
RUN python -m venv /opt/kptm \
    && /opt/kptm/bin/pip install --no-cache-dir --constraint constraints.txt ".[serve,postgres]"

FROM python:3.13-slim
COPY --from=build /opt/kptm /opt/kptm
ENV PATH="/opt/kptm/bin:$PATH" PYTHONUNBUFFERED=1
RUN useradd --uid 10001 --create-home kptm && mkdir /data && chown kptm:kptm /data
USER kptm
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=5m \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["kptm"]
CMD ["serve", "/data", "--host", "0.0.0.0"]
