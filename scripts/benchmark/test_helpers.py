"""Does the loader see every wrong answer, and does the upstream say what was asked? `python3 -m unittest discover scripts/benchmark`"""

import contextlib
import json
import socket
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmark.programs import BUILD, compile_helpers  # noqa: E402

JSON_BODY = b'{"choices":[],"usage":{"total_tokens":1}}'
EVENTS = [b'data: {"choices":[]}\n\n', b': a comment\n\n', b'data: {"usage":{"total_tokens":1}}\n\n', b"data: [DONE]\n\n"]


def plain(body, status=b"200 OK"):
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


def stream(events, end=b"0\r\n\r\n"):
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(e), e) for e in events)
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + end


class Scripted:
    """Answers every request with the same bytes, cut into writes of `piece` bytes; closes afterwards if asked."""

    def __init__(self, answer, piece=1 << 16, delay=0.0, closes=False):
        self.answer, self.piece, self.delay, self.closes = answer, piece, delay, closes
        self.answered, self.lock = 0, threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with contextlib.suppress(OSError), peer, peer.makefile("rb") as request:
            while (length := self.body_length(request)) is not None:
                request.read(length)
                with self.lock:
                    self.answered += 1
                time.sleep(self.delay)
                for at in range(0, len(self.answer), self.piece):
                    peer.sendall(self.answer[at:at + self.piece])
                if self.closes:
                    return

    @staticmethod
    def body_length(request):
        length = None
        while (line := request.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return length

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()


def load(url, *options):
    done = subprocess.run([BUILD / "loader", "--url", url, "--warmup=0", "--seconds=5", "--connections=2", "--open-limit=5", *options],
                          capture_output=True, text=True, timeout=30)
    return done.returncode, json.loads(done.stdout)


class LoaderTest(unittest.TestCase):
    def accepts(self, answer, *options, **script):
        with Scripted(answer, **script) as server:
            code, report = load(server.url, "--requests=10", *options)
        self.assertEqual((code, report["failures"], report["requests"]), (0, 0, 10), report)

    def refuses(self, answer, why, *options, **script):
        with Scripted(answer, **script) as server:
            code, report = load(server.url, "--requests=10", *options)
        self.assertEqual(code, 1)
        self.assertIn(why, report["first_failure"])

    def test_right_answers_however_they_are_cut(self):
        for piece in (1, 2, 3, 7, 1 << 16):
            self.accepts(plain(JSON_BODY), piece=piece)
            self.accepts(stream(EVENTS), "--stream=chunks=2", piece=piece)

    def test_wrong_answers(self):
        self.refuses(plain(b'{"error":{"code":"overloaded"}}', b"503 Service Unavailable"), "overloaded")
        self.refuses(plain(b'{"choices":[]}'), "no usage")
        self.refuses(plain(JSON_BODY)[:-5], "closed before the answer was complete", closes=True)
        self.refuses(plain(JSON_BODY) + b"more", "bytes")
        self.refuses(b"SSH-2.0\r\n\r\n", "malformed")

    def test_refusals_are_counted_apart(self):
        refusal = plain(b"{}", b"503 Service Unavailable\r\nRetry-After: 1")
        with Scripted(refusal) as server:
            code, report = load(server.url, "--seconds=0.5", "--refusals")
        self.assertEqual((code, report["failures"], report["requests"]), (0, 0, 0), report)
        self.assertGreater(report["refused"], 10)
        self.assertEqual(report["refusal"]["count"], report["refused"])
        self.refuses(refusal, "503")
        self.refuses(plain(b"{}", b"503 Service Unavailable"), "503", "--refusals")

    def test_wrong_streams(self):
        shape = "--stream=chunks=2"
        self.refuses(stream(EVENTS[:-1]), "without [DONE]", shape)
        self.refuses(stream([EVENTS[0], EVENTS[0], EVENTS[-1]]), "without usage", shape)
        self.refuses(stream(EVENTS), "lost events", "--stream=chunks=3")
        self.refuses(stream(EVENTS, end=b""), "closed before", shape, closes=True)
        self.refuses(stream(EVENTS, end=b"zz\r\n"), "malformed", shape)
        self.refuses(plain(JSON_BODY), "not an event stream", shape)

    def test_latency_counts_from_the_schedule(self):
        # 100 requests/s for a server that takes 50 ms on one connection: the tenth answer is already 400 ms late.
        with Scripted(plain(JSON_BODY), delay=0.05) as server:
            code, report = load(server.url, "--mode=open", "--rate=100", "--connections=1", "--requests=10")
        self.assertEqual((code, report["requests"]), (0, 10))
        self.assertGreater(report["latency"]["max"], 300_000)

    def test_requests_that_found_no_connection_are_told(self):
        with Scripted(plain(JSON_BODY), delay=0.05) as server:
            _, report = load(server.url, "--mode=open", "--rate=200", "--connections=1", "--seconds=1")
        self.assertGreater(report["backlog"], 50)

    def test_exactly_as_many_requests_as_asked(self):
        with Scripted(plain(JSON_BODY)) as server:
            code, report = load(server.url, "--requests=25", "--connections=7")
            time.sleep(0.1)
        self.assertEqual((code, report["requests"], server.answered), (0, 25, 25))

    def test_cpu_time_of_children_counts(self):
        busy = subprocess.Popen(["sh", "-c", f"{sys.executable} -c 'while True: pass' & echo $!; wait"], stdout=subprocess.PIPE, text=True)
        child = int(busy.stdout.readline())
        try:
            with Scripted(plain(JSON_BODY)) as server:
                _, report = load(server.url, "--seconds=0.5", f"--account={busy.pid}")
        finally:
            subprocess.run(["kill", str(child)], check=True)
            busy.wait()
            busy.stdout.close()
        self.assertGreater(report["cpu_seconds"], 0.02)
        self.assertGreater(report["rss_after_kib"], 4000)


class UpstreamTest(unittest.TestCase):
    def setUp(self):
        self.process = subprocess.Popen([BUILD / "upstream", "--port=0", "--reply-bytes=850"], stdout=subprocess.PIPE, text=True)
        self.url = f"http://127.0.0.1:{self.process.stdout.readline().split()[1]}"

    def tearDown(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()

    def ask(self, body):
        port = int(self.url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as peer:
            peer.sendall(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            with peer.makefile("rb") as reply:
                head = {}
                while (line := reply.readline()) != b"\r\n":
                    name, _, value = line.partition(b":")
                    head[name.lower()] = value.strip()
                if b"content-length" in head:
                    return reply.read(int(head[b"content-length"]))
                chunks = []
                while size := int(reply.readline(), 16):
                    chunks.append(reply.read(size))
                    reply.readline()
                return chunks

    def test_plain_reply_has_its_size_and_usage(self):
        body = self.ask(b'{"model":"m"}')
        self.assertEqual(len(body), 850)
        self.assertEqual(json.loads(body)["usage"]["total_tokens"], 168)

    def test_stream_has_its_shape(self):
        chunks = self.ask(b'{"stream":true,"messages":[{"role":"user","content":"chunks=7,size=333,interval_us=1000"}]}')
        self.assertEqual([len(c) for c in chunks[:-1]], [333] * 7)
        for event in chunks[0].decode().split("\n\n")[:-1]:
            json.loads(event.removeprefix("data: "))
        self.assertTrue(chunks[-1].endswith(b"data: [DONE]\n\n"))

    def test_large_bodies_and_reused_connections(self):
        code, report = load(self.url, "--requests=200", "--body-bytes=65536")
        self.assertEqual((code, report["requests"], report["reconnects"]), (0, 200, 0))

    def test_held_streams_stay_alive(self):
        code, report = load(self.url, "--mode=hold", "--connections=50", "--seconds=0.5", "--stream=chunks=1000,interval_us=100000")
        self.assertEqual((code, report["alive"], report["stalled"]), (0, 50, 0))


def setUpModule():
    compile_helpers()


if __name__ == "__main__":
    unittest.main()
