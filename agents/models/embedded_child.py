"""The process that holds an embedded model: llama.cpp's server, alive as long as its stdin is open.

Run as `python -P -m agents.models.embedded_child`. The first line of stdin is the configuration as JSON (the key
must not be seen in a process list); the first line of stdout is `{"url": …}` or `{"error": …}`. When stdin closes,
because the parent closed it or died in whatever way, the process ends at once: `xllamacpp` has no close().
"""

from __future__ import annotations

import json
import os
import sys
import threading
from typing import Any


def main() -> None:
    """Serve until stdin closes."""
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # llama.cpp writes to stdout as it likes; ours carries one line of JSON
    wanted = json.loads(sys.stdin.readline())
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    try:
        server = _serve(wanted)
    except (ImportError, RuntimeError, ValueError, OSError) as error:
        said = {"error": str(error) or type(error).__name__}
    else:
        said = {"url": server.listening_address}
    print(json.dumps(said), file=answer, flush=True)
    if "url" in said:
        threading.Event().wait()


def _exit_with_parent() -> None:
    # The raw descriptor, not sys.stdin: its lock would be held at interpreter exit.
    while os.read(0, 4096):
        pass
    os._exit(0)


def _serve(wanted: dict[str, Any]) -> Any:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = wanted["model"]
    params.model_alias = {wanted["alias"]}
    params.api_keys = [wanted["api_key"]]  # without one, CORS lets every web page in
    params.port = 0  # any free one, on 127.0.0.1 by default
    params.ui = False
    params.verbosity = 1
    params.n_parallel = wanted["slots"]
    params.n_ctx = wanted["window_tokens"] * wanted["slots"]
    # Small batches: a cancelled prefill is noticed between two of them.
    params.n_batch = params.n_ubatch = 128
    params.cache_ram_mib = 64
    params.warmup = False
    params.use_jinja = True
    # With all cores busy decoding slows down ten times.
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = wanted["threads"]
    return xllamacpp.Server(params)


if __name__ == "__main__":
    main()
