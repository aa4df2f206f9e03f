# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""A plain Flask application: no metrics, no middleware.

Input: requests.  Output: responses, some slow, some errors.  It must not know that
it is observed.
"""

import random
import time

from flask import Flask

app = Flask(__name__)

STATUSES = [200, 200, 200, 200, 200, 200, 300, 400, 400, 500]


@app.route("/")
def index():
    return "hello from flask\n"


@app.route("/io_task")
def io_task():
    """Waits for something slow elsewhere."""
    time.sleep(2)
    return "io task done\n"


@app.route("/cpu_task")
def cpu_task():
    total = 0
    for number in range(10000):
        total += number * number % 7
    return "cpu task done: %d\n" % total


@app.route("/random_sleep")
def random_sleep():
    time.sleep(random.uniform(0, 5))
    return "random sleep done\n"


@app.route("/random_status")
def random_status():
    status = random.choice(STATUSES)
    return "status %d\n" % status, status
