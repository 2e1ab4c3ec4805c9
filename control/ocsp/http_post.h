// One POST of a few bytes to a URL, as part of many at once.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>

#include "dataplane/base/clock.h"

namespace sallyport {

template <auto Free>
struct CurlFree {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using CurlEasyPtr = std::unique_ptr<CURL, CurlFree<curl_easy_cleanup>>;
using CurlMultiPtr = std::unique_ptr<CURLM, CurlFree<curl_multi_cleanup>>;
using CurlListPtr = std::unique_ptr<curl_slist, CurlFree<curl_slist_free_all>>;

struct PostRequest {
  std::string url;  // http or https; redirects are not followed
  std::string type, accept;
  std::string body;
  Millis deadline{};
  size_t most = 0;  // bytes of the answer; a longer one is an error
};

/// Not movable: libcurl points at it. Thread: that of the multi handle.
class HttpPost {
 public:
  HttpPost(PostRequest request, void* owner);
  HttpPost(const HttpPost&) = delete;
  HttpPost& operator=(const HttpPost&) = delete;

  /// To be given to a multi handle, and taken off it before this goes.
  CURL* handle() const { return easy_.get(); }
  /// The `owner` of a handle.
  static void* owner(CURL* handle);

  /// What went wrong, by what the multi handle says of it; empty: body() is the answer.
  std::string fault(CURLcode code) const;
  const std::string& body() const { return body_; }

 private:
  static size_t take(char* bytes, size_t size, size_t count, void* self);

  PostRequest request_;
  CurlListPtr fields_;
  CurlEasyPtr easy_;
  std::string body_;
};

}  // namespace sallyport
