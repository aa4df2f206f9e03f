# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""The same Flask application, instrumented by hand, which redtap makes unnecessary.

Input: requests; STATSD_HOST, STATSD_PORT and APP_NAME in the environment.
Output: for each request a counter and a timer over UDP, named as redtap's
--metrics flask names them.  Times are as the application can see them: from its
first function to its last.
"""

import os
import socket
import time

from flask import g, request

from flask_app import app

DESTINATION = (os.environ["STATSD_HOST"], int(os.environ["STATSD_PORT"]))
APP_NAME = os.environ["APP_NAME"]

sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def send(line):
    sock.sendto(line.encode(), DESTINATION)


@app.before_request
def begin():
    g.begin = time.perf_counter()


@app.after_request
def end(response):
    duration_ms = (time.perf_counter() - g.begin) * 1000
    tags = "app_name:%s,method:%s,endpoint:%s" % (APP_NAME, request.method, request.path)
    send("flask.request_status_total:1|c|#%s,status:%d" % (tags, response.status_code))
    send("flask.request_duration_seconds:%f|ms|#%s" % (duration_ms, tags))
    return response
