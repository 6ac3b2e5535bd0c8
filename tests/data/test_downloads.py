"""Downloads go on where they stopped, and only the right bytes get the right name."""

import hashlib
import http.server
import threading
from contextlib import contextmanager

import pytest

from flowerablate.data.downloads import download
from flowerablate.errors import DataError

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@contextmanager
def serving(*, ranges=True, breaks_after=None):
    """A server of CONTENT; yields its address and the list of ranges that were asked for."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            asked.append(wanted)
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and ranges else 0
            if self.path == "/absent":
                self.send_error(404)
                return
            if start >= len(CONTENT):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(CONTENT) - 1}/{len(CONTENT)}")
            self.send_header("Content-Length", str(len(CONTENT) - start))
            self.end_headers()
            self.wfile.write(CONTENT[start : breaks_after or None])

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def names_in(folder):
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


def test_a_file_is_fetched_once_with_its_progress(tmp_path):
    told = []
    with serving() as (address, asked):
        for _ in range(2):
            target = download(
                f"{address}/a", tmp_path / "new/a.tgz", sha256=SHA256, progress=lambda *what: told.append(what)
            )
    assert target.read_bytes() == CONTENT
    assert asked == [None]
    assert told[-1][1] == told[-1][2]
    assert all(done <= total for _, done, total in told)
    assert names_in(tmp_path / "new") == {"a.tgz"}


def test_a_wrong_checksum_is_named_and_leaves_nothing(tmp_path):
    with serving() as (address, _), pytest.raises(DataError, match=f"SHA-256 checksum {SHA256}, not 00ff"):
        download(f"{address}/a", tmp_path / "a.tgz", sha256="00ff")
    assert not names_in(tmp_path)


def test_a_broken_connection_keeps_the_part_and_the_next_attempt_goes_on(tmp_path):
    with (
        serving(breaks_after=300_000) as (address, _),
        pytest.raises(DataError, match="run the same command again to resume"),
    ):
        download(f"{address}/a", tmp_path / "a.tgz", sha256=SHA256)
    assert names_in(tmp_path) == {"a.tgz.part"}
    have = (tmp_path / "a.tgz.part").stat().st_size
    assert 0 < have <= 300_000
    with serving() as (address, asked):
        assert download(f"{address}/a", tmp_path / "a.tgz", sha256=SHA256).read_bytes() == CONTENT
    assert asked == [f"bytes={have}-"]


@pytest.mark.parametrize(("ranges", "left"), [(False, 1000), (True, len(CONTENT))])
def test_what_is_left_is_right_whatever_the_server_can(tmp_path, ranges, left):
    (tmp_path / "a.tgz.part").write_bytes(CONTENT[:left])
    with serving(ranges=ranges) as (address, _):
        assert download(f"{address}/a", tmp_path / "a.tgz", sha256=SHA256).read_bytes() == CONTENT


def test_what_the_net_refuses_is_said_with_the_cure(tmp_path):
    with serving() as (address, _), pytest.raises(DataError, match=r"cannot download .*Not Found.*give its path"):
        download(f"{address}/absent", tmp_path / "a.tgz", sha256=SHA256)
    with pytest.raises(DataError, match=r"cannot download .*give its path"):
        download(f"{address}/a", tmp_path / "a.tgz", sha256=SHA256)
    with pytest.raises(DataError, match="begins with https"):
        download("file:///etc/passwd", tmp_path / "a.tgz", sha256=SHA256)
    assert not names_in(tmp_path)
