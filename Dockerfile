# The lab in a container; docs/hosting.md says how to build and run it.
FROM python:3.11-slim

# Address of an index with torch's CPU builds, without which torch would bring gigabytes of CUDA libraries along: docs/hosting.md.
ARG TORCH_INDEX

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

WORKDIR /app

# The packages first, since they change least. Those of the cluster, too: its scheduler and workers run from the same image.
# Nothing is installed but the very files whose hashes are here; torch comes from its index, and nothing else comes from there.
COPY deploy/lock.txt deploy/torch.txt deploy/
RUN pip install --require-hashes --no-deps --only-binary :all: \
    --index-url "${TORCH_INDEX:?is not set: the index with the CPU builds of torch, see docs/hosting.md}" -r deploy/torch.txt
RUN pip install --require-hashes --no-deps --only-binary :all: -r deploy/lock.txt && pip check

COPY .streamlit .streamlit
COPY data data
COPY bn_lab bn_lab
COPY app.py ./

# What a first start would compile is compiled now, since nothing can be written any more.
RUN python -m compileall -q app.py bn_lab

# A user who owns nothing here. Hugging Face demands the number 1000. HOME is the one folder that is writable everywhere.
RUN useradd --uid 1000 --no-create-home --home-dir /tmp lab
ENV HOME=/tmp PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 1000

EXPOSE 8501
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health', timeout=4)"]
CMD ["streamlit", "run", "app.py", "--server.address=0.0.0.0", "--server.port=8501", "--server.headless=true", "--server.fileWatcherType=none"]
