#include "dataplane/wire/h2_frames.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "dataplane/base/check.h"
#include "dataplane/base/small_pieces.h"
#include "dataplane/base/sparse_piece.h"

namespace sallyport {

namespace {

constexpr int32_t kLargestId = 0x7fffffff;
constexpr size_t kLarge = 16 * 1024;

// nghttp2 asks for some twenty small pieces for each stream and gives them back with it, and for
// one that its largest frame fits in, for all of a session. Null, which is malloc(), where a
// sanitizer wants to see each of them.
nghttp2_mem* memory_of_nghttp2() {
  static nghttp2_mem memory = {
      nullptr,
      [](size_t size, void*) { return SmallPieces::allocate(size); },
      [](void* pointer, void*) { SmallPieces::release(pointer); },
      [](size_t count, size_t size, void*) { return SmallPieces::allocate_zeroed(count, size); },
      [](void* pointer, size_t size, void*) {
        bool large = !pointer && size >= kLarge;
        return large ? allocate_sparse(size) : SmallPieces::resize(pointer, size);
      },
  };
  return SmallPieces::kWatched ? nullptr : &memory;
}

H2FrameStream* stream_of(nghttp2_session* session, int32_t id) {
  return static_cast<H2FrameStream*>(nghttp2_session_get_stream_user_data(session, id));
}

class FieldArray {
 public:
  explicit FieldArray(std::span<const H2Field> fields) {
    CHECK(fields.size() <= H2FieldArray::kMost);
    for (const H2Field& field : fields) {
      // What is new in each message would only push out of the table what is not.
      bool passing = field.name == "x-request-id";
      all_[size_++] = {bytes_of(field.name), bytes_of(field.value), field.name.size(),
                       field.value.size(),
                       passing ? uint8_t{NGHTTP2_NV_FLAG_NO_INDEX} : uint8_t{NGHTTP2_NV_FLAG_NONE}};
    }
  }
  const nghttp2_nv* data() const { return all_.data(); }
  size_t size() const { return size_; }

 private:
  // nghttp2 copies them before its call returns.
  static uint8_t* bytes_of(std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  }
  std::array<nghttp2_nv, H2FieldArray::kMost> all_;
  size_t size_ = 0;
};

std::string_view view_of(nghttp2_rcbuf* buffer) {
  nghttp2_vec v = nghttp2_rcbuf_get_buf(buffer);
  return {reinterpret_cast<const char*>(v.base), v.len};
}

bool is_peers_fault(uint32_t code) {
  switch (static_cast<H2Error>(code)) {
    case H2Error::Protocol:
    case H2Error::FlowControl:
    case H2Error::StreamClosed:
    case H2Error::FrameSize:
    case H2Error::Compression:
    case H2Error::EnhanceYourCalm: return true;
    default: return false;
  }
}

}  // namespace

const char* name(H2Error error) {
  static constexpr const char* kNames[] = {
      "NO_ERROR",        "PROTOCOL_ERROR",    "INTERNAL_ERROR", "FLOW_CONTROL_ERROR",
      "SETTINGS_TIMEOUT", "STREAM_CLOSED",    "FRAME_SIZE_ERROR", "REFUSED_STREAM",
      "CANCEL",          "COMPRESSION_ERROR", "CONNECT_ERROR",  "ENHANCE_YOUR_CALM",
      "INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"};
  auto index = static_cast<size_t>(error);
  return index < std::size(kNames) ? kNames[index] : "UNKNOWN";
}

struct H2Frames::Callbacks {
  static H2Frames& of(void* self) { return *static_cast<H2Frames*>(self); }

  static bool is_block(const nghttp2_frame_hd& header) {
    return header.type == NGHTTP2_HEADERS || header.type == NGHTTP2_PUSH_PROMISE;
  }

  static int on_begin_headers(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
    H2Frames& frames = of(self);
    frames.events_.on_block_begin();
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) return 0;
    ++frames.streams_;
    H2FrameStream* stream = frames.events_.on_stream(frame->hd.stream_id);
    if (!stream) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream);
    frames.last_id_ = frame->hd.stream_id;
    return 0;
  }

  static int on_header(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                       nghttp2_rcbuf* value, uint8_t, void* self) {
    H2FrameStream* stream = stream_of(session, frame->hd.stream_id);
    if (stream) stream->on_field(view_of(name), view_of(value));
    return of(self).deaf_ ? NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE : 0;
  }

  static int on_frame_recv(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
    H2FrameEvents& events = of(self).events_;
    const nghttp2_frame_hd& header = frame->hd;
    bool end = header.flags & NGHTTP2_FLAG_END_STREAM;
    H2FrameStream* stream = header.stream_id ? stream_of(session, header.stream_id) : nullptr;
    switch (header.type) {
      case NGHTTP2_HEADERS:
        events.on_block_end();
        if (stream) stream->on_fields_end(end);
        break;
      case NGHTTP2_DATA:
        if (stream && end) stream->on_end();
        break;
      case NGHTTP2_GOAWAY:
        events.on_goaway(frame->goaway.last_stream_id, H2Error{frame->goaway.error_code});
        break;
      case NGHTTP2_PING:
        if (header.flags & NGHTTP2_FLAG_ACK) events.on_pong();
        break;
      case NGHTTP2_SETTINGS:
        if (!(header.flags & NGHTTP2_FLAG_ACK)) events.on_settings();
        break;
      default: break;
    }
    return 0;
  }

  static int on_invalid_frame(nghttp2_session* session, const nghttp2_frame* frame, int,
                              void* self) {
    if (is_block(frame->hd)) of(self).events_.on_block_end();
    int32_t id = frame->hd.stream_id;
    if (H2FrameStream* stream = id ? stream_of(session, id) : nullptr) stream->on_fault();
    return 0;
  }

  static int on_data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* data,
                     size_t size, void*) {
    H2FrameStream* stream = stream_of(session, id);
    // The connection's window is for all of them: a stream that is not read keeps nobody waiting.
    nghttp2_session_consume_connection(session, size);
    if (stream) {
      stream->on_data({data, size});
    } else {
      nghttp2_session_consume_stream(session, id, size);
    }
    return 0;
  }

  static int on_close(nghttp2_session* session, int32_t id, uint32_t code, void* self) {
    H2FrameStream* stream = stream_of(session, id);
    H2Frames& frames = of(self);
    if (frames.streams_ > 0) --frames.streams_;  // a client's are its own
    std::replace(frames.wide_.begin(), frames.wide_.end(), id, 0);
    frames.closed_[frames.closed_count_++ % kRemembered] = {id, frames.reset_id_ == id};
    if (stream) stream->on_closed(H2Error{code});
    return 0;
  }

  static int on_sent(nghttp2_session* session, const nghttp2_frame* frame, void* self) {
    const nghttp2_frame_hd& header = frame->hd;
    if (header.type == NGHTTP2_RST_STREAM && is_peers_fault(frame->rst_stream.error_code)) {
      of(self).events_.on_fault();
    }
    if (header.type == NGHTTP2_GOAWAY && frame->goaway.error_code != NGHTTP2_NO_ERROR) {
      of(self).error_ = H2Error{frame->goaway.error_code};
    }
    bool carries_end = header.type == NGHTTP2_HEADERS || header.type == NGHTTP2_DATA;
    if (carries_end && (header.flags & NGHTTP2_FLAG_END_STREAM)) {
      if (H2FrameStream* stream = stream_of(session, header.stream_id)) stream->on_end_sent();
    }
    return 0;
  }

  static int on_before_send(nghttp2_session*, const nghttp2_frame* frame, void* self) {
    of(self).reset_id_ = frame->hd.type == NGHTTP2_RST_STREAM ? frame->hd.stream_id : 0;
    return 0;
  }

  static ssize_t most_data(nghttp2_session*, uint8_t, int32_t, int32_t connection_window,
                           int32_t stream_window, uint32_t frame_most, void*) {
    auto most = static_cast<size_t>(std::min(connection_window, stream_window));
    return static_cast<ssize_t>(std::min({most, size_t{frame_most}, kDataMost}));
  }

  static ssize_t read_data(nghttp2_session* session, int32_t id, uint8_t*, size_t most,
                           uint32_t* flags, nghttp2_data_source* source, void* self) {
    if (of(self).full_) return NGHTTP2_ERR_PAUSE;
    auto& stream = *static_cast<H2FrameStream*>(source->ptr);
    H2FrameStream::Supply supply = stream.supply(most);
    if (supply.size == 0 && !supply.end) return NGHTTP2_ERR_DEFERRED;
    if (supply.end) *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (supply.end && supply.trailers) {
      *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
      FieldArray fields(stream.closing_fields());
      nghttp2_submit_trailer(session, id, fields.data(), fields.size());
    }
    if (supply.size > 0) *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    return static_cast<ssize_t>(supply.size);
  }

  static int send_data(nghttp2_session*, nghttp2_frame* frame, const uint8_t* header, size_t size,
                       nghttp2_data_source* source, void* self) {
    H2Frames& frames = of(self);
    if (frames.room_.size() - frames.written_ < size + 9) {
      frames.full_ = true;
      return NGHTTP2_ERR_WOULDBLOCK;
    }
    DCHECK(frame->data.padlen == 0);
    uint8_t* at = frames.room_.data() + frames.written_;
    std::memcpy(at, header, 9);
    static_cast<H2FrameStream*>(source->ptr)->take({at + 9, size});
    frames.written_ += size + 9;
    frames.events_.on_data_sent(size, frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    return 0;
  }

  static nghttp2_session_callbacks* all() {
    static nghttp2_session_callbacks* callbacks = [] {
      nghttp2_session_callbacks* made = nullptr;
      CHECK(nghttp2_session_callbacks_new(&made) == 0);
      nghttp2_session_callbacks_set_on_begin_headers_callback(made, on_begin_headers);
      nghttp2_session_callbacks_set_on_header_callback2(made, on_header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(made, on_frame_recv);
      nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(made, on_invalid_frame);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(made, on_data);
      nghttp2_session_callbacks_set_on_stream_close_callback(made, on_close);
      nghttp2_session_callbacks_set_on_frame_send_callback(made, on_sent);
      nghttp2_session_callbacks_set_before_frame_send_callback(made, on_before_send);
      nghttp2_session_callbacks_set_data_source_read_length_callback(made, most_data);
      nghttp2_session_callbacks_set_send_data_callback(made, send_data);
      return made;
    }();
    return callbacks;
  }

  static nghttp2_option* options() {
    static nghttp2_option* option = [] {
      nghttp2_option* made = nullptr;
      CHECK(nghttp2_option_new(&made) == 0);
      nghttp2_option_set_no_auto_window_update(made, 1);
      // What is closed is forgotten: nobody asks for its priority.
      nghttp2_option_set_no_closed_streams(made, 1);
      nghttp2_option_set_builtin_recv_extension_type(made, NGHTTP2_PRIORITY_UPDATE);
      return made;
    }();
    return option;
  }
};

H2Frames::H2Frames(Role role, const H2FrameSettings& settings, H2FrameEvents& events)
    : events_(events), streams_most_(settings.streams) {
  bool server = role == Role::Server;
  auto* make = server ? nghttp2_session_server_new3 : nghttp2_session_client_new3;
  CHECK(make(&session_, Callbacks::all(), this, Callbacks::options(), memory_of_nghttp2()) == 0);
  if (server) left_ = kH2Preface.size();
  std::array<nghttp2_settings_entry, 6> entries{};
  size_t size = 0;
  auto say = [&](int32_t id, uint32_t value) { entries[size++] = {id, value}; };
  if (server) {
    say(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.streams);
    say(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.header_list);
    say(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1);
    if (settings.connect_protocol) say(NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1);
  } else {
    say(NGHTTP2_SETTINGS_ENABLE_PUSH, 0);
    say(NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0);
    say(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, settings.header_list);
  }
  say(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, settings.stream_window);
  CHECK(nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(), size) == 0);
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(settings.connection_window));
}

H2Frames::~H2Frames() { nghttp2_session_del(session_); }

// The header of each frame passes here before nghttp2 sees it, which has no callback for those that
// it passes over.
void H2Frames::look(const uint8_t* header) {
  using Kind = H2FrameEvents::Kind;
  size_t size = size_t{header[0]} << 16 | size_t{header[1]} << 8 | header[2];
  uint8_t type = header[3], flags = header[4];
  auto id = static_cast<int32_t>((uint32_t{header[5]} & 0x7f) << 24 | uint32_t{header[6]} << 16 |
                                 uint32_t{header[7]} << 8 | header[8]);
  bool open = id != 0 && nghttp2_session_find_stream(session_, id);
  Kind kind = Kind::Control;
  if (type == NGHTTP2_HEADERS) {
    kind = !open && id > last_id_ && streams_ >= streams_most_ ? Kind::Excess : Kind::Work;
  }
  if (type == NGHTTP2_DATA && open && (size > 0 || (flags & NGHTTP2_FLAG_END_STREAM))) {
    kind = Kind::Work;
  }
  if (type == NGHTTP2_RST_STREAM && open) kind = Kind::Reset;
  if (!open) on_frame_of_no_stream(type, id);
  events_.on_frame(kind);
  left_ = size;
}

// nghttp2 remembers no closed streams: RFC 9113 section 5.1 has their frames end the connection,
// unless it was us who reset the stream, and the peer did not know yet.
void H2Frames::on_frame_of_no_stream(uint8_t type, int32_t id) {
  if (type == NGHTTP2_PRIORITY && id == 0) return terminate(H2Error::Protocol);
  if (type != NGHTTP2_HEADERS && type != NGHTTP2_DATA) return;
  bool of_peer = id % 2 == 1 && id <= last_id_;
  if (!of_peer) return;  // new, or idle, which nghttp2 knows
  int32_t oldest = closed_count_ > kRemembered ? kLargestId : 0;
  for (size_t i = 0; i < std::min(closed_count_, kRemembered); ++i) {
    if (closed_[i].id == id) {
      if (!closed_[i].by_us) terminate(H2Error::StreamClosed);
      return;
    }
    oldest = std::min(oldest, closed_[i].id);
  }
  if (id >= oldest) terminate(H2Error::Protocol);  // it has never been
}

bool H2Frames::receive(Bytes bytes) {
  while (!failed_ && !deaf_ && !bytes.empty()) {
    size_t size = std::min(left_, bytes.size());
    if (left_ == 0) {
      size = std::min(sizeof header_ - header_size_, bytes.size());
      std::memcpy(header_ + header_size_, bytes.data(), size);
      header_size_ += size;
      if (header_size_ == sizeof header_) {
        header_size_ = 0;
        look(header_);
        size_t payload = std::min(left_, bytes.size() - size);
        left_ -= payload;
        size += payload;
      }
    } else {
      left_ -= size;
    }
    feed(bytes.first(size));
    bytes = bytes.subspan(size);
  }
  return !failed_ && !deaf_;
}

void H2Frames::feed(Bytes bytes) {
  ssize_t used = nghttp2_session_mem_recv(session_, bytes.data(), bytes.size());
  if (used >= 0) return;
  failed_ = true;
  if (error_ == H2Error::None) {
    error_ = used == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? H2Error::Protocol : H2Error::EnhanceYourCalm;
  }
}

size_t H2Frames::produce(MutableBytes room) {
  room_ = room;
  written_ = 0;
  full_ = false;
  while (!failed_ && !full_ && room_.size() - written_ >= kFrameMost) {
    const uint8_t* data = nullptr;
    ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size < 0) {
      failed_ = true;
      if (error_ == H2Error::None) error_ = H2Error::Internal;
    }
    if (size <= 0) break;
    CHECK(static_cast<size_t>(size) <= room_.size() - written_);
    std::memcpy(room_.data() + written_, data, static_cast<size_t>(size));
    written_ += static_cast<size_t>(size);
  }
  if (failed_ && !told_ && room_.size() - written_ >= 17) {
    told_ = true;
    auto code = static_cast<uint8_t>(error_);
    auto last = static_cast<uint32_t>(nghttp2_session_get_last_proc_stream_id(session_));
    uint8_t goaway[17] = {0, 0, 8, NGHTTP2_GOAWAY, 0, 0, 0, 0, 0};
    for (size_t i = 0; i < 4; ++i) goaway[9 + i] = static_cast<uint8_t>(last >> (24 - 8 * i));
    goaway[16] = code;
    std::memcpy(room_.data() + written_, goaway, sizeof goaway);
    written_ += sizeof goaway;
  }
  room_ = {};
  return written_;
}

bool H2Frames::wants_read() const {
  return !failed_ && !deaf_ && nghttp2_session_want_read(session_);
}

bool H2Frames::wants_write() const {
  return failed_ ? !told_ : nghttp2_session_want_write(session_) != 0;
}
size_t H2Frames::queued() const { return nghttp2_session_get_outbound_queue_size(session_); }

bool H2Frames::send_interim(int32_t id, std::span<const H2Field> fields) {
  FieldArray all(fields);
  return nghttp2_submit_headers(session_, NGHTTP2_FLAG_NONE, id, nullptr, all.data(), all.size(),
                                nullptr) >= 0;
}

bool H2Frames::send_response(int32_t id, std::span<const H2Field> fields, H2FrameStream& stream,
                             bool body) {
  FieldArray all(fields);
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = Callbacks::read_data;
  return nghttp2_submit_response(session_, id, all.data(), all.size(),
                                 body ? &provider : nullptr) >= 0;
}

int32_t H2Frames::send_request(std::span<const H2Field> fields, H2FrameStream& stream, bool body) {
  FieldArray all(fields);
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = Callbacks::read_data;
  return nghttp2_submit_request(session_, nullptr, all.data(), all.size(),
                                body ? &provider : nullptr, &stream);
}

void H2Frames::resume(int32_t id) { nghttp2_session_resume_data(session_, id); }

void H2Frames::consumed(int32_t id, size_t size) {
  nghttp2_session_consume_stream(session_, id, size);
}

void H2Frames::widen(int32_t id) {
  auto is = [&](int32_t other) { return std::find(wide_.begin(), wide_.end(), other); };
  auto place = is(0);
  if (place == wide_.end() || is(id) != wide_.end()) return;
  if (!nghttp2_session_find_stream(session_, id)) return;
  *place = id;
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, id, kWideWindow);
}

void H2Frames::return_window() {
  int32_t size = nghttp2_session_get_effective_recv_data_length(session_);
  if (size > 0) nghttp2_submit_window_update(session_, NGHTTP2_FLAG_NONE, 0, size);
}

void H2Frames::reset(int32_t id, H2Error error) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, id, static_cast<uint32_t>(error));
}

void H2Frames::begin_shutdown() {
  nghttp2_submit_shutdown_notice(session_);
  ping();
}

void H2Frames::finish_shutdown() {
  nghttp2_submit_goaway(session_, NGHTTP2_FLAG_NONE,
                        nghttp2_session_get_last_proc_stream_id(session_), NGHTTP2_NO_ERROR,
                        nullptr, 0);
}

void H2Frames::terminate(H2Error error) {
  deaf_ = deaf_ || error != H2Error::None;
  nghttp2_session_terminate_session(session_, static_cast<uint32_t>(error));
}

void H2Frames::ping() { nghttp2_submit_ping(session_, NGHTTP2_FLAG_NONE, nullptr); }

uint32_t H2Frames::peer_streams() const {
  return nghttp2_session_get_remote_settings(session_, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
}

bool H2Frames::takes_requests() const {
  return !failed_ && nghttp2_session_check_request_allowed(session_) != 0;
}

bool H2Frames::peer_allows_connect_protocol() const {
  return nghttp2_session_get_remote_settings(session_,
                                             NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL) == 1;
}

}  // namespace sallyport
