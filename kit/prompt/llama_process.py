"""The process of llama.cpp's server; `kit.prompt.server` starts it, by its path.

It imports nothing of the kit, so that it needs 0.2 GB and no torch. Its settings come as one line
of JSON on stdin, so that no list of processes shows the key. It prints its address once the model
is loaded, and ends when stdin ends: also where the notebook's kernel was killed.
"""

import json
import sys

if __name__ == "__main__":
    import xllamacpp

    settings = json.loads(sys.stdin.readline())
    params = xllamacpp.CommonParams()
    params.model.path = settings["model"]
    params.model_alias = {settings["name"]}
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # one that is free
    params.api_keys = [settings["key"]]
    params.ui = False
    params.n_ctx = settings["context"]
    params.n_parallel = 1
    params.n_threads_http = 2
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.cache_ram_mib = 0  # the last prompt is remembered in any case; others are not needed
    params.warmup = False
    server = xllamacpp.Server(params)
    sys.stdout.write(json.dumps({"address": server.listening_address}) + "\n")
    sys.stdout.flush()
    sys.stdin.read()
