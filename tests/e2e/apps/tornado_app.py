# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""tornado_app.py PORT - says ok to everything.  It must not know redtap."""
import sys

import tornado.httpserver
import tornado.httputil
import tornado.ioloop


def answer(request):
    request.connection.write_headers(
        tornado.httputil.ResponseStartLine("HTTP/1.1", 200, "OK"),
        tornado.httputil.HTTPHeaders({"Content-Length": "2"}),
        b"" if request.method == "HEAD" else b"ok")
    request.connection.finish()


server = tornado.httpserver.HTTPServer(answer)
server.listen(int(sys.argv[1]), "127.0.0.1")
tornado.ioloop.IOLoop.current().start()
