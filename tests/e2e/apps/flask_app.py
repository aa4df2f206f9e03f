# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A plain Flask application, as people write them: no metrics, no middleware.

Input: requests.  Output: responses of predictable size.  It must not know that
it is observed.

IO_SECONDS and RANDOM_SECONDS in the environment: how long two routes sleep.
"""

import os
import random
import time

from flask import Flask, Response, abort, jsonify, request

IO_SECONDS = float(os.environ.get("IO_SECONDS", "2"))
RANDOM_SECONDS = float(os.environ.get("RANDOM_SECONDS", "5"))

app = Flask(__name__)


@app.route("/")
def index():
    return "hello from flask\n"


@app.route("/users/<int:user_id>")
def user(user_id):
    return jsonify(id=user_id)


@app.route("/echo", methods=["POST"])
def echo():
    return Response(request.get_data(), mimetype="application/octet-stream")


@app.route("/stream")
def stream():
    """The length is not known in advance: chunked for an HTTP/1.1 client."""
    return Response(("part %d\n" % i for i in range(10)), mimetype="text/plain")


@app.route("/busy/<int:milliseconds>")
def busy(milliseconds):
    """Returns its own duration, as far as code in the process can measure it."""
    begin = time.perf_counter()
    time.sleep(milliseconds / 1000)
    response = Response("busy\n")
    response.headers["X-Elapsed"] = "%.9f" % (time.perf_counter() - begin)
    return response


@app.route("/teapot")
def teapot():
    abort(418)


@app.route("/broken")
def broken():
    raise RuntimeError("broken on purpose")


@app.route("/io_task")
def io_task():
    time.sleep(IO_SECONDS)
    return "slept\n"


@app.route("/cpu_task")
def cpu_task():
    return "%d\n" % sum(i * i % 7 for i in range(30000))


@app.route("/random_sleep")
def random_sleep():
    time.sleep(random.uniform(0, RANDOM_SECONDS))
    return "slept for a while\n"


@app.route("/random_status")
def random_status():
    """Six of ten responses are 200, one is a server error."""
    status = random.choice([200] * 6 + [300] + [400] * 2 + [500])
    return Response("status %d\n" % status, status=status, mimetype="text/plain")
