"""SPDY frames: what one side writes the other side reads, whatever way the bytes are cut."""

import struct

import pytest

from kubesim.httpd.streams import spdy


def test_headers_survive_compression_with_shared_state():
    client, server = spdy.Codec(), spdy.Codec()
    for number, kind in ((1, "error"), (3, "data"), (5, "error")):
        (frame,) = server.feed(client.open(number, {"streamtype": kind, "port": "80", "requestid": str(number)}))
        assert (frame.kind, frame.stream) == (spdy.SYN_STREAM, number)
        assert frame.headers == {"streamtype": kind, "port": "80", "requestid": str(number)}
        (reply,) = client.feed(server.reply(number))
        assert (reply.kind, reply.stream, dict(reply.headers)) == (spdy.SYN_REPLY, number, {})


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
def test_frames_may_be_cut_anywhere(size: int):
    client, server = spdy.Codec(), spdy.Codec()
    stream = client.open(1, {"streamtype": "stdin"}) + spdy.data(1, b"hello", fin=True) + spdy.ping(9) + spdy.goaway(1)
    frames = [frame for at in range(0, len(stream), size) for frame in server.feed(stream[at : at + size])]
    assert [frame.kind for frame in frames] == [spdy.SYN_STREAM, spdy.DATA, spdy.PING, spdy.GOAWAY]
    assert (frames[1].data, frames[1].fin, frames[2].value) == (b"hello", True, 9)


def test_long_data_is_split_and_only_the_last_frame_ends():
    frames = spdy.Codec().feed(spdy.data(3, b"x" * (spdy.CHUNK * 2 + 1), fin=True))
    assert [(len(frame.data), frame.fin) for frame in frames] == [(spdy.CHUNK, False), (spdy.CHUNK, False), (1, True)]
    assert [frame.fin for frame in spdy.Codec().feed(spdy.data(3, b"", fin=True))] == [True]
    assert spdy.data(3, b"") == b""


@pytest.mark.parametrize(
    "data",
    [
        struct.pack("!HHI", 0x8002, spdy.PING, 4) + b"\0\0\0\1",
        struct.pack("!HHI", spdy.CONTROL, spdy.SYN_STREAM, 12) + b"\0\0\0\1" + b"\xff" * 8,
        struct.pack("!HHI", spdy.CONTROL, spdy.PING, 0),
        struct.pack("!II", 1, 0xFFFFFF),
    ],
    ids=["version", "headers", "short", "huge"],
)
def test_nonsense_is_refused(data: bytes):
    with pytest.raises(spdy.SpdyError):
        spdy.Codec().feed(data + b"\0" * 8)


def test_reset_names_the_stream():
    (frame,) = spdy.Codec().feed(spdy.reset(7))
    assert (frame.kind, frame.stream, frame.value) == (spdy.RST_STREAM, 7, spdy.CANCEL)
