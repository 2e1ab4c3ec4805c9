"""h2spec's cases (generic, http2 and hpack) as tests of ours, each under h2spec's own number.

A case takes a function that opens a connection: `open()` with our preface and settings sent, or
with other first bytes."""

import struct

from .h2 import *  # noqa: F403: a vocabulary

CASES = {}
LARGEST = 0x7fffffff


def case(*numbers):
    def note(test):
        for number_ in numbers:
            assert number_ not in CASES, number_
            CASES[number_] = test
        return test
    return note


def refuses(number_, what, *errors, of=None):
    """What is sent ends the connection, or the stream `of`, with one of these errors."""
    def test(open):
        with open() as c:
            c.send(what(c))
            c.refused(of, *errors) if of else c.went_away(*errors)
    case(number_)(test)


def answers(number_, what, status=200, stream=1):
    def test(open):
        with open() as c:
            c.send(what(c))
            assert c.status(stream) == status
            c.ping()
    case(number_)(test)


def stays(number_, what):
    """What is sent is passed over."""
    def test(open):
        with open() as c:
            c.send(what(c))
            c.ping()
            c.send(c.headers(LARGEST - 2))
            assert c.status(LARGEST - 2) == 200
    case(number_)(test)


def rst(stream, error=CANCEL):
    return frame(RST_STREAM, 0, stream, struct.pack(">I", error))


def window(stream, by=1):
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", by))


def priority(stream, on=0, weight=15, exclusive=False):
    return frame(PRIORITY, 0, stream, struct.pack(">IB", on | (exclusive << 31), weight))


def data(stream, payload=b"test", end=True, **options):
    return frame(DATA, END_STREAM if end else 0, stream, payload, **options)


def headers_with(c, *more, stream=1, end=True):
    return c.headers(stream, c.fields("GET", "/", *more), end)


def post(c, *more, stream=1):
    return c.headers(stream, c.fields("POST", "/", *more), end=False)


def raw_headers(c, payload, stream=1, flags=END_HEADERS | END_STREAM):
    return frame(HEADERS, flags, stream, payload)


# generic/1, generic/2: connections and streams

@case("generic/1/1", "http2/3.5/1")
def preface(open):
    with open() as c:
        got = c.read()
        assert got.kind == SETTINGS and not got.flags & ACK, got


stays("generic/2/1", lambda c: priority(1))
stays("generic/2/2", lambda c: c.headers(1) + window(1))
stays("generic/2/3", lambda c: c.headers(1) + priority(1))
stays("generic/2/4", lambda c: c.headers(1) + rst(1))


@case("generic/2/5")
def priority_on_closed(open):
    with open() as c:
        c.send(c.headers(1))
        c.body(1)
        c.send(priority(1))
        c.ping()


# generic/3: frames as they should be

answers("generic/3.1/1", lambda c: post(c) + data(1))
answers("generic/3.1/2", lambda c: post(c) + data(1, end=False) + data(1))
answers("generic/3.1/3", lambda c: post(c) + frame(DATA, END_STREAM | PADDED, 1,
                                                   b"\x06test" + bytes(6)))
answers("generic/3.2/1", lambda c: c.headers(1))
answers("generic/3.2/2", lambda c: raw_headers(c, b"\x06" + block(c.fields()) + bytes(6),
                                               flags=END_HEADERS | END_STREAM | PADDED))
answers("generic/3.2/3", lambda c: raw_headers(c, struct.pack(">IB", 0, 255) + block(c.fields()),
                                               flags=END_HEADERS | END_STREAM | PRIORITIZED))
answers("generic/3.3/1", lambda c: priority(1, weight=0) + c.headers(1))
answers("generic/3.3/2", lambda c: priority(1, weight=255) + c.headers(1))
answers("generic/3.3/3", lambda c: priority(1, on=3) + c.headers(1))
answers("generic/3.3/4", lambda c: priority(1, on=3, exclusive=True) + c.headers(1))
answers("generic/3.3/5", lambda c: priority(5) + c.headers(1))
stays("generic/3.4/1", lambda c: c.headers(1) + rst(1))
stays("generic/3.5/1", lambda c: settings((3, 100)))
case("generic/3.7/1")(lambda open: pings(open))


def pings(open):
    with open() as c:
        c.ping(b"generic3")


@case("generic/3.8/1")
def goaway_then_end(open):
    with open() as c:
        c.send(frame(GOAWAY, 0, 0, struct.pack(">II", 0, NO_ERROR)))
        while c.read():
            pass


stays("generic/3.9/1", lambda c: window(0))
answers("generic/3.9/2", lambda c: post(c) + window(1) + data(1))


def continued(c, pieces):
    first, *rest = [block(c.fields("GET", "/", *[(f"x-{i}", "y")])) if i == 0 else
                    literal(f"x-{i}", "y") for i in range(pieces)]
    frames = [frame(HEADERS, END_STREAM, 1, first)]
    frames += [frame(CONTINUATION, 0, 1, piece) for piece in rest[:-1]]
    return b"".join(frames) + frame(CONTINUATION, END_HEADERS, 1, rest[-1])


answers("generic/3.10/1", lambda c: continued(c, 2))
answers("generic/3.10/2", lambda c: continued(c, 3))

# generic/4: messages

answers("generic/4/1", lambda c: c.headers(1))
answers("generic/4/2", lambda c: c.headers(1, c.fields("HEAD")))
answers("generic/4/3", lambda c: post(c) + data(1))
answers("generic/4/4", lambda c: post(c, ("trailer", "x-test")) + data(1, end=False) +
        c.headers(1, [("x-test", "ok")]))

# generic/5: HPACK


def with_field(*parts):
    return lambda c: raw_headers(c, block(c.fields()) + b"".join(parts))


def huffman(coded):
    return bytes((0x80 | len(coded),)) + coded


# "custom-key", "custom-value" and "no-cache" of RFC 7541, appendix C.4
KEY, VALUE = bytes.fromhex("25a849e95ba97d7f"), bytes.fromhex("25a849e95bb8e8b4bf")
CACHE = bytes.fromhex("a8eb10649cbf")
answers("generic/5/1", lambda c: raw_headers(c, b"\x82" + (b"\x87" if c.scheme == "https" else
                                             b"\x86") + b"\x84" + literal(":authority", c.host)))
answers("generic/5/2", with_field(b"\x58", text("no-cache")))
answers("generic/5/3", with_field(b"\x58", huffman(CACHE)))
answers("generic/5/4", with_field(b"\x40", text("custom-key"), text("custom-value")))
answers("generic/5/5", with_field(b"\x40", huffman(KEY), huffman(VALUE)))
answers("generic/5/6", with_field(b"\x0f\x09", text("no-cache")))
answers("generic/5/7", with_field(b"\x0f\x09", huffman(CACHE)))
answers("generic/5/8", with_field(b"\x00", text("custom-key"), text("custom-value")))
answers("generic/5/9", with_field(b"\x00", huffman(KEY), huffman(VALUE)))
answers("generic/5/10", with_field(b"\x1f\x09", text("no-cache")))
answers("generic/5/11", with_field(b"\x1f\x09", huffman(CACHE)))
answers("generic/5/12", with_field(b"\x10", text("custom-key"), text("custom-value")))
answers("generic/5/13", with_field(b"\x10", huffman(KEY), huffman(VALUE)))
answers("generic/5/14", lambda c: raw_headers(c, number(30, 5, 0x20) + block(c.fields())))
answers("generic/5/15", lambda c: raw_headers(c, number(128, 5, 0x20) + number(4096, 5, 0x20) +
                                              block(c.fields())))

# hpack

refuses("hpack/2.3.3/1", with_field(number(70, 7, 0x80)), COMPRESSION_ERROR)
refuses("hpack/2.3.3/2", with_field(number(70, 6, 0x40), text("x")), COMPRESSION_ERROR)
refuses("hpack/4.2/1", with_field(b"\x21"), COMPRESSION_ERROR)
refuses("hpack/5.2/1", with_field(b"\x00", text("x-test"),
                                  huffman(b"\x1c\x64\x02\xcb\xff\xff\xff")), COMPRESSION_ERROR)
refuses("hpack/5.2/2", with_field(b"\x00", text("x-test"), huffman(b"\x18")), COMPRESSION_ERROR)
refuses("hpack/5.2/3", with_field(b"\x00", text("x-test"), huffman(b"\xff\xff\xff\xff")),
        COMPRESSION_ERROR)
refuses("hpack/6.1/1", with_field(b"\x80"), COMPRESSION_ERROR)
refuses("hpack/6.3/1", lambda c: raw_headers(c, number(4097, 5, 0x20) + block(c.fields())),
        COMPRESSION_ERROR)

# http2/3.5, 4: the preface, frames


@case("http2/3.5/2")
def no_preface(open):
    try:
        with open(b"INVALID CONNECTION PREFACE\r\n\r\n") as c:
            while c.socket.recv(4096):
                pass
    except OSError:
        pass


stays("http2/4.1/1", lambda c: frame(22, 0, 0, bytes(8)))


@case("http2/4.1/2")
def undefined_flags(open):
    with open() as c:
        c.send(frame(PING, 0x16, 0, bytes(8)))
        assert c.until(lambda f: f.kind == PING and f.flags & ACK)


@case("http2/4.1/3")
def reserved_bit(open):
    with open() as c:
        c.send(frame(PING, 0, 1 << 31, bytes(8)))
        assert c.until(lambda f: f.kind == PING and f.flags & ACK)


answers("http2/4.2/1", lambda c: post(c) + data(1, bytes(1 << 14)))
refuses("http2/4.2/2", lambda c: post(c) + data(1, bytes((1 << 14) + 1)), FRAME_SIZE_ERROR, of=1)
refuses("http2/4.2/3", lambda c: raw_headers(c, block(c.fields()) + literal("x", "y" * (1 << 14))),
        FRAME_SIZE_ERROR)
refuses("http2/4.3/1", lambda c: raw_headers(c, b"\x40\x01x\x7f\x01"), COMPRESSION_ERROR)
refuses("http2/4.3/2", lambda c: c.headers(1, flags=0) + priority(1), PROTOCOL_ERROR)
refuses("http2/4.3/3", lambda c: c.headers(1, flags=0) + c.headers(3), PROTOCOL_ERROR)

# http2/5: streams

refuses("http2/5.1/1", lambda c: data(1), PROTOCOL_ERROR, STREAM_CLOSED)
refuses("http2/5.1/2", lambda c: rst(1), PROTOCOL_ERROR)
refuses("http2/5.1/3", lambda c: window(1), PROTOCOL_ERROR)
refuses("http2/5.1/4", lambda c: frame(CONTINUATION, END_HEADERS, 1, b""), PROTOCOL_ERROR)
refuses("http2/5.1/5", lambda c: c.headers(1) + data(1), STREAM_CLOSED, of=1)
refuses("http2/5.1/6", lambda c: c.headers(1) + c.headers(1), STREAM_CLOSED, of=1)
refuses("http2/5.1/7", lambda c: c.headers(1) + frame(CONTINUATION, END_HEADERS, 1, b""),
        STREAM_CLOSED, PROTOCOL_ERROR, of=1)


def after_reset(number_, what):
    """A closed stream: refused, or passed over where it may have crossed our reset."""
    def test(open):
        with open() as c:
            c.send(post(c), rst(1), what(c))
            c.send(frame(PING, 0, 0, b"12345678"))
            got = c.until(lambda f: f.kind in (GOAWAY, PING, RST_STREAM))
            assert got is None or got.kind == PING or got.error in (STREAM_CLOSED,
                                                                    PROTOCOL_ERROR), got
    case(number_)(test)


after_reset("http2/5.1/8", lambda c: data(1))
refuses("http2/5.1/9", lambda c: post(c) + rst(1) + c.headers(1), STREAM_CLOSED, of=1)
refuses("http2/5.1/10", lambda c: post(c) + rst(1) + frame(CONTINUATION, END_HEADERS, 1, b""),
        STREAM_CLOSED, PROTOCOL_ERROR, of=1)


def after_answer(number_, what, *errors):
    def test(open):
        with open() as c:
            c.send(c.headers(1))
            c.body(1)
            c.send(what(c))
            c.refused(1, *errors)
    case(number_)(test)


after_answer("http2/5.1/11", lambda c: data(1), STREAM_CLOSED, PROTOCOL_ERROR)
after_answer("http2/5.1/12", lambda c: c.headers(1), STREAM_CLOSED, PROTOCOL_ERROR)
after_answer("http2/5.1/13", lambda c: frame(CONTINUATION, END_HEADERS, 1, b""), STREAM_CLOSED,
             PROTOCOL_ERROR)
refuses("http2/5.1.1/1", lambda c: c.headers(2), PROTOCOL_ERROR)
refuses("http2/5.1.1/2", lambda c: c.headers(5) + c.headers(3), PROTOCOL_ERROR, STREAM_CLOSED)


@case("http2/5.1.2/1")
def too_many_streams(open):
    with open() as c:
        got = c.until(lambda f: f.kind == SETTINGS and not f.flags & ACK)
        values = dict(struct.unpack(">HI", got.payload[i:i + 6])
                      for i in range(0, len(got.payload), 6))
        most = values[3]
        c.send(*[post(c, stream=2 * i + 1) for i in range(most + 1)])
        c.refused(2 * most + 1, REFUSED_STREAM, PROTOCOL_ERROR)


def itself(stream):
    return struct.pack(">IB", stream, 15)


refuses("http2/5.3.1/1", lambda c: raw_headers(c, itself(1) + block(c.fields()),
                                               flags=END_HEADERS | END_STREAM | PRIORITIZED),
        PROTOCOL_ERROR, of=1)
# RFC 9113 section 5.3.2 has done away with dependencies: the frame means nothing any more.
stays("http2/5.3.1/2", lambda c: priority(2, on=2))
refuses("http2/5.4.1/1", lambda c: frame(PING, 0, 3, bytes(8)), PROTOCOL_ERROR)


@case("http2/5.4.1/2")
def goaway_names_the_last_stream(open):
    with open() as c:
        c.send(c.headers(1))
        c.body(1)
        c.send(frame(PING, 0, 3, bytes(8)))
        got = c.until(lambda f: f.kind == GOAWAY)
        assert got is None or struct.unpack(">I", got.payload[:4])[0] == 1, got


stays("http2/5.5/1", lambda c: frame(0x16, 0, 0, b""))
refuses("http2/5.5/2", lambda c: c.headers(1, flags=0) + frame(0x16, 0, 0, b""), PROTOCOL_ERROR)

# http2/6: frames as they should not be

refuses("http2/6.1/1", lambda c: data(0), PROTOCOL_ERROR)
refuses("http2/6.1/2", lambda c: c.headers(1) + data(1), STREAM_CLOSED, of=1)
refuses("http2/6.1/3", lambda c: post(c) + frame(DATA, END_STREAM | PADDED, 1, b"\x06test"),
        PROTOCOL_ERROR)
refuses("http2/6.2/1", lambda c: c.headers(1, flags=0) + priority(1), PROTOCOL_ERROR)
refuses("http2/6.2/2", lambda c: c.headers(1, flags=0) + c.headers(3), PROTOCOL_ERROR)
refuses("http2/6.2/3", lambda c: c.headers(0), PROTOCOL_ERROR)
refuses("http2/6.2/4", lambda c: raw_headers(c, b"\xff" + block(c.fields()),
                                             flags=END_HEADERS | END_STREAM | PADDED),
        PROTOCOL_ERROR)
refuses("http2/6.3/1", lambda c: priority(0), PROTOCOL_ERROR)
refuses("http2/6.3/2", lambda c: c.headers(1) + frame(PRIORITY, 0, 1, bytes(4)), FRAME_SIZE_ERROR,
        of=1)
refuses("http2/6.4/1", lambda c: rst(0), PROTOCOL_ERROR)
refuses("http2/6.4/2", lambda c: rst(1), PROTOCOL_ERROR)
refuses("http2/6.4/3", lambda c: post(c) + frame(RST_STREAM, 0, 1, bytes(3)), FRAME_SIZE_ERROR)
refuses("http2/6.5/1", lambda c: frame(SETTINGS, ACK, 0, b"\0"), FRAME_SIZE_ERROR)
refuses("http2/6.5/2", lambda c: frame(SETTINGS, 0, 1, b""), PROTOCOL_ERROR)
refuses("http2/6.5/3", lambda c: frame(SETTINGS, 0, 0, bytes(3)), FRAME_SIZE_ERROR)
refuses("http2/6.5.2/1", lambda c: settings((2, 2)), PROTOCOL_ERROR)
refuses("http2/6.5.2/2", lambda c: settings((4, 1 << 31)), FLOW_CONTROL_ERROR)
refuses("http2/6.5.2/3", lambda c: settings((5, (1 << 14) - 1)), PROTOCOL_ERROR)
refuses("http2/6.5.2/4", lambda c: settings((5, 1 << 24)), PROTOCOL_ERROR)
stays("http2/6.5.2/5", lambda c: settings((0xff, 1)))


@case("http2/6.5.3/1")
def the_last_value_counts(open):
    with open() as c:
        c.send(settings((4, 100), (4, 1)), c.headers(1))
        got = c.until(lambda f: f.kind == DATA)
        assert len(got.payload) == 1, got


@case("http2/6.5.3/2")
def settings_are_acknowledged(open):
    with open() as c:
        assert c.until(lambda f: f.kind == SETTINGS and f.flags & ACK)
        c.send(settings())
        assert c.until(lambda f: f.kind == SETTINGS and f.flags & ACK)


case("http2/6.7/1")(pings)


@case("http2/6.7/2")
def no_answer_to_an_answer(open):
    with open() as c:
        c.send(frame(PING, ACK, 0, b"invalid!"))
        c.send(frame(PING, 0, 0, b"valid!!!"))
        got = c.until(lambda f: f.kind == PING)
        assert got.payload == b"valid!!!", got


refuses("http2/6.7/3", lambda c: frame(PING, 0, 1, bytes(8)), PROTOCOL_ERROR)
refuses("http2/6.7/4", lambda c: frame(PING, 0, 0, bytes(6)), FRAME_SIZE_ERROR)
refuses("http2/6.8/1", lambda c: frame(GOAWAY, 0, 1, bytes(8)), PROTOCOL_ERROR)
refuses("http2/6.9/1", lambda c: window(0, 0), PROTOCOL_ERROR)
refuses("http2/6.9/2", lambda c: post(c) + window(1, 0), PROTOCOL_ERROR, of=1)
refuses("http2/6.9/3", lambda c: frame(WINDOW_UPDATE, 0, 0, bytes(3)), FRAME_SIZE_ERROR)


@case("http2/6.9.1/1")
def a_window_of_one_byte(open):
    with open() as c:
        c.send(settings((4, 1)), c.headers(1))
        got = c.until(lambda f: f.kind == DATA)
        assert len(got.payload) == 1, got


refuses("http2/6.9.1/2", lambda c: window(0, LARGEST) + window(0, LARGEST), FLOW_CONTROL_ERROR)
refuses("http2/6.9.1/3", lambda c: post(c) + window(1, LARGEST) + window(1, LARGEST),
        FLOW_CONTROL_ERROR, of=1)


@case("http2/6.9.2/1")
def a_window_that_opens_later(open):
    with open() as c:
        c.send(settings((4, 0)), c.headers(1))
        assert c.status(1) == 200
        c.ping()
        c.send(settings((4, 1)))
        got = c.until(lambda f: f.kind == DATA)
        assert len(got.payload) == 1, got


@case("http2/6.9.2/2")
def a_negative_window(open):
    with open() as c:
        c.send(settings((4, 3)), c.headers(1))
        got = c.until(lambda f: f.kind == DATA)
        assert len(got.payload) == 3, got
        c.send(settings((4, 2)), window(1, 2))
        got = c.until(lambda f: f.kind == DATA)
        assert len(got.payload) == 1, got


refuses("http2/6.9.2/3", lambda c: settings((4, 1 << 31)), FLOW_CONTROL_ERROR)
answers("http2/6.10/1", lambda c: continued(c, 4))
refuses("http2/6.10/2", lambda c: c.headers(1, flags=0) + frame(CONTINUATION, 0, 1, b"") + data(1),
        PROTOCOL_ERROR)
refuses("http2/6.10/3", lambda c: c.headers(1, flags=0) + frame(CONTINUATION, END_HEADERS, 0, b""),
        PROTOCOL_ERROR)
refuses("http2/6.10/4", lambda c: c.headers(1) + frame(CONTINUATION, END_HEADERS, 1, b""),
        PROTOCOL_ERROR, STREAM_CLOSED)
refuses("http2/6.10/5", lambda c: continued(c, 2) + frame(CONTINUATION, END_HEADERS, 1, b""),
        PROTOCOL_ERROR, STREAM_CLOSED)
refuses("http2/6.10/6", lambda c: post(c) + data(1, end=False) +
        frame(CONTINUATION, END_HEADERS, 1, b""), PROTOCOL_ERROR)

# http2/7: errors

case("http2/7/1")(lambda open: unknown_goaway(open))


def unknown_goaway(open):
    with open() as c:
        c.send(frame(GOAWAY, 0, 0, struct.pack(">II", 0, 0xff)))
        while c.read():
            pass


stays("http2/7/2", lambda c: post(c) + rst(1, 0xff))

# http2/8: messages as they should not be

refuses("http2/8.1/1", lambda c: post(c) + data(1, end=False) +
        c.headers(1, [("x-test", "ok")], end=False), PROTOCOL_ERROR, of=1)
refuses("http2/8.1.2/1", lambda c: headers_with(c, ("X-TEST", "ok")), PROTOCOL_ERROR, of=1)
refuses("http2/8.1.2.1/1", lambda c: c.headers(1, [(":test", "ok"), *c.fields()]), PROTOCOL_ERROR,
        of=1)
refuses("http2/8.1.2.1/2", lambda c: c.headers(1, [(":status", "200"), *c.fields()]),
        PROTOCOL_ERROR, of=1)
refuses("http2/8.1.2.1/3", lambda c: post(c) + data(1, end=False) +
        c.headers(1, [(":method", "200")]), PROTOCOL_ERROR, of=1)
refuses("http2/8.1.2.1/4", lambda c: c.headers(1, [("x-test", "ok"), *c.fields()]), PROTOCOL_ERROR,
        of=1)
refuses("http2/8.1.2.2/1", lambda c: headers_with(c, ("connection", "keep-alive")), PROTOCOL_ERROR,
        of=1)
refuses("http2/8.1.2.2/2", lambda c: headers_with(c, ("te", "trailers, deflate")), PROTOCOL_ERROR,
        of=1)
refuses("http2/8.1.2.3/1", lambda c: c.headers(1, c.fields("GET", "")), PROTOCOL_ERROR, of=1)


def left_out(name):
    return lambda c: c.headers(1, [f for f in c.fields() if f[0] != name])


def doubled(name):
    return lambda c: c.headers(1, [f for f in c.fields() if f[0] == name] + c.fields())


refuses("http2/8.1.2.3/2", left_out(":method"), PROTOCOL_ERROR, of=1)
refuses("http2/8.1.2.3/3", left_out(":scheme"), PROTOCOL_ERROR, of=1)
refuses("http2/8.1.2.3/4", left_out(":path"), PROTOCOL_ERROR, of=1)
refuses("http2/8.1.2.3/5", doubled(":method"), PROTOCOL_ERROR, of=1)
refuses("http2/8.1.2.3/6", doubled(":scheme"), PROTOCOL_ERROR, of=1)
refuses("http2/8.1.2.3/7", doubled(":path"), PROTOCOL_ERROR, of=1)
refuses("http2/8.1.2.6/1", lambda c: post(c, ("content-length", "1")) + data(1), PROTOCOL_ERROR,
        of=1)
refuses("http2/8.1.2.6/2", lambda c: post(c, ("content-length", "1")) + data(1, end=False) +
        data(1), PROTOCOL_ERROR, of=1)
refuses("http2/8.2/1", lambda c: frame(PUSH_PROMISE, END_HEADERS, 1, struct.pack(">I", 2) +
                                       block(c.fields())), PROTOCOL_ERROR)

# How many h2spec 2.6 has of each.
COUNTS = {"generic": 44, "hpack": 8, "http2": 95}
