# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A plain Flask application, as people write them: no metrics, no middleware.

Input: requests.  Output: answers whose sizes a test can know.  It must not
know that anybody watches.
"""

import time

from flask import Flask, Response, abort, jsonify, request

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
    """No length is known beforehand: chunked to an HTTP/1.1 client."""
    return Response(("part %d\n" % i for i in range(10)), mimetype="text/plain")


@app.route("/busy/<int:milliseconds>")
def busy(milliseconds):
    """Says itself how long it took: all that code in the process can know."""
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
