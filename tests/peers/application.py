"""What the peers ask for."""

from __future__ import annotations

from typing import Any

from whirlwind import gen, web


class Hello(web.RequestHandler):
    def get(self) -> None:
        self.write("Hello")

    head = get


class Echo(web.RequestHandler):
    def post(self) -> None:
        self.set_header("Content-Type", "application/octet-stream")
        self.write(self.request.body)

    put = post


class Form(web.RequestHandler):
    def post(self) -> None:
        (file,) = self.request.files["file"]
        self.write(
            {
                "name": self.get_body_argument("name"),
                "filename": file.filename,
                "type": file.content_type,
                "size": len(file.body),
            }
        )


class Pieces(web.RequestHandler):
    @gen.coroutine
    def get(self) -> Any:
        for number in range(100):
            self.write(b"%02d" % number * 500)
            yield self.flush()


class Counter(web.RequestHandler):
    def get(self) -> None:
        count = int(self.get_cookie("count", "0") or 0) + 1
        self.set_cookie("count", str(count))
        self.write(str(count))


class Peer(web.RequestHandler):
    def get(self) -> None:
        request = self.request
        self.write(f"{request.protocol} {request.remote_ip} {request.host} {request.version}")


class Certificate(web.RequestHandler):
    def get(self) -> None:
        certificate = self.request.get_ssl_certificate()
        self.write({"subject": certificate["subject"] if isinstance(certificate, dict) else None})


@web.stream_request_body
class Count(web.RequestHandler):
    def prepare(self) -> None:
        self.count = 0

    def data_received(self, chunk: bytes) -> None:
        self.count += len(chunk)

    def post(self) -> None:
        self.write(str(self.count))

    put = post


PIECES = b"".join(b"%02d" % number * 500 for number in range(100))


def application(**settings: Any) -> web.Application:
    settings.setdefault("log_function", lambda handler: None)
    return web.Application(
        [
            ("/", Hello),
            ("/echo", Echo),
            ("/form", Form),
            ("(?:/unbuffered)?/pieces", Pieces),
            ("/counter", Counter),
            ("/peer", Peer),
            ("/certificate", Certificate),
            ("(?:/unbuffered)?/count", Count),
            ("/old", web.RedirectHandler, {"url": "/"}),
        ],
        **settings,
    )
