# SPDX-License-Identifier: BSD-2-Clause OR GPL-2.0-only
"""asgi_app.py - says ok to everything, under uvicorn.  It must not know redtap."""


async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body",
                "body": b"" if scope["method"] == "HEAD" else b"ok"})
