# syntax=docker/dockerfile:1
# restride on the CPU. Targets: worker, identity.
#   docker build --target worker -t restride-worker .
#   docker build --target worker --build-arg EXTRAS=onnx,pose,torch -t restride-worker .
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
# PyTorch without CUDA stands in an index of its own; it is only asked for with the extra `torch`
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
ARG EXTRAS=onnx
WORKDIR /src
RUN python -m venv /opt/restride
# The dependencies first, from the metadata alone: a change of the code does not fetch them again
COPY pyproject.toml constraints.txt README.md LICENSE ./
RUN /opt/restride/bin/pip install -c constraints.txt ".[${EXTRAS}]"
COPY reid_core reid_core
COPY stream stream
COPY trackers trackers
COPY plugins plugins
COPY configs configs
RUN /opt/restride/bin/pip install --no-deps --force-reinstall .

FROM python:${PYTHON} AS runtime
ARG EXTRAS=onnx
# The extra `pose` brings MediaPipe, and with it an OpenCV that wants a display's libraries
RUN case ",${EXTRAS}," in *,pose,*) \
        apt-get update \
        && apt-get install -y --no-install-recommends libgl1 libglib2.0-0 libegl1 libgles2 \
        && rm -rf /var/lib/apt/lists/* ;; \
    esac
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/restride restride
COPY --from=build /opt/restride /opt/restride
ENV PATH=/opt/restride/bin:$PATH PYTHONUNBUFFERED=1 OMP_NUM_THREADS=1
USER restride
# Relative paths of the configuration, such as restride-state, stand here
WORKDIR /var/lib/restride
VOLUME /var/lib/restride
STOPSIGNAL SIGTERM
ENTRYPOINT ["restride"]
CMD ["--help"]

FROM runtime AS identity
EXPOSE 7761 7762 7763
# The port where it answers for missed events; if your configuration moves it, give another check
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 7763), 2).close()"]
CMD ["identity", "/etc/restride/site.yaml"]

# No health check: a worker opens its cameras again by itself, and a process that ends is started again
FROM runtime AS worker
CMD ["worker", "/etc/restride/site.yaml"]
