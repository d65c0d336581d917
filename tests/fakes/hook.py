"""A portal's hook that only keeps what is posted to it."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue


class Hook:
    """A portal that keeps the notices posted to it; it answers 500 to the first `failing`."""

    def __init__(self) -> None:
        self.failing = 0
        self.posts: Queue[tuple[str, dict[str, str], bytes]] = Queue()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hook.posts.put((self.path, dict(self.headers), body))
                hook.failing -= 1
                self.send_response(500 if hook.failing >= 0 else 200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def next(self) -> tuple[str, dict[str, str], bytes]:
        return self.posts.get(timeout=20)

    def none_more(self) -> bool:
        """Once the threads that deliver have ended."""
        for thread in threading.enumerate():
            if thread.name.startswith("notice of"):
                thread.join(timeout=20)
        try:
            self.posts.get_nowait()
        except Empty:
            return True
        return False

    def all(self) -> list[tuple[dict[str, str], bytes]]:
        """What came until now."""
        came = []
        while not self.posts.empty():
            _path, headers, body = self.posts.get()
            came.append((headers, body))
        return came
